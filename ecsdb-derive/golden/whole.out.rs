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
    unused_parens,
    unused_qualifications
)]
#[repr(C)]
pub struct DoorRow {
    #[doc = "The value."]
    pub value: <::ecsdb::__private::Whole<Door> as ::ecsdb::__private::Field>::Packed,
    __ecsdb_heap: ::ecsdb::__private::Place<
        { ::ecsdb::__private::place_bytes(&[<::ecsdb::__private::Whole<Door> as ::ecsdb::__private::Field>::USES_HEAP]) },
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
    unused_parens,
    unused_qualifications
)]
pub struct DoorRef<'__row> {
    packed: &'__row DoorRow,
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
    const __OFFSETS: [__ecsdb::u32; 1usize] = [__ecsdb::offset_of!(DoorRow, value) as __ecsdb::u32];
    const _: () = {
        use __ecsdb::stop as __ecsdb_stop;
        __ecsdb_stop(__ecsdb::packed_layout(
            &__OFFSETS,
            &[__ecsdb::size_of::<<__ecsdb::Whole<Door> as __ecsdb::Field>::Packed>()],
            __ecsdb::offset_of!(DoorRow, __ecsdb_heap),
            __ecsdb::size_of::<DoorRow>(),
            __ecsdb::align_of::<DoorRow>(),
        ));
    };
    #[doc = "The columns of `Door`."]
    pub struct DoorColumns {
        #[doc = "The value."]
        pub value: __ecsdb::Column<Door, __ecsdb::Whole<Door>>,
    }
    impl Door {
        #[doc = "The columns of `Door`: `value`."]
        pub const C: DoorColumns = {
            let mut __numbers = __ecsdb::ColumnNumbers::of_table();
            DoorColumns {
                value: __ecsdb::Column::new(
                    __ecsdb::ColumnNumbers::next(&mut __numbers, <__ecsdb::Whole<Door> as __ecsdb::Field>::COLUMNS),
                    __OFFSETS[0usize],
                ),
            }
        };
    }
    const __BYTES: __ecsdb::usize =
        __ecsdb::enum_bytes(1usize, &[&[__ecsdb::size_of::<<u32 as __ecsdb::Field>::Packed>()]]);
    const _: () = {
        use __ecsdb::stop as __ecsdb_stop;
        __ecsdb_stop(__ecsdb::drop_glue(__ecsdb::needs_drop::<Door>(), &[__ecsdb::needs_drop::<u32>()]));
    };
    #[automatically_derived]
    unsafe impl __ecsdb::WholeValue for Door {
        type Packed = __ecsdb::Enum<Door, __BYTES>;
        const TYPE: __ecsdb::FieldType = __ecsdb::enum_type(
            "Door",
            1usize as __ecsdb::u8,
            const {
                &[
                    __ecsdb::unit_variant("Open", 0u32),
                    __ecsdb::variant(
                        "Locked",
                        1u32,
                        "",
                        const { &[__ecsdb::member("by", <u32 as __ecsdb::Field>::TYPE)] },
                    ),
                ]
            },
        );
        #[inline]
        fn pack(self, __heap: &mut __ecsdb::HeapBuf) -> __ecsdb::Enum<Door, __BYTES> {
            match self {
                Door::Open { .. } => __ecsdb::Packer::finish(unsafe { __ecsdb::Packer::new(1usize, 0u32) }),
                Door::Locked { by: __field_0 } => {
                    let mut __packer = unsafe { __ecsdb::Packer::new(1usize, 1u32) };
                    __ecsdb::Packer::put(&mut __packer, <u32 as __ecsdb::Field>::pack(__field_0, __heap));
                    __ecsdb::Packer::finish(__packer)
                }
            }
        }
        #[inline]
        fn unpack(__packed: &__ecsdb::Enum<Door, __BYTES>, __heap: __ecsdb::Heap<'_>) -> Self {
            let mut __payload = __ecsdb::Payload::new(__packed, 1usize);
            match __ecsdb::tag(__packed, 1usize) {
                0u32 => Door::Open,
                1u32 => Door::Locked {
                    by: <u32 as __ecsdb::Field>::unpack(unsafe { __ecsdb::Payload::next(&mut __payload) }, __heap),
                },
                __tag => __ecsdb::no_variant("Door", __tag),
            }
        }
    }
    const __PLACE_BYTES: __ecsdb::usize = __ecsdb::place_bytes(&[<__ecsdb::Whole<Door> as __ecsdb::Field>::USES_HEAP]);
    unsafe impl __ecsdb::Row for DoorRow {
        const HAS_HEAP: __ecsdb::bool = __PLACE_BYTES != 0;
    }
    unsafe impl __ecsdb::Send for DoorRow {}
    unsafe impl __ecsdb::Sync for DoorRow {}
    #[automatically_derived]
    impl __ecsdb::Clone for DoorRow {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    impl __ecsdb::Copy for DoorRow {}
    #[automatically_derived]
    impl __ecsdb::PartialEq for DoorRow
    where
        for<'__any> __ecsdb::Place<__PLACE_BYTES>: __ecsdb::WithoutHeap<'__any>,
    {
        #[inline]
        fn eq(&self, __other: &Self) -> __ecsdb::bool {
            true && self.value == __other.value
        }
    }
    impl<'__row> DoorRef<'__row> {
        #[doc = "The value."]
        #[inline]
        pub fn value(self) -> <__ecsdb::Whole<Door> as __ecsdb::Field>::View<'__row> {
            <__ecsdb::Whole<Door> as __ecsdb::Field>::view(&self.packed.value, self.heap)
        }
        #[doc = r" The whole value, copied out of its row."]
        #[inline]
        pub fn to_owned(self) -> Door {
            <Door as __ecsdb::Component>::from_row(self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::Clone for DoorRef<'__row> {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    impl<'__row> __ecsdb::Copy for DoorRef<'__row> {}
    #[automatically_derived]
    impl<'__row> __ecsdb::PartialEq for DoorRef<'__row> {
        #[inline]
        fn eq(&self, __other: &Self) -> __ecsdb::bool {
            true && <__ecsdb::Whole<Door> as __ecsdb::Field>::same(
                (&self.packed.value, self.heap),
                (&__other.packed.value, __other.heap),
            )
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::From<DoorRef<'__row>> for Door {
        #[inline]
        fn from(__view: DoorRef<'__row>) -> Self {
            <Door as __ecsdb::Component>::from_row(__view.packed, __view.heap)
        }
    }
    #[automatically_derived]
    impl __ecsdb::Debug for DoorRow {
        fn fmt(&self, __f: &mut __ecsdb::Formatter<'_>) -> __ecsdb::FmtResult {
            __ecsdb::show_row::<Door>(__f, "DoorRow", &["value"], self)
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::Debug for DoorRef<'__row> {
        fn fmt(&self, __f: &mut __ecsdb::Formatter<'_>) -> __ecsdb::FmtResult {
            __ecsdb::show_view::<Door>(__f, "", &[], self.packed, self.heap)
        }
    }
    impl<__S: __ecsdb::Schema> __ecsdb::Bundle<__S> for Door
    where
        Door: __ecsdb::TableOf<__S>,
    {
        type How = __ecsdb::Single;
    }
    impl<__S: __ecsdb::Schema> __ecsdb::QueryParam<__S> for DoorRef<'_>
    where
        Door: __ecsdb::TableOf<__S>,
    {
        type Fetch = __ecsdb::RowOf<Door>;
    }
    impl<__S: __ecsdb::Schema> __ecsdb::RowParam<__S> for DoorRef<'_>
    where
        Door: __ecsdb::TableOf<__S>,
    {
        type Component = Door;
    }
    #[automatically_derived]
    unsafe impl __ecsdb::Component for Door {
        type Row = DoorRow;
        type Ref<'__row> = DoorRef<'__row>;
        const TABLE: &'static __ecsdb::str = "door";
        const SCHEMA: &'static __ecsdb::TableSchema = &__ecsdb::TableSchema {
            name: __ecsdb::Cow::Borrowed("door"),
            doc: __ecsdb::Cow::Borrowed(""),
            renamed_from: __ecsdb::Cow::Borrowed(""),
            version: 0u32,
            deprecated: __ecsdb::None,
            layout: __ecsdb::RowLayout::Packed,
            size: __ecsdb::size_of::<DoorRow>() as __ecsdb::u32,
            align: 1,
            key: __ecsdb::None,
            durability: __ecsdb::Durability::Wal,
            fields: __ecsdb::Cow::Borrowed(&[__ecsdb::field(
                "value",
                "The value.",
                <__ecsdb::Whole<Door> as __ecsdb::Field>::TYPE,
                __OFFSETS[0usize],
            )]),
            indexes: __ecsdb::Cow::Borrowed(&[]),
        };
        #[inline]
        fn into_row(self, __heap: &mut __ecsdb::HeapBuf) -> DoorRow {
            DoorRow {
                value: <__ecsdb::Whole<Door> as __ecsdb::Field>::pack(__ecsdb::Whole(self), __heap),
                __ecsdb_heap: __ecsdb::Place::of(__heap),
            }
        }
        #[inline]
        fn from_row(__packed: &DoorRow, __heap: __ecsdb::Heap<'_>) -> Self {
            <__ecsdb::Whole<Door> as __ecsdb::Field>::unpack(&__packed.value, __heap).0
        }
        #[inline]
        fn view<'__row>(__packed: &'__row DoorRow, __heap: __ecsdb::Heap<'__row>) -> DoorRef<'__row> {
            DoorRef { packed: __packed, heap: __heap }
        }
    }
};
