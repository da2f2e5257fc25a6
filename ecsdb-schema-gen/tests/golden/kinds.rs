// Made by ecsdb-schema-gen from "kinds.toml". What is changed here is lost: change the schema.

#[doc = " Something to carry."]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Component)]
#[component(table = "item", version = 2, durability = "snapshot")]
pub struct Item {
    #[doc = " What it is called."]
    #[component(default = ::ecsdb::FixedStr::<16>::new("thing").unwrap())]
    pub name: ::ecsdb::FixedStr<16>,
    #[doc = " What it costs."]
    #[component(since = 2, default = Price { gold: 1u32, silver: ::core::option::Option::None })]
    pub price: Price,
}
const _: () = {
    ::core::assert!(::core::mem::size_of::<<Item as ::ecsdb::Component>::Row>() == 22, "table `item`: the schema says 22 as the bytes of a row");
    ::core::assert!(::core::mem::align_of::<<Item as ::ecsdb::Component>::Row>() == 1, "table `item`: the schema says 1 as the alignment of a row");
    ::core::assert!(Item::C.name.offset() == 0, "field `item.name`: the schema says offset 0");
    ::core::assert!(Item::C.price.offset() == 16, "field `item.price`: the schema says offset 16");
};

#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, ::ecsdb::Component)]
#[component(table = "mob", version = 3, renamed_from = "monster")]
pub struct Mob {
    #[component(renamed_from = "name", default = ::std::string::String::from("a \"mob\""))]
    pub title: ::std::string::String,
    #[component(default = Ai::Going([0.5f32, -1.0f32]))]
    pub ai: Ai,
    pub inventory: ::std::vec::Vec<::ecsdb::Ref<Item>>,
    #[component(default = ::core::option::Option::Some(::std::vec![Mark('!', ::core::option::Option::Some(::core::num::NonZero::new(3u16).unwrap())), Mark('?', ::core::option::Option::None)]))]
    pub marks: ::core::option::Option<::std::vec::Vec<Mark>>,
    #[component(rename = "self", default = (true, MobSelf1 { r#type: -1i8, inner: MobSelf1Inner::Off },))]
    pub self_: (bool, MobSelf1),
    #[component(deprecated = "Use `life`.", default = 340282366920938463463374607431768211455u128)]
    pub hp: u128,
    pub price: Price,
}
const _: () = {
    ::core::assert!(::core::mem::size_of::<<Mob as ::ecsdb::Component>::Row>() == 80, "table `mob`: the schema says 80 as the bytes of a row");
    ::core::assert!(::core::mem::align_of::<<Mob as ::ecsdb::Component>::Row>() == 1, "table `mob`: the schema says 1 as the alignment of a row");
    ::core::assert!(Mob::C.title.offset() == 0, "field `mob.title`: the schema says offset 0");
    ::core::assert!(Mob::C.ai.offset() == 8, "field `mob.ai`: the schema says offset 8");
    ::core::assert!(Mob::C.inventory.offset() == 30, "field `mob.inventory`: the schema says offset 30");
    ::core::assert!(Mob::C.marks.offset() == 38, "field `mob.marks`: the schema says offset 38");
    ::core::assert!(Mob::C.self_.offset() == 47, "field `mob.self`: the schema says offset 47");
    ::core::assert!(Mob::C.hp.offset() == 50, "field `mob.hp`: the schema says offset 50");
    ::core::assert!(Mob::C.price.offset() == 66, "field `mob.price`: the schema says offset 66");
};

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Component)]
#[component(table = "body")]
#[repr(C)]
pub struct Body {
    pub at: Pos,
    pub owner: ::core::option::Option<::ecsdb::Ref<Mob>>,
    pub stance: Stance,
    #[component(default = [1u16, 2u16])]
    pub flags: [u16; 2],
}
const _: () = {
    ::core::assert!(::core::mem::size_of::<<Body as ::ecsdb::Component>::Row>() == 24, "table `body`: the schema says 24 as the bytes of a row");
    ::core::assert!(::core::mem::align_of::<<Body as ::ecsdb::Component>::Row>() == 8, "table `body`: the schema says 8 as the alignment of a row");
    ::core::assert!(Body::C.at.offset() == 0, "field `body.at`: the schema says offset 0");
    ::core::assert!(Body::C.owner.offset() == 8, "field `body.owner`: the schema says offset 8");
    ::core::assert!(Body::C.stance.offset() == 16, "field `body.stance`: the schema says offset 16");
    ::core::assert!(Body::C.flags.offset() == 20, "field `body.flags`: the schema says offset 20");
};

