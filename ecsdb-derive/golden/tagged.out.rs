// Made of `tagged.in.rs`: see `src/golden.rs`.

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
    const __BYTES: __ecsdb::usize = __ecsdb::enum_bytes(1usize, &[]);
    const __TAG_0: __ecsdb::u32 = {
        const __DISCRIMINANT: __ecsdb::u8 = 3;
        __DISCRIMINANT as __ecsdb::u32
    };
    const __TAG_1: __ecsdb::u32 = {
        const __DISCRIMINANT: __ecsdb::u8 = (__TAG_0 + 1) as __ecsdb::u8;
        __DISCRIMINANT as __ecsdb::u32
    };
    const _: () = {
        use __ecsdb::stop as __ecsdb_stop;
        __ecsdb_stop(__ecsdb::drop_glue(__ecsdb::needs_drop::<Kind>(), &[]));
        __ecsdb_stop(__ecsdb::native_enum(
            __ecsdb::size_of::<Kind>(),
            1usize,
            &[(Kind::Sword as __ecsdb::u32, __TAG_0), (Kind::Shield as __ecsdb::u32, __TAG_1)],
        ));
    };
    #[automatically_derived]
    unsafe impl __ecsdb::NativeField for Kind {
        const ALIGN: __ecsdb::usize = 1usize;
    }
    #[automatically_derived]
    unsafe impl __ecsdb::Field for Kind {
        type Value = Self;
        type Packed = __ecsdb::Enum<Kind, __BYTES>;
        type Optional = __ecsdb::Optional<__ecsdb::Enum<Kind, __BYTES>>;
        type Element = __ecsdb::Native<Self>;
        type View<'__row> = Self;
        type List<'__row> = &'__row [Self];
        const TYPE: __ecsdb::FieldType = __ecsdb::enum_type(
            "Kind",
            1usize as __ecsdb::u8,
            const { &[__ecsdb::unit_variant("Sword", __TAG_0), __ecsdb::unit_variant("Shield", __TAG_1)] },
        );
        #[inline]
        fn from_value(__value: Self) -> Self {
            __value
        }
        #[inline]
        fn pack(self, __heap: &mut __ecsdb::HeapBuf) -> __ecsdb::Enum<Kind, __BYTES> {
            match self {
                Kind::Sword { .. } => __ecsdb::Packer::finish(unsafe { __ecsdb::Packer::new(1usize, __TAG_0) }),
                Kind::Shield { .. } => __ecsdb::Packer::finish(unsafe { __ecsdb::Packer::new(1usize, __TAG_1) }),
            }
        }
        #[inline]
        fn unpack(__packed: &__ecsdb::Enum<Kind, __BYTES>, __heap: __ecsdb::Heap<'_>) -> Self {
            match __ecsdb::tag(__packed, 1usize) {
                __TAG_0 => Kind::Sword,
                __TAG_1 => Kind::Shield,
                __tag => __ecsdb::no_variant("Kind", __tag),
            }
        }
        #[inline]
        fn view<'__row>(__packed: &'__row __ecsdb::Enum<Kind, __BYTES>, __heap: __ecsdb::Heap<'__row>) -> Self {
            <Self as __ecsdb::Field>::unpack(__packed, __heap)
        }
        #[inline]
        fn list<'__row>(__elements: &'__row [__ecsdb::Native<Self>], __heap: __ecsdb::Heap<'__row>) -> &'__row [Self] {
            __ecsdb::Native::values(__elements)
        }
    }
};
