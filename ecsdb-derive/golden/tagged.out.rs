// Made of `tagged.in.rs`: see `src/golden.rs`.

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
    const __BYTES: ::ecsdb::__private::core::primitive::usize = ::ecsdb::__private::enum_bytes(1usize, &[]);
    const __TAG_0: ::ecsdb::__private::core::primitive::u32 = {
        const __DISCRIMINANT: ::ecsdb::__private::core::primitive::u8 = 3;
        __DISCRIMINANT as ::ecsdb::__private::core::primitive::u32
    };
    const __TAG_1: ::ecsdb::__private::core::primitive::u32 = {
        const __DISCRIMINANT: ::ecsdb::__private::core::primitive::u8 =
            (__TAG_0 + 1) as ::ecsdb::__private::core::primitive::u8;
        __DISCRIMINANT as ::ecsdb::__private::core::primitive::u32
    };
    const _: () = {
        use ::ecsdb::__private::stop as __ecsdb_stop;
        __ecsdb_stop(::ecsdb::__private::drop_glue(::ecsdb::__private::core::mem::needs_drop::<Kind>(), &[]));
        __ecsdb_stop(::ecsdb::__private::native_enum(
            ::ecsdb::__private::core::mem::size_of::<Kind>(),
            1usize,
            &[
                (Kind::Sword as ::ecsdb::__private::core::primitive::u32, __TAG_0),
                (Kind::Shield as ::ecsdb::__private::core::primitive::u32, __TAG_1),
            ],
        ));
    };
    #[automatically_derived]
    unsafe impl ::ecsdb::NativeField for Kind {
        const ALIGN: ::ecsdb::__private::core::primitive::usize = 1usize;
    }
    #[automatically_derived]
    unsafe impl ::ecsdb::Field for Kind {
        type Value = Self;
        type Packed = ::ecsdb::packed::Enum<Kind, __BYTES>;
        type Optional = ::ecsdb::packed::Optional<::ecsdb::packed::Enum<Kind, __BYTES>>;
        type Element = ::ecsdb::packed::Native<Self>;
        type View<'__row> = Self;
        type List<'__row> = &'__row [Self];
        const TYPE: ::ecsdb::schema::FieldType = ::ecsdb::__private::enum_type(
            "Kind",
            1usize as ::ecsdb::__private::core::primitive::u8,
            const {
                &[
                    ::ecsdb::__private::unit_variant("Sword", __TAG_0),
                    ::ecsdb::__private::unit_variant("Shield", __TAG_1),
                ]
            },
        );
        #[inline]
        fn from_value(__value: Self) -> Self {
            __value
        }
        #[inline]
        fn pack(self, __heap: &mut ::ecsdb::__private::HeapBuf) -> ::ecsdb::packed::Enum<Kind, __BYTES> {
            match self {
                Kind::Sword { .. } => {
                    ::ecsdb::__private::Packer::finish(unsafe { ::ecsdb::__private::Packer::new(1usize, __TAG_0) })
                }
                Kind::Shield { .. } => {
                    ::ecsdb::__private::Packer::finish(unsafe { ::ecsdb::__private::Packer::new(1usize, __TAG_1) })
                }
            }
        }
        #[inline]
        fn unpack(__packed: &::ecsdb::packed::Enum<Kind, __BYTES>, __heap: ::ecsdb::__private::Heap<'_>) -> Self {
            match ::ecsdb::__private::tag(__packed, 1usize) {
                __TAG_0 => Kind::Sword,
                __TAG_1 => Kind::Shield,
                __tag => ::ecsdb::__private::no_variant("Kind", __tag),
            }
        }
        #[inline]
        fn view<'__row>(
            __packed: &'__row ::ecsdb::packed::Enum<Kind, __BYTES>,
            __heap: ::ecsdb::__private::Heap<'__row>,
        ) -> Self {
            <Self as ::ecsdb::Field>::unpack(__packed, __heap)
        }
        #[inline]
        fn list<'__row>(
            __elements: &'__row [::ecsdb::packed::Native<Self>],
            __heap: ::ecsdb::__private::Heap<'__row>,
        ) -> &'__row [Self] {
            ::ecsdb::packed::Native::values(__elements)
        }
    }
};
