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
    unused_parens,
    unused_qualifications
)]
#[repr(C)]
pub struct MetersPacked(#[doc = "Field `0`."] pub <f64 as ::ecsdb::__private::Field>::Packed, ::ecsdb::__private::Place<0>);
#[doc = "A `Meters` in a packed row, read without copying it: one method for each field."]
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
pub struct MetersView<'__row> {
    packed: &'__row MetersPacked,
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
    const __OFFSETS: [__ecsdb::u32; 1usize] = [__ecsdb::offset_of!(MetersPacked, 0) as __ecsdb::u32];
    const _: () = {
        use __ecsdb::stop as __ecsdb_stop;
        __ecsdb_stop(__ecsdb::drop_glue(__ecsdb::needs_drop::<Meters>(), &[__ecsdb::needs_drop::<f64>()]));
        __ecsdb_stop(__ecsdb::packed_layout(
            &__OFFSETS,
            &[__ecsdb::size_of::<<f64 as __ecsdb::Field>::Packed>()],
            __ecsdb::offset_of!(MetersPacked, 1),
            __ecsdb::size_of::<MetersPacked>(),
            __ecsdb::align_of::<MetersPacked>(),
        ));
    };
    #[doc = "The parts of `Meters`."]
    pub struct MetersParts(#[doc = "Part `0`."] pub __ecsdb::Part<Meters, f64>);
    impl Meters {
        #[doc = "The parts of `Meters`: `0`."]
        pub const F: MetersParts = {
            let mut __numbers = __ecsdb::ColumnNumbers::of_struct();
            MetersParts {
                0: __ecsdb::Part::new(
                    __ecsdb::ColumnNumbers::next(&mut __numbers, <f64 as __ecsdb::Field>::COLUMNS),
                    __OFFSETS[0usize],
                ),
            }
        };
    }
    impl __ecsdb::PartNamed<12638135523509116079u64> for Meters {
        type Type = f64;
    }
    unsafe impl __ecsdb::Row for MetersPacked {}
    unsafe impl __ecsdb::Send for MetersPacked {}
    unsafe impl __ecsdb::Sync for MetersPacked {}
    #[automatically_derived]
    unsafe impl __ecsdb::Zeroable for MetersPacked {}
    #[automatically_derived]
    impl __ecsdb::Clone for MetersPacked {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    impl __ecsdb::Copy for MetersPacked {}
    #[automatically_derived]
    impl __ecsdb::PartialEq for MetersPacked {
        #[inline]
        fn eq(&self, __other: &Self) -> __ecsdb::bool {
            true && self.0 == __other.0
        }
    }
    impl<'__row> MetersView<'__row> {
        #[doc = "Field `0`."]
        #[inline]
        pub fn value(self) -> <f64 as __ecsdb::Field>::View<'__row> {
            <f64 as __ecsdb::Field>::view(&self.packed.0, self.heap)
        }
        #[doc = r" The whole value, copied out of its row."]
        #[inline]
        pub fn to_owned(self) -> Meters {
            <Meters as __ecsdb::Field>::unpack(self.packed, self.heap)
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::Clone for MetersView<'__row> {
        #[inline]
        fn clone(&self) -> Self {
            *self
        }
    }
    impl<'__row> __ecsdb::Copy for MetersView<'__row> {}
    #[automatically_derived]
    impl<'__row> __ecsdb::PartialEq for MetersView<'__row> {
        #[inline]
        fn eq(&self, __other: &Self) -> __ecsdb::bool {
            true && <f64 as __ecsdb::Field>::same((&self.packed.0, self.heap), (&__other.packed.0, __other.heap))
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::From<MetersView<'__row>> for Meters {
        #[inline]
        fn from(__view: MetersView<'__row>) -> Self {
            <Meters as __ecsdb::Field>::unpack(__view.packed, __view.heap)
        }
    }
    #[automatically_derived]
    impl __ecsdb::Debug for MetersPacked {
        fn fmt(&self, __f: &mut __ecsdb::Formatter<'_>) -> __ecsdb::FmtResult {
            __ecsdb::show_packed::<Meters>(__f, self)
        }
    }
    #[automatically_derived]
    impl<'__row> __ecsdb::Debug for MetersView<'__row> {
        fn fmt(&self, __f: &mut __ecsdb::Formatter<'_>) -> __ecsdb::FmtResult {
            __ecsdb::show_value::<Meters>(__f, self.packed, self.heap)
        }
    }
    #[automatically_derived]
    unsafe impl __ecsdb::Field for Meters {
        type Value = Self;
        type Packed = MetersPacked;
        type Optional = __ecsdb::Optional<MetersPacked>;
        type Element = MetersPacked;
        type View<'__row> = MetersView<'__row>;
        type List<'__row> = __ecsdb::List<'__row, Self>;
        const TYPE: __ecsdb::FieldType =
            __ecsdb::struct_type("Meters", const { &[__ecsdb::member("0", <f64 as __ecsdb::Field>::TYPE)] });
        const COLUMNS: __ecsdb::u16 = __ecsdb::columns(&[<f64 as __ecsdb::Field>::COLUMNS]);
        #[inline]
        fn from_value(__value: Self) -> Self {
            __value
        }
        #[inline]
        fn pack(self, __heap: &mut __ecsdb::HeapBuf) -> MetersPacked {
            MetersPacked { 0: <f64 as __ecsdb::Field>::pack(self.0, __heap), 1: __ecsdb::Place::of(__heap) }
        }
        #[inline]
        fn unpack(__packed: &MetersPacked, __heap: __ecsdb::Heap<'_>) -> Self {
            Meters { 0: <f64 as __ecsdb::Field>::unpack(&__packed.0, __heap) }
        }
        #[inline]
        fn view<'__row>(__packed: &'__row MetersPacked, __heap: __ecsdb::Heap<'__row>) -> MetersView<'__row> {
            MetersView { packed: __packed, heap: __heap }
        }
        #[inline]
        fn list<'__row>(
            __elements: &'__row [MetersPacked],
            __heap: __ecsdb::Heap<'__row>,
        ) -> __ecsdb::List<'__row, Self> {
            __ecsdb::List::new(__elements, __heap)
        }
    }
};
