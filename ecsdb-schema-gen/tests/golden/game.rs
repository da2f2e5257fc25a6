// Made by ecsdb-schema-gen from "game.toml". What is changed here is lost: change the schema.

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Component)]
#[component(table = "transform")]
pub struct Transform {
    pub position_x: f32,
    pub position_y: f32,
    pub position_z: f32,
}
const _: () = {
    ::core::assert!(::core::mem::size_of::<<Transform as ::ecsdb::Component>::Row>() == 12, "table `transform`: the schema says 12 as the bytes of a row");
    ::core::assert!(::core::mem::align_of::<<Transform as ::ecsdb::Component>::Row>() == 1, "table `transform`: the schema says 1 as the alignment of a row");
    ::core::assert!(Transform::C.position_x.offset() == 0, "field `transform.position_x`: the schema says offset 0");
    ::core::assert!(Transform::C.position_y.offset() == 4, "field `transform.position_y`: the schema says offset 4");
    ::core::assert!(Transform::C.position_z.offset() == 8, "field `transform.position_z`: the schema says offset 8");
};

#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, ::ecsdb::Component)]
#[component(table = "health")]
pub struct Health {
    pub hp: u32,
    pub max_hp: u32,
}
const _: () = {
    ::core::assert!(::core::mem::size_of::<<Health as ::ecsdb::Component>::Row>() == 8, "table `health`: the schema says 8 as the bytes of a row");
    ::core::assert!(::core::mem::align_of::<<Health as ::ecsdb::Component>::Row>() == 1, "table `health`: the schema says 1 as the alignment of a row");
    ::core::assert!(Health::C.hp.offset() == 0, "field `health.hp`: the schema says offset 0");
    ::core::assert!(Health::C.max_hp.offset() == 4, "field `health.max_hp`: the schema says offset 4");
};

::ecsdb::schema! {
    #[schema(name = "game_db", version = "1.0.0")]
    pub GameDb:
        Transform,
        Health,
}
