// Made of `whole.in.rs`: see `src/golden.rs`.

#[doc = "`Door` as it is stored: its fields one after the other without gaps, little-endian, alignment 1."]
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
pub struct DoorRow {
    #[doc = "The value."]
    pub value: <::ecsdb::Whole<Door> as ::ecsdb::Field>::Packed,
    __ecsdb_heap: ::ecsdb::__private::Place<
        { ::ecsdb::__private::place_bytes(&[const { &<::ecsdb::Whole<Door> as ::ecsdb::Field>::TYPE }]) },
    >,
}
#[doc = "A `Door` in its table, read without copying its row: one method for each field."]
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
pub struct DoorRef<'__row> {
    packed: &'__row DoorRow,
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
        let mut __layout = ::ecsdb::__private::PackedLayout::new();
        ::ecsdb::__private::PackedLayout::field(
            &mut __layout,
            ::ecsdb::__private::core::mem::offset_of!(DoorRow, value),
            ::ecsdb::__private::core::mem::size_of::<<::ecsdb::Whole<Door> as ::ecsdb::Field>::Packed>(),
        );
        ::ecsdb::__private::PackedLayout::place(
            &mut __layout,
            ::ecsdb::__private::core::mem::offset_of!(DoorRow, __ecsdb_heap),
            ::ecsdb::__private::core::mem::size_of::<DoorRow>()
                - ::ecsdb::__private::core::mem::offset_of!(DoorRow, __ecsdb_heap),
        );
        __ecsdb_stop(::ecsdb::__private::PackedLayout::finish(
            &__layout,
            1usize,
            ::ecsdb::__private::core::mem::size_of::<DoorRow>(),
            ::ecsdb::__private::core::mem::align_of::<DoorRow>(),
        ));
    };
    #[doc = "The columns of `Door`."]
    pub struct DoorColumns {
        #[doc = "The value."]
        pub value: ::ecsdb::Column<Door, ::ecsdb::Whole<Door>>,
    }
    impl Door {
        #[doc = "The columns of `Door`: `value`."]
        pub const C: DoorColumns = {
            let mut __numbers = ::ecsdb::__private::ColumnNumbers::of_table();
            DoorColumns {
                value: ::ecsdb::Column::new(
                    ::ecsdb::__private::ColumnNumbers::next(
                        &mut __numbers,
                        <::ecsdb::Whole<Door> as ::ecsdb::Field>::COLUMNS,
                    ),
                    ::ecsdb::__private::core::mem::offset_of!(DoorRow, value)
                        as ::ecsdb::__private::core::primitive::u32,
                ),
            }
        };
    }
    const __BYTES: ::ecsdb::__private::core::primitive::usize = ::ecsdb::__private::enum_bytes(
        1usize,
        &[&[::ecsdb::__private::core::mem::size_of::<<u32 as ::ecsdb::Field>::Packed>()]],
    );
    const _: () = {
        use ::ecsdb::__private::stop as __ecsdb_stop;
        __ecsdb_stop(::ecsdb::__private::drop_glue(
            ::ecsdb::__private::core::mem::needs_drop::<Door>(),
            &[::ecsdb::__private::core::mem::needs_drop::<u32>()],
        ));
    };
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::WholeValue for Door {
        type Packed = ::ecsdb::packed::Enum<Door, __BYTES>;
        const TYPE: ::ecsdb::schema::FieldType = ::ecsdb::__private::enum_type(
            "Door",
            1usize as ::ecsdb::__private::core::primitive::u8,
            const {
                &[
                    ::ecsdb::__private::unit_variant("Open", 0u32),
                    ::ecsdb::__private::variant(
                        "Locked",
                        1u32,
                        "",
                        const { &[::ecsdb::__private::member("by", <u32 as ::ecsdb::Field>::TYPE)] },
                    ),
                ]
            },
        );
        #[inline]
        fn pack(self, __heap: &mut ::ecsdb::__private::HeapBuf) -> ::ecsdb::packed::Enum<Door, __BYTES> {
            match self {
                Door::Open { .. } => {
                    ::ecsdb::__private::Packer::finish(unsafe { ::ecsdb::__private::Packer::new(1usize, 0u32) })
                }
                Door::Locked { by: __field_0 } => {
                    let mut __packer = unsafe { ::ecsdb::__private::Packer::new(1usize, 1u32) };
                    ::ecsdb::__private::Packer::put(&mut __packer, <u32 as ::ecsdb::Field>::pack(__field_0, __heap));
                    ::ecsdb::__private::Packer::finish(__packer)
                }
            }
        }
        #[inline]
        fn unpack(__packed: &::ecsdb::packed::Enum<Door, __BYTES>, __heap: ::ecsdb::__private::Heap<'_>) -> Self {
            let mut __payload = ::ecsdb::__private::Payload::new(__packed, 1usize);
            match ::ecsdb::__private::tag(__packed, 1usize) {
                0u32 => Door::Open,
                1u32 => Door::Locked {
                    by: <u32 as ::ecsdb::Field>::unpack(
                        unsafe { ::ecsdb::__private::Payload::next(&mut __payload) },
                        __heap,
                    ),
                },
                __tag => ::ecsdb::__private::no_variant("Door", __tag),
            }
        }
    }
    const __PLACE_BYTES: ::ecsdb::__private::core::primitive::usize =
        ::ecsdb::__private::place_bytes(&[const { &<::ecsdb::Whole<Door> as ::ecsdb::Field>::TYPE }]);
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::Row for DoorRow {
        const HAS_HEAP: ::ecsdb::__private::core::primitive::bool = __PLACE_BYTES != 0;
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::core::marker::Send for DoorRow {}
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::core::marker::Sync for DoorRow {}
    #[automatically_derived]
    impl ::ecsdb::__private::core::clone::Clone for DoorRow {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    #[automatically_derived]
    impl ::ecsdb::__private::core::marker::Copy for DoorRow {}
    #[automatically_derived]
    impl ::ecsdb::__private::core::cmp::PartialEq for DoorRow
    where
        for<'__any> ::ecsdb::__private::Place<__PLACE_BYTES>: ::ecsdb::__private::WithoutHeap<'__any>,
    {
        #[inline]
        fn eq(&self, __other: &Self) -> ::ecsdb::__private::core::primitive::bool {
            true && self.value == __other.value
        }
    }
    impl<'__row> DoorRef<'__row> {
        #[doc = "The value."]
        #[inline]
        pub fn value(self) -> <::ecsdb::Whole<Door> as ::ecsdb::Field>::View<'__row> {
            <::ecsdb::Whole<Door> as ::ecsdb::Field>::view(&self.packed.value, self.heap)
        }
        #[doc = r" The whole value, copied out of its row."]
        #[inline]
        pub fn to_owned(self) -> Door {
            <Door as ::ecsdb::Component>::from_row(self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::clone::Clone for DoorRef<'__row> {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::marker::Copy for DoorRef<'__row> {}
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::cmp::PartialEq for DoorRef<'__row> {
        #[inline]
        fn eq(&self, __other: &Self) -> ::ecsdb::__private::core::primitive::bool {
            true && ::ecsdb::__private::same(
                const { &<::ecsdb::Whole<Door> as ::ecsdb::Field>::TYPE },
                (&self.packed.value, self.heap),
                (&__other.packed.value, __other.heap),
            )
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::convert::From<DoorRef<'__row>> for Door {
        #[inline]
        fn from(__view: DoorRef<'__row>) -> Self {
            <Door as ::ecsdb::Component>::from_row(__view.packed, __view.heap)
        }
    }
    #[automatically_derived]
    impl ::ecsdb::__private::core::fmt::Debug for DoorRow {
        fn fmt(&self, __f: &mut ::ecsdb::__private::core::fmt::Formatter<'_>) -> ::ecsdb::__private::core::fmt::Result {
            ::ecsdb::__private::show_row::<Door>(__f, "DoorRow", &["value"], self)
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::fmt::Debug for DoorRef<'__row> {
        fn fmt(&self, __f: &mut ::ecsdb::__private::core::fmt::Formatter<'_>) -> ::ecsdb::__private::core::fmt::Result {
            ::ecsdb::__private::show_view::<Door>(__f, "", &[], self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<__S: ::ecsdb::schema::Schema> ::ecsdb::QueryParam<__S> for DoorRef<'_>
    where
        Door: ::ecsdb::schema::TableOf<__S>,
    {
        type Fetch = ::ecsdb::__private::RowOf<Door>;
    }
    #[automatically_derived]
    impl<__S: ::ecsdb::schema::Schema> ::ecsdb::RowParam<__S> for DoorRef<'_>
    where
        Door: ::ecsdb::schema::TableOf<__S>,
    {
        type Component = Door;
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::Component for Door {
        type Row = DoorRow;
        type Ref<'__row> = DoorRef<'__row>;
        const TABLE: &'static ::ecsdb::__private::core::primitive::str = "door";
        const SCHEMA: &'static ::ecsdb::schema::TableSchema = &::ecsdb::schema::TableSchema {
            name: ::ecsdb::__private::Cow::Borrowed("door"),
            doc: ::ecsdb::__private::Cow::Borrowed(""),
            renamed_from: ::ecsdb::__private::Cow::Borrowed(""),
            version: 0u32,
            deprecated: ::ecsdb::__private::core::option::Option::None,
            layout: ::ecsdb::schema::RowLayout::Packed,
            size: ::ecsdb::__private::core::mem::size_of::<DoorRow>() as ::ecsdb::__private::core::primitive::u32,
            align: 1,
            key: ::ecsdb::__private::core::option::Option::None,
            durability: ::ecsdb::schema::Durability::Wal,
            fields: ::ecsdb::__private::Cow::Borrowed(
                const {
                    &[::ecsdb::__private::field(
                        "value",
                        "The value.",
                        <::ecsdb::Whole<Door> as ::ecsdb::Field>::TYPE,
                        ::ecsdb::__private::core::mem::offset_of!(DoorRow, value),
                    )]
                },
            ),
        };
        #[inline]
        fn into_row(self, __heap: &mut ::ecsdb::__private::HeapBuf) -> DoorRow {
            DoorRow {
                value: <::ecsdb::Whole<Door> as ::ecsdb::Field>::pack(::ecsdb::Whole(self), __heap),
                __ecsdb_heap: ::ecsdb::__private::Place::of(__heap),
            }
        }
        #[inline]
        fn from_row(__packed: &DoorRow, __heap: ::ecsdb::__private::Heap<'_>) -> Self {
            <::ecsdb::Whole<Door> as ::ecsdb::Field>::unpack(&__packed.value, __heap).0
        }
        #[inline]
        fn view<'__row>(__packed: &'__row DoorRow, __heap: ::ecsdb::__private::Heap<'__row>) -> DoorRef<'__row> {
            DoorRef { packed: __packed, heap: __heap }
        }
        #[inline]
        unsafe fn with_mut<__R>(
            __row: &mut DoorRow,
            __heap: &mut ::ecsdb::__private::HeapBuf,
            __change: impl ::ecsdb::__private::core::ops::FnOnce(&mut Self) -> __R,
        ) -> __R {
            unsafe { ::ecsdb::__private::with_mut_packed::<Self, __R>(__row, __heap, __change) }
        }
    }
};
