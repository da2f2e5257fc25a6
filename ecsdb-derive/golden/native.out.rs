// Made of `native.in.rs`: see `src/golden.rs`.

#[allow(
    dead_code,
    deprecated,
    non_camel_case_types,
    non_snake_case,
    private_interfaces,
    single_use_lifetimes,
    unreachable_pub,
    unused_parens,
    unused_qualifications
)]
const _: () = {
    use ::ecsdb::__private as __ecsdb;
    const __OFFSETS: [__ecsdb::u32; 2usize] =
        [__ecsdb::offset_of!(Pos, x) as __ecsdb::u32, __ecsdb::offset_of!(Pos, y) as __ecsdb::u32];
    const _: () = {
        use __ecsdb::stop as __ecsdb_stop;
        __ecsdb_stop(__ecsdb::drop_glue(__ecsdb::needs_drop::<Pos>(), &[]));
        let mut __layout = __ecsdb::NativeLayout::new();
        __ecsdb_stop(__ecsdb::NativeLayout::field(
            &mut __layout,
            "x",
            __OFFSETS[0usize] as __ecsdb::usize,
            __ecsdb::size_of::<f32>(),
            <f32 as __ecsdb::NativeField>::ALIGN,
        ));
        __ecsdb_stop(__ecsdb::NativeLayout::field(
            &mut __layout,
            "y",
            __OFFSETS[1usize] as __ecsdb::usize,
            __ecsdb::size_of::<f32>(),
            <f32 as __ecsdb::NativeField>::ALIGN,
        ));
        __ecsdb_stop(__ecsdb::NativeLayout::finish(
            &__layout,
            2usize,
            __ecsdb::size_of::<Pos>(),
            __ecsdb::align_of::<Pos>(),
        ));
    };
    const _: fn(&Pos) = |__value| {
        let Pos { x: _, y: _ } = __value;
        let _: *const f32 = &raw const __value.x;
        let _: *const f32 = &raw const __value.y;
    };
    #[doc = "The columns of `Pos`."]
    pub struct PosColumns {
        #[doc = "Column `x`."]
        pub x: __ecsdb::Column<Pos, f32>,
        #[doc = "Column `y`."]
        y: __ecsdb::Column<Pos, f32>,
    }
    impl Pos {
        #[doc = "The columns of `Pos`: `x`, `y`."]
        pub const C: PosColumns = {
            let mut __numbers = __ecsdb::ColumnNumbers::of_table();
            PosColumns {
                x: __ecsdb::Column::new(
                    __ecsdb::ColumnNumbers::next(&mut __numbers, <f32 as __ecsdb::Field>::COLUMNS),
                    __OFFSETS[0usize],
                ),
                y: __ecsdb::Column::new(
                    __ecsdb::ColumnNumbers::next(&mut __numbers, <f32 as __ecsdb::Field>::COLUMNS),
                    __OFFSETS[1usize],
                ),
            }
        };
    }
    impl<__S: __ecsdb::Schema> __ecsdb::Bundle<__S> for Pos
    where
        Pos: __ecsdb::TableOf<__S>,
    {
        type How = __ecsdb::Single;
    }
    #[automatically_derived]
    unsafe impl __ecsdb::Row for Pos {}
    #[automatically_derived]
    unsafe impl __ecsdb::Component for Pos {
        type Row = Self;
        type Ref<'__row> = &'__row Self;
        const TABLE: &'static __ecsdb::str = "pos";
        const SCHEMA: &'static __ecsdb::TableSchema = &__ecsdb::TableSchema {
            name: __ecsdb::Cow::Borrowed("pos"),
            doc: __ecsdb::Cow::Borrowed(""),
            renamed_from: __ecsdb::Cow::Borrowed(""),
            version: 0u32,
            deprecated: __ecsdb::None,
            layout: __ecsdb::RowLayout::Native,
            size: __ecsdb::size_of::<Pos>() as __ecsdb::u32,
            align: __ecsdb::strictest(&[<f32 as __ecsdb::NativeField>::ALIGN, <f32 as __ecsdb::NativeField>::ALIGN]),
            key: __ecsdb::None,
            durability: __ecsdb::Durability::Wal,
            fields: __ecsdb::Cow::Borrowed(&[
                __ecsdb::field("x", "", <f32 as __ecsdb::Field>::TYPE, __OFFSETS[0usize]),
                __ecsdb::field("y", "", <f32 as __ecsdb::Field>::TYPE, __OFFSETS[1usize]),
            ]),
            indexes: __ecsdb::Cow::Borrowed(&[]),
        };
        #[inline]
        fn into_row(self, _: &mut __ecsdb::HeapBuf) -> Self {
            self
        }
        #[inline]
        fn from_row(__row: &Self, _: __ecsdb::Heap<'_>) -> Self {
            __ecsdb::duplicate(__row)
        }
        #[inline]
        fn view<'__row>(__row: &'__row Self, _: __ecsdb::Heap<'__row>) -> &'__row Self {
            __row
        }
        #[inline]
        unsafe fn with_mut<__R>(
            __row: &mut Self,
            _: &mut __ecsdb::HeapBuf,
            __change: impl __ecsdb::FnOnce(&mut Self) -> __R,
        ) -> __R {
            __change(__row)
        }
    }
};