#[doc = " Something to sell."]
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq, ::ecsdb::Component)]
#[component(table = "ware")]
#[component(index(name = "place", columns(type.x, type.y), spatial(cell = 8.0)))]
#[component(index(name = "by_owner", columns(owner, type.x), unique, total_order))]
pub struct Ware {
    #[component(auto_increment, unique = "hash")]
    pub number: u64,
    #[component(unique)]
    pub name: ::std::string::String,
    #[component(references = Mob, on_delete = "set_null", index)]
    pub owner: ::core::option::Option<::ecsdb::Entity>,
    #[component(on_delete = "remove", cardinality = "one")]
    pub parts: ::std::vec::Vec<::ecsdb::Ref<Ware>>,
    pub r#type: Pos,
}
const _: () = {
    ::core::assert!(::core::mem::size_of::<<Ware as ::ecsdb::Component>::Row>() == 48, "table `ware`: the schema says 48 as the bytes of a row");
    ::core::assert!(::core::mem::align_of::<<Ware as ::ecsdb::Component>::Row>() == 1, "table `ware`: the schema says 1 as the alignment of a row");
    ::core::assert!(Ware::C.number.offset() == 0, "field `ware.number`: the schema says offset 0");
    ::core::assert!(Ware::C.name.offset() == 8, "field `ware.name`: the schema says offset 8");
    ::core::assert!(Ware::C.owner.offset() == 16, "field `ware.owner`: the schema says offset 16");
    ::core::assert!(Ware::C.parts.offset() == 24, "field `ware.parts`: the schema says offset 24");
    ::core::assert!(Ware::C.r#type.offset() == 32, "field `ware.type`: the schema says offset 32");
};

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Component)]
#[component(table = "frozen", deprecated = "Nobody is cold any more.")]
pub struct Frozen;
const _: () = {
    ::core::assert!(::core::mem::size_of::<<Frozen as ::ecsdb::Component>::Row>() == 0, "table `frozen`: the schema says 0 as the bytes of a row");
    ::core::assert!(::core::mem::align_of::<<Frozen as ::ecsdb::Component>::Row>() == 1, "table `frozen`: the schema says 1 as the alignment of a row");
};

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Field)]
pub struct Price {
    pub gold: u32,
    pub silver: ::core::option::Option<u8>,
}

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Field)]
#[repr(u16)]
pub enum Ai {
    Idle = 0,
    #[component(renamed_from = "Chasing")]
    Hunting {
        prey: ::ecsdb::Ref<Mob>,
        since: ::core::time::Duration,
    } = 1,
    Going([f32; 2]) = 7,
}

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Field)]
pub struct Mark(pub char, pub ::core::option::Option<::core::num::NonZero<u16>>);

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Field)]
pub enum MobSelf1Inner {
    On,
    Off,
}

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Field)]
pub struct MobSelf1 {
    pub r#type: i8,
    pub inner: MobSelf1Inner,
}

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Field)]
#[repr(C)]
pub struct Pos {
    pub x: f32,
    pub y: f32,
}

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Field)]
#[repr(u32)]
pub enum Stance {
    Up,
    Down,
}

::ecsdb::schema! {
    #[schema(name = "kinds", version = "3")]
    pub Kinds:
        Item,
        Mob,
        Body,
        Ware,
        Frozen,
}
