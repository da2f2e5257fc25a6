//! The tables: every kind of index and of reference, lists of references, a counter, text, rows whose changes no log keeps.

use ecsdb::{Component, Db, Entity, Ref, Snapshot};
use ecsdb_tests::simulated::Simulated;

#[derive(Component, Clone, Debug)]
#[component(index(name = "both", columns(kind, name)))]
pub struct Node {
    #[component(auto_increment, unique)]
    pub id: u32,
    #[component(unique = "hash")]
    pub tag: Option<u16>,
    #[component(index)]
    pub kind: u8,
    #[component(index = "hash")]
    pub name: String,
    #[component(on_delete = "cascade")]
    pub parent: Option<Ref<Node>>,
    #[component(on_delete = "set_null")]
    pub list: Vec<Ref<Node>>,
}

#[derive(Component, Clone, Copy, Debug)]
#[component(index(name = "at", columns(x, y), spatial(cell = 4.0)))]
#[repr(C)]
pub struct Place {
    pub x: f32,
    pub y: f32,
    #[component(index)]
    pub n: u32,
}

#[derive(Component, Clone, Copy, Debug)]
#[component(durability = "none")]
#[repr(C)]
pub struct Soft {
    #[component(index)]
    pub n: u32,
}

ecsdb::schema! { pub World: Node, Place, Soft }

/// Rows, in a form that can be compared.
pub type Rows = Vec<(Entity, String)>;

/// The database of a directory, within so many bytes.
pub fn open(media: &Simulated, limit: usize) -> Db<World> {
    let builder = Db::<World>::builder().media(media.clone()).directory("save").memory_limit(limit);
    builder.segment_bytes(1 << 20).worker_threads(1).open().unwrap()
}

/// Everything that a log keeps: of soft rows only that they are there.
pub fn lasting(view: &Snapshot<World>) -> Rows {
    let mut rows = Vec::new();
    for (entity, node) in view.query::<(Entity, &Node)>() {
        let list = view.targets(Node::C.list, entity);
        let parent = view.parent(Node::C.parent, entity);
        let (id, tag, kind, name) = (node.id(), node.tag(), node.kind(), node.name());
        rows.push((entity, format!("{id} {tag:?} {kind} {name} {parent:?} {list:?}")));
    }
    for (entity, place) in view.query::<(Entity, &Place)>() {
        rows.push((entity, format!("{place:?}")));
    }
    for (entity, _) in view.query::<(Entity, &Soft)>() {
        rows.push((entity, "soft".to_owned()));
    }
    rows
}
