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
    unused_qualifications
)]
#[repr(C)]
pub struct HealthRow {
    #[doc = "Points."]
    pub hp: <u32 as ::ecsdb::Field>::Packed,
    #[doc = "Field `name`."]
    name: <String as ::ecsdb::Field>::Packed,
    __ecsdb_heap: ::ecsdb::__private::Place<
        {
            ::ecsdb::__private::place_bytes(&[
                const { &<u32 as ::ecsdb::Field>::TYPE },
                const { &<String as ::ecsdb::Field>::TYPE },
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
    unused_qualifications
)]
pub struct HealthRef<'__row> {
    packed: &'__row HealthRow,
    heap: ::ecsdb::packed::Heap<'__row>,
}
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
        __ecsdb_stop(::ecsdb::__private::drop_glue(
            ::ecsdb::__private::core::mem::needs_drop::<Health>(),
            &[
                ::ecsdb::__private::core::mem::needs_drop::<u32>(),
                ::ecsdb::__private::core::mem::needs_drop::<String>(),
            ],
        ));
        let mut __layout = ::ecsdb::__private::PackedLayout::new();
        ::ecsdb::__private::PackedLayout::field(
            &mut __layout,
            ::ecsdb::__private::core::mem::offset_of!(HealthRow, hp),
            ::ecsdb::__private::core::mem::size_of::<<u32 as ::ecsdb::Field>::Packed>(),
        );
        ::ecsdb::__private::PackedLayout::field(
            &mut __layout,
            ::ecsdb::__private::core::mem::offset_of!(HealthRow, name),
            ::ecsdb::__private::core::mem::size_of::<<String as ::ecsdb::Field>::Packed>(),
        );
        ::ecsdb::__private::PackedLayout::place(
            &mut __layout,
            ::ecsdb::__private::core::mem::offset_of!(HealthRow, __ecsdb_heap),
            ::ecsdb::__private::core::mem::size_of::<HealthRow>()
                - ::ecsdb::__private::core::mem::offset_of!(HealthRow, __ecsdb_heap),
        );
        __ecsdb_stop(::ecsdb::__private::PackedLayout::finish(
            &__layout,
            2usize,
            ::ecsdb::__private::core::mem::size_of::<HealthRow>(),
            ::ecsdb::__private::core::mem::align_of::<HealthRow>(),
        ));
    };
    #[doc = "The columns of `Health`."]
    pub struct HealthColumns {
        #[doc = "Points."]
        pub hp: ::ecsdb::Column<Health, u32>,
        #[doc = "Column `name`."]
        name: ::ecsdb::Column<Health, String>,
    }
    impl Health {
        #[doc = "The columns of `Health`: `hp`, `name`."]
        pub const C: HealthColumns = {
            let mut __numbers = ::ecsdb::__private::ColumnNumbers::of_table();
            HealthColumns {
                hp: ::ecsdb::Column::new(
                    ::ecsdb::__private::ColumnNumbers::next(&mut __numbers, <u32 as ::ecsdb::Field>::COLUMNS),
                    ::ecsdb::__private::core::mem::offset_of!(HealthRow, hp)
                        as ::ecsdb::__private::core::primitive::u32,
                ),
                name: ::ecsdb::Column::new(
                    ::ecsdb::__private::ColumnNumbers::next(&mut __numbers, <String as ::ecsdb::Field>::COLUMNS),
                    ::ecsdb::__private::core::mem::offset_of!(HealthRow, name)
                        as ::ecsdb::__private::core::primitive::u32,
                ),
            }
        };
    }
    const __PLACE_BYTES: ::ecsdb::__private::core::primitive::usize = ::ecsdb::__private::place_bytes(&[
        const { &<u32 as ::ecsdb::Field>::TYPE },
        const { &<String as ::ecsdb::Field>::TYPE },
    ]);
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::Row for HealthRow {
        const HAS_HEAP: ::ecsdb::__private::core::primitive::bool = __PLACE_BYTES != 0;
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::core::marker::Send for HealthRow {}
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::core::marker::Sync for HealthRow {}
    #[automatically_derived]
    impl ::ecsdb::__private::core::clone::Clone for HealthRow {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    #[automatically_derived]
    impl ::ecsdb::__private::core::marker::Copy for HealthRow {}
    #[automatically_derived]
    impl ::ecsdb::__private::core::cmp::PartialEq for HealthRow
    where
        for<'__any> ::ecsdb::__private::Place<__PLACE_BYTES>: ::ecsdb::__private::WithoutHeap<'__any>,
    {
        #[inline]
        fn eq(&self, __other: &Self) -> ::ecsdb::__private::core::primitive::bool {
            true && self.hp == __other.hp && self.name == __other.name
        }
    }
    impl<'__row> HealthRef<'__row> {
        #[doc = "Points."]
        #[inline]
        pub fn hp(self) -> <u32 as ::ecsdb::Field>::View<'__row> {
            <u32 as ::ecsdb::Field>::view(&self.packed.hp, self.heap)
        }
        #[doc = "Field `name`."]
        #[inline]
        fn name(self) -> <String as ::ecsdb::Field>::View<'__row> {
            <String as ::ecsdb::Field>::view(&self.packed.name, self.heap)
        }
        #[doc = r" The whole value, copied out of its row."]
        #[inline]
        pub fn to_owned(self) -> Health {
            <Health as ::ecsdb::Component>::from_row(self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::clone::Clone for HealthRef<'__row> {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::marker::Copy for HealthRef<'__row> {}
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::cmp::PartialEq for HealthRef<'__row> {
        #[inline]
        fn eq(&self, __other: &Self) -> ::ecsdb::__private::core::primitive::bool {
            true && ::ecsdb::__private::same(
                const { &<u32 as ::ecsdb::Field>::TYPE },
                (&self.packed.hp, self.heap),
                (&__other.packed.hp, __other.heap),
            ) && ::ecsdb::__private::same(
                const { &<String as ::ecsdb::Field>::TYPE },
                (&self.packed.name, self.heap),
                (&__other.packed.name, __other.heap),
            )
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::convert::From<HealthRef<'__row>> for Health {
        #[inline]
        fn from(__view: HealthRef<'__row>) -> Self {
            <Health as ::ecsdb::Component>::from_row(__view.packed, __view.heap)
        }
    }
    #[automatically_derived]
    impl ::ecsdb::__private::core::fmt::Debug for HealthRow {
        fn fmt(&self, __f: &mut ::ecsdb::__private::core::fmt::Formatter<'_>) -> ::ecsdb::__private::core::fmt::Result {
            ::ecsdb::__private::show_row::<Health>(__f, "HealthRow", &["hp", "name"], self)
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::fmt::Debug for HealthRef<'__row> {
        fn fmt(&self, __f: &mut ::ecsdb::__private::core::fmt::Formatter<'_>) -> ::ecsdb::__private::core::fmt::Result {
            ::ecsdb::__private::show_view::<Health>(__f, "Health", &["hp", "name"], self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<__S: ::ecsdb::schema::Schema> ::ecsdb::QueryParam<__S> for HealthRef<'_>
    where
        Health: ::ecsdb::schema::TableOf<__S>,
    {
        type Fetch = ::ecsdb::__private::RowOf<Health>;
    }
    #[automatically_derived]
    impl<__S: ::ecsdb::schema::Schema> ::ecsdb::RowParam<__S> for HealthRef<'_>
    where
        Health: ::ecsdb::schema::TableOf<__S>,
    {
        type Component = Health;
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::Component for Health {
        type Row = HealthRow;
        type Ref<'__row> = HealthRef<'__row>;
        const TABLE: &'static ::ecsdb::__private::core::primitive::str = "health";
        const SCHEMA: &'static ::ecsdb::schema::TableSchema = &::ecsdb::schema::TableSchema {
            name: ::ecsdb::__private::Cow::Borrowed("health"),
            doc: ::ecsdb::__private::Cow::Borrowed("How much is left."),
            renamed_from: ::ecsdb::__private::Cow::Borrowed(""),
            version: 2u32,
            deprecated: ::ecsdb::__private::core::option::Option::None,
            layout: ::ecsdb::schema::RowLayout::Packed,
            size: ::ecsdb::__private::core::mem::size_of::<HealthRow>() as ::ecsdb::__private::core::primitive::u32,
            align: 1,
            key: ::ecsdb::__private::core::option::Option::None,
            durability: ::ecsdb::schema::Durability::Wal,
            fields: ::ecsdb::__private::Cow::Borrowed(
                const {
                    &[
                        ::ecsdb::__private::evolved_field(
                            "hp",
                            "Points.",
                            <u32 as ::ecsdb::Field>::TYPE,
                            ::ecsdb::__private::core::mem::offset_of!(HealthRow, hp),
                            "",
                            ::ecsdb::__private::core::option::Option::Some(::ecsdb::schema::DefaultValue::Made(|| {
                                let __value: u32 = 7;
                                ::ecsdb::schema::Encoded::of::<u32>(__value)
                            })),
                            0u32,
                            ::ecsdb::__private::core::option::Option::None,
                        ),
                        ::ecsdb::__private::field(
                            "name",
                            "",
                            <String as ::ecsdb::Field>::TYPE,
                            ::ecsdb::__private::core::mem::offset_of!(HealthRow, name),
                        ),
                    ]
                },
            ),
        };
        #[inline]
        fn into_row(self, __heap: &mut ::ecsdb::__private::HeapBuf) -> HealthRow {
            HealthRow {
                hp: <u32 as ::ecsdb::Field>::pack(self.hp, __heap),
                name: <String as ::ecsdb::Field>::pack(self.name, __heap),
                __ecsdb_heap: ::ecsdb::__private::Place::of(__heap),
            }
        }
        #[inline]
        fn from_row(__packed: &HealthRow, __heap: ::ecsdb::__private::Heap<'_>) -> Self {
            Health {
                hp: <u32 as ::ecsdb::Field>::unpack(&__packed.hp, __heap),
                name: <String as ::ecsdb::Field>::unpack(&__packed.name, __heap),
            }
        }
        #[inline]
        fn view<'__row>(__packed: &'__row HealthRow, __heap: ::ecsdb::__private::Heap<'__row>) -> HealthRef<'__row> {
            HealthRef { packed: __packed, heap: __heap }
        }
        #[inline]
        unsafe fn with_mut<__R>(
            __row: &mut HealthRow,
            __heap: &mut ::ecsdb::__private::HeapBuf,
            __change: impl ::ecsdb::__private::core::ops::FnOnce(&mut Self) -> __R,
        ) -> __R {
            unsafe { ::ecsdb::__private::with_mut_packed::<Self, __R>(__row, __heap, __change) }
        }
    }
};
