// Made of `native.in.rs`: see `src/golden.rs`.

#[allow(
    dead_code,
    deprecated,
    non_camel_case_types,
    non_snake_case,
    private_interfaces,
    single_use_lifetimes,
    unreachable_pub,
    unused_qualifications
)]
const _: () = {
    const _: () = {
        use ::ecsdb::__private::stop as __ecsdb_stop;
        __ecsdb_stop(::ecsdb::__private::drop_glue(::ecsdb::__private::core::mem::needs_drop::<Pos>(), &[]));
        let mut __layout = ::ecsdb::__private::NativeLayout::new();
        __ecsdb_stop(::ecsdb::__private::NativeLayout::field(
            &mut __layout,
            "x",
            ::ecsdb::__private::core::mem::offset_of!(Pos, x),
            ::ecsdb::__private::core::mem::size_of::<f32>(),
            <f32 as ::ecsdb::NativeField>::ALIGN,
        ));
        __ecsdb_stop(::ecsdb::__private::NativeLayout::field(
            &mut __layout,
            "y",
            ::ecsdb::__private::core::mem::offset_of!(Pos, y),
            ::ecsdb::__private::core::mem::size_of::<f32>(),
            <f32 as ::ecsdb::NativeField>::ALIGN,
        ));
        __ecsdb_stop(::ecsdb::__private::NativeLayout::finish(
            &__layout,
            2usize,
            ::ecsdb::__private::core::mem::size_of::<Pos>(),
            ::ecsdb::__private::core::mem::align_of::<Pos>(),
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
        pub x: ::ecsdb::Column<Pos, f32>,
        #[doc = "Column `y`."]
        y: ::ecsdb::Column<Pos, f32>,
    }
    impl Pos {
        #[doc = "The columns of `Pos`: `x`, `y`."]
        pub const C: PosColumns = {
            let mut __numbers = ::ecsdb::__private::ColumnNumbers::of_table();
            PosColumns {
                x: ::ecsdb::Column::new(
                    ::ecsdb::__private::ColumnNumbers::next(&mut __numbers, <f32 as ::ecsdb::Field>::COLUMNS),
                    ::ecsdb::__private::core::mem::offset_of!(Pos, x) as ::ecsdb::__private::core::primitive::u32,
                ),
                y: ::ecsdb::Column::new(
                    ::ecsdb::__private::ColumnNumbers::next(&mut __numbers, <f32 as ::ecsdb::Field>::COLUMNS),
                    ::ecsdb::__private::core::mem::offset_of!(Pos, y) as ::ecsdb::__private::core::primitive::u32,
                ),
            }
        };
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::Row for Pos {}
    #[automatically_derived]
    unsafe impl ::ecsdb::Component for Pos {
        type Row = Self;
        type Ref<'__row> = &'__row Self;
        const TABLE: &'static ::ecsdb::__private::core::primitive::str = "pos";
        const SCHEMA: &'static ::ecsdb::schema::TableSchema = &::ecsdb::schema::TableSchema {
            name: ::ecsdb::__private::Cow::Borrowed("pos"),
            doc: ::ecsdb::__private::Cow::Borrowed(""),
            renamed_from: ::ecsdb::__private::Cow::Borrowed(""),
            version: 0u32,
            deprecated: ::ecsdb::__private::core::option::Option::None,
            layout: ::ecsdb::schema::RowLayout::Native,
            size: ::ecsdb::__private::core::mem::size_of::<Pos>() as ::ecsdb::__private::core::primitive::u32,
            align: ::ecsdb::__private::strictest(&[
                <f32 as ::ecsdb::NativeField>::ALIGN,
                <f32 as ::ecsdb::NativeField>::ALIGN,
            ]),
            key: ::ecsdb::__private::core::option::Option::None,
            durability: ::ecsdb::schema::Durability::Wal,
            fields: ::ecsdb::__private::Cow::Borrowed(
                const {
                    &[
                        ::ecsdb::__private::field(
                            "x",
                            "",
                            <f32 as ::ecsdb::Field>::TYPE,
                            ::ecsdb::__private::core::mem::offset_of!(Pos, x),
                        ),
                        ::ecsdb::__private::field(
                            "y",
                            "",
                            <f32 as ::ecsdb::Field>::TYPE,
                            ::ecsdb::__private::core::mem::offset_of!(Pos, y),
                        ),
                    ]
                },
            ),
        };
        #[inline]
        fn into_row(self, _: &mut ::ecsdb::__private::HeapBuf) -> Self {
            self
        }
        #[inline]
        fn from_row(__row: &Self, _: ::ecsdb::__private::Heap<'_>) -> Self {
            ::ecsdb::__private::duplicate(__row)
        }
        #[inline]
        fn view<'__row>(__row: &'__row Self, _: ::ecsdb::__private::Heap<'__row>) -> &'__row Self {
            __row
        }
        #[inline]
        unsafe fn with_mut<__R>(
            __row: &mut Self,
            _: &mut ::ecsdb::__private::HeapBuf,
            __change: impl ::ecsdb::__private::core::ops::FnOnce(&mut Self) -> __R,
        ) -> __R {
            __change(__row)
        }
    }
};
