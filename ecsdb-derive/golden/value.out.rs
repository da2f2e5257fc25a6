// Made of `value.in.rs`: see `src/golden.rs`.

#[doc = "A `Meters` in a packed row: its fields one after the other without gaps, little-endian, alignment 1."]
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
pub struct MetersPacked(#[doc = "Field `0`."] pub <f64 as ::ecsdb::Field>::Packed, ::ecsdb::__private::Place<0>);
#[doc = "A `Meters` in a packed row, read without copying it: one method for each field."]
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
pub struct MetersView<'__row> {
    packed: &'__row MetersPacked,
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
            ::ecsdb::__private::core::mem::needs_drop::<Meters>(),
            &[::ecsdb::__private::core::mem::needs_drop::<f64>()],
        ));
        let mut __layout = ::ecsdb::__private::PackedLayout::new();
        ::ecsdb::__private::PackedLayout::field(
            &mut __layout,
            ::ecsdb::__private::core::mem::offset_of!(MetersPacked, 0),
            ::ecsdb::__private::core::mem::size_of::<<f64 as ::ecsdb::Field>::Packed>(),
        );
        ::ecsdb::__private::PackedLayout::place(
            &mut __layout,
            ::ecsdb::__private::core::mem::offset_of!(MetersPacked, 1),
            ::ecsdb::__private::core::mem::size_of::<MetersPacked>()
                - ::ecsdb::__private::core::mem::offset_of!(MetersPacked, 1),
        );
        __ecsdb_stop(::ecsdb::__private::PackedLayout::finish(
            &__layout,
            1usize,
            ::ecsdb::__private::core::mem::size_of::<MetersPacked>(),
            ::ecsdb::__private::core::mem::align_of::<MetersPacked>(),
        ));
    };
    #[doc = "The parts of `Meters`."]
    pub struct MetersParts(#[doc = "Part `0`."] pub ::ecsdb::Part<Meters, f64>);
    impl Meters {
        #[doc = "The parts of `Meters`: `0`."]
        pub const F: MetersParts = {
            let mut __numbers = ::ecsdb::__private::ColumnNumbers::of_struct();
            MetersParts {
                0: ::ecsdb::Part::new(
                    ::ecsdb::__private::ColumnNumbers::next(&mut __numbers, <f64 as ::ecsdb::Field>::COLUMNS),
                    ::ecsdb::__private::core::mem::offset_of!(MetersPacked, 0)
                        as ::ecsdb::__private::core::primitive::u32,
                ),
            }
        };
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::Row for MetersPacked {}
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::core::marker::Send for MetersPacked {}
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::core::marker::Sync for MetersPacked {}
    #[automatically_derived]
    unsafe impl ::ecsdb::__private::Zeroable for MetersPacked {}
    #[automatically_derived]
    impl ::ecsdb::__private::core::clone::Clone for MetersPacked {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    #[automatically_derived]
    impl ::ecsdb::__private::core::marker::Copy for MetersPacked {}
    #[automatically_derived]
    impl ::ecsdb::__private::core::cmp::PartialEq for MetersPacked {
        #[inline]
        fn eq(&self, __other: &Self) -> ::ecsdb::__private::core::primitive::bool {
            true && self.0 == __other.0
        }
    }
    impl<'__row> MetersView<'__row> {
        #[doc = "Field `0`."]
        #[inline]
        pub fn value(self) -> <f64 as ::ecsdb::Field>::View<'__row> {
            <f64 as ::ecsdb::Field>::view(&self.packed.0, self.heap)
        }
        #[doc = r" The whole value, copied out of its row."]
        #[inline]
        pub fn to_owned(self) -> Meters {
            <Meters as ::ecsdb::Field>::unpack(self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::clone::Clone for MetersView<'__row> {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::marker::Copy for MetersView<'__row> {}
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::cmp::PartialEq for MetersView<'__row> {
        #[inline]
        fn eq(&self, __other: &Self) -> ::ecsdb::__private::core::primitive::bool {
            true && ::ecsdb::__private::same(
                const { &<f64 as ::ecsdb::Field>::TYPE },
                (&self.packed.0, self.heap),
                (&__other.packed.0, __other.heap),
            )
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::convert::From<MetersView<'__row>> for Meters {
        #[inline]
        fn from(__view: MetersView<'__row>) -> Self {
            <Meters as ::ecsdb::Field>::unpack(__view.packed, __view.heap)
        }
    }
    #[automatically_derived]
    impl ::ecsdb::__private::core::fmt::Debug for MetersPacked {
        fn fmt(&self, __f: &mut ::ecsdb::__private::core::fmt::Formatter<'_>) -> ::ecsdb::__private::core::fmt::Result {
            ::ecsdb::__private::show_packed::<Meters>(__f, self)
        }
    }
    #[automatically_derived]
    impl<'__row> ::ecsdb::__private::core::fmt::Debug for MetersView<'__row> {
        fn fmt(&self, __f: &mut ::ecsdb::__private::core::fmt::Formatter<'_>) -> ::ecsdb::__private::core::fmt::Result {
            ::ecsdb::__private::show_value::<Meters>(__f, self.packed, self.heap)
        }
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::Field for Meters {
        type Value = Self;
        type Packed = MetersPacked;
        type Optional = ::ecsdb::packed::Optional<MetersPacked>;
        type Element = MetersPacked;
        type View<'__row> = MetersView<'__row>;
        type List<'__row> = ::ecsdb::List<'__row, Self>;
        const TYPE: ::ecsdb::schema::FieldType = ::ecsdb::__private::struct_type(
            "Meters",
            const { &[::ecsdb::__private::member("0", <f64 as ::ecsdb::Field>::TYPE)] },
        );
        const COLUMNS: ::ecsdb::__private::core::primitive::u16 =
            ::ecsdb::__private::columns(&[<f64 as ::ecsdb::Field>::COLUMNS]);
        #[inline]
        fn from_value(__value: Self) -> Self {
            __value
        }
        #[inline]
        fn pack(self, __heap: &mut ::ecsdb::__private::HeapBuf) -> MetersPacked {
            MetersPacked { 0: <f64 as ::ecsdb::Field>::pack(self.0, __heap), 1: ::ecsdb::__private::Place::of(__heap) }
        }
        #[inline]
        fn unpack(__packed: &MetersPacked, __heap: ::ecsdb::__private::Heap<'_>) -> Self {
            Meters { 0: <f64 as ::ecsdb::Field>::unpack(&__packed.0, __heap) }
        }
        #[inline]
        fn view<'__row>(
            __packed: &'__row MetersPacked,
            __heap: ::ecsdb::__private::Heap<'__row>,
        ) -> MetersView<'__row> {
            MetersView { packed: __packed, heap: __heap }
        }
        #[inline]
        fn list<'__row>(
            __elements: &'__row [MetersPacked],
            __heap: ::ecsdb::__private::Heap<'__row>,
        ) -> ::ecsdb::List<'__row, Self> {
            ::ecsdb::List::new(__elements, __heap)
        }
    }
};
