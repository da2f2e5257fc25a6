// Made of `packed.in.rs`: see `src/golden.rs`.

#[doc = "`Health` as it is stored: its fields one after the other without gaps, little-endian, alignment 1."]
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
#[repr(C)]
pub struct HealthRow {
    #[doc = "Points."]
    pub hp: <u32 as ::ecsdb::__private::Field>::Packed,
    #[doc = "Field `name`."]
    name: <String as ::ecsdb::__private::Field>::Packed,
    __ecsdb_heap: ::ecsdb::__private::Place<
        {
            ::ecsdb::__private::place_bytes(&[
                <u32 as ::ecsdb::__private::Field>::USES_HEAP,
                <String as ::ecsdb::__private::Field>::USES_HEAP,
            ])
        },
    >,
}
#[doc = "A `Health` in its table, read without copying its row: one method for each field."]
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
pub struct HealthRef<'__row> {
    packed: &'__row HealthRow,
    heap: ::ecsdb::__private::Heap<'__row>,
}
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
        [__ecsdb::offset_of!(HealthRow, hp) as __ecsdb::u32, __ecsdb::offset_of!(HealthRow, name) as __ecsdb::u32];
    const _: () = {
        use __ecsdb::stop as __ecsdb_stop;
        __ecsdb_stop(__ecsdb::drop_glue(
            __ecsdb::needs_drop::<Health>(),
            &[__ecsdb::needs_drop::<u32>(), __ecsdb::needs_drop::<String>()],
        ));
        __ecsdb_stop(__ecsdb::packed_layout(
            &__OFFSETS,
            &[
                __ecsdb::size_of::<<u32 as __ecsdb::Field>::Packed>(),
                __ecsdb::size_of::<<String as __ecsdb::Field>::Packed>(),
            ],
            __ecsdb::offset_of!(HealthRow, __ecsdb_heap),
            __ecsdb::size_of::<HealthRow>(),
            __ecsdb::align_of::<HealthRow>(),
        ));
    };
    #[doc = "The columns of `Health`."]
    pub struct HealthColumns {
        #[doc = "Points."]
        pub hp: __ecsdb::Column<Health, u32>,
        #[doc = "Column `name`."]
        name: __ecsdb::Column<Health, String>,
    }
    impl Health {
        #[doc = "The columns of `Health`: `hp`, `name`."]
        pub const C: HealthColumns = {
            let mut __numbers = __ecsdb::ColumnNumbers::of_table();
            HealthColumns {
                hp: __ecsdb::Column::new(
                    __ecsdb::ColumnNumbers::next(&mut __numbers, <u32 as __ecsdb::Field>::COLUMNS),
                    __OFFSETS[0usize],
                ),
                name: __ecsdb::Column::new(
                    __ecsdb::ColumnNumbers::next(&mut __numbers, <String as __ecsdb::Field>::COLUMNS),
                    __OFFSETS[1usize],
                ),
            }
        };
    }
    const __PLACE_BYTES: __ecsdb::usize =
        __ecsdb::place_bytes(&[<u32 as __ecsdb::Field>::USES_HEAP, <String as __ecsdb::Field>::USES_HEAP]);
    unsafe impl __ecsdb::Row for HealthRow {
        const HAS_HEAP: __ecsdb::bool = __PLACE_BYTES != 0;
    }
    unsafe impl __ecsdb::Send for HealthRow {}
    unsafe impl __ecsdb::Sync for HealthRow {}
    #[automatically_derived]
    impl __ecsdb::Clone for HealthRow {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    impl __ecsdb::Copy for HealthRow {}
    #[automatically_derived]
    impl __ecsdb::PartialEq for HealthRow
    where
        for<'__any> __ecsdb::Place<__PLACE_BYTES>: __ecsdb::WithoutHeap<'__any>,
    {
        #[inline]
        fn eq(&self, __other: &Self) -> __ecsdb::bool {
            true && self.hp == __other.hp && self.name == __other.name
        }
    }
    impl<'__row> HealthRef<'__row> {
        #[doc = "Points."]
        #[inline]
        pub fn hp(self) -> <u32 as __ecsdb::Field>::View<'__row> {
            <u32 as __ecsdb::Field>::view(&self.packed.hp, self.heap)
        }
        #[doc = "Field `name`."]
        #[inline]
        fn name(self) -> <String as __ecsdb::Field>::View<'__row> {
            <String as __ecsdb::Field>::view(&self.packed.name, self.heap)
        }
        #[doc = r" The whole value, copied out of its row."]
        #[inline]
        pub fn to_owned(self) -> Health {
            <Health as __ecsdb::Component>::from_row(self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::Clone for HealthRef<'__row> {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    impl<'__row> __ecsdb::Copy for HealthRef<'__row> {}
    #[automatically_derived]
    impl<'__row> __ecsdb::PartialEq for HealthRef<'__row> {
        #[inline]
        fn eq(&self, __other: &Self) -> __ecsdb::bool {
            true && <u32 as __ecsdb::Field>::same((&self.packed.hp, self.heap), (&__other.packed.hp, __other.heap))
                && <String as __ecsdb::Field>::same(
                    (&self.packed.name, self.heap),
                    (&__other.packed.name, __other.heap),
                )
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::From<HealthRef<'__row>> for Health {
        #[inline]
        fn from(__view: HealthRef<'__row>) -> Self {
            <Health as __ecsdb::Component>::from_row(__view.packed, __view.heap)
        }
    }
    #[automatically_derived]
    impl __ecsdb::Debug for HealthRow {
        fn fmt(&self, __f: &mut __ecsdb::Formatter<'_>) -> __ecsdb::FmtResult {
            __ecsdb::show_row::<Health>(__f, "HealthRow", &["hp", "name"], self)
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::Debug for HealthRef<'__row> {
        fn fmt(&self, __f: &mut __ecsdb::Formatter<'_>) -> __ecsdb::FmtResult {
            __ecsdb::show_view::<Health>(__f, "Health", &["hp", "name"], self.packed, self.heap)
        }
    }
    impl<__S: __ecsdb::Schema> __ecsdb::Bundle<__S> for Health
    where
        Health: __ecsdb::TableOf<__S>,
    {
        type How = __ecsdb::Single;
    }
    impl<__S: __ecsdb::Schema> __ecsdb::QueryParam<__S> for HealthRef<'_>
    where
        Health: __ecsdb::TableOf<__S>,
    {
        type Fetch = __ecsdb::RowOf<Health>;
    }
    impl<__S: __ecsdb::Schema> __ecsdb::RowParam<__S> for HealthRef<'_>
    where
        Health: __ecsdb::TableOf<__S>,
    {
        type Component = Health;
    }
    #[automatically_derived]
    unsafe impl __ecsdb::Component for Health {
        type Row = HealthRow;
        type Ref<'__row> = HealthRef<'__row>;
        const TABLE: &'static __ecsdb::str = "health";
        const SCHEMA: &'static __ecsdb::TableSchema = &__ecsdb::TableSchema {
            name: __ecsdb::Cow::Borrowed("health"),
            doc: __ecsdb::Cow::Borrowed("How much is left."),
            renamed_from: __ecsdb::Cow::Borrowed(""),
            version: 2u32,
            deprecated: __ecsdb::None,
            layout: __ecsdb::RowLayout::Packed,
            size: __ecsdb::size_of::<HealthRow>() as __ecsdb::u32,
            align: 1,
            key: __ecsdb::None,
            durability: __ecsdb::Durability::Wal,
            fields: __ecsdb::Cow::Borrowed(&[
                __ecsdb::evolved_field(
                    "hp",
                    "Points.",
                    <u32 as __ecsdb::Field>::TYPE,
                    __OFFSETS[0usize],
                    "",
                    __ecsdb::Some(__ecsdb::DefaultValue::Made(|| {
                        let __value: u32 = 7;
                        __ecsdb::Encoded::of::<u32>(__value)
                    })),
                    0u32,
                    __ecsdb::None,
                ),
                __ecsdb::field("name", "", <String as __ecsdb::Field>::TYPE, __OFFSETS[1usize]),
            ]),
            indexes: __ecsdb::Cow::Borrowed(&[]),
        };
        #[inline]
        fn into_row(self, __heap: &mut __ecsdb::HeapBuf) -> HealthRow {
            HealthRow {
                hp: <u32 as __ecsdb::Field>::pack(self.hp, __heap),
                name: <String as __ecsdb::Field>::pack(self.name, __heap),
                __ecsdb_heap: __ecsdb::Place::of(__heap),
            }
        }
        #[inline]
        fn from_row(__packed: &HealthRow, __heap: __ecsdb::Heap<'_>) -> Self {
            Health {
                hp: <u32 as __ecsdb::Field>::unpack(&__packed.hp, __heap),
                name: <String as __ecsdb::Field>::unpack(&__packed.name, __heap),
            }
        }
        #[inline]
        fn view<'__row>(__packed: &'__row HealthRow, __heap: __ecsdb::Heap<'__row>) -> HealthRef<'__row> {
            HealthRef { packed: __packed, heap: __heap }
        }
    }
};
