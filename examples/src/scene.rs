//! A scene: things that hang from other things, and go with them.
//!
//! One reference makes the hierarchy; the database walks it, and takes down what hangs from what goes.

use std::fmt::Write;

use ecsdb::{Component, Db, Entity, Ref, TransactionError};

/// Something in the scene.
#[derive(Component)]
pub struct Node {
    name: String,
    #[component(on_delete = "cascade")]
    parent: Option<Ref<Node>>,
}

/// Where it is, seen from what it hangs from.
#[derive(Component)]
#[repr(C)]
pub struct Offset {
    x: f32,
    y: f32,
}

ecsdb::schema! {
    /// The tables of the scene.
    pub Scene: Node, Offset
}

/// Puts a node into the scene.
///
/// # Errors
/// If the parent is not there.
pub fn hang(
    db: &Db<Scene>,
    name: &str,
    (x, y): (f32, f32),
    parent: Option<Entity>,
) -> Result<Entity, TransactionError> {
    db.spawn((Node { name: name.to_owned(), parent: parent.map(Ref::to) }, Offset { x, y }))
}

/// Everything below `root`, as a tree of lines with the places in the world.
pub fn tree(db: &Db<Scene>, root: Entity) -> String {
    let snapshot = db.snapshot();
    let mut text = String::new();
    let mut open = vec![(0, root)];
    while let Some((depth, entity)) = open.pop() {
        let Some(node) = snapshot.get::<Node>(entity) else { continue };
        // A place is the sum of the offsets on the way up.
        let above = snapshot.ancestors(Node::C.parent, entity).map(|(_, above)| above);
        let (x, y) = above
            .chain([entity])
            .filter_map(|node| snapshot.get::<Offset>(node))
            .fold((0.0, 0.0), |(x, y), offset| (x + offset.x, y + offset.y));
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{:indent$}{} at {x}, {y}", "", node.name(), indent = 2 * depth);
        let mut below: Vec<_> =
            snapshot.children(Node::C.parent, entity).map(|(child, _)| (depth + 1, child)).collect();
        below.reverse();
        open.append(&mut below);
    }
    text
}

/// Builds a ship, moves a turret to another deck, and sinks the ship. What was seen of it, in words.
///
/// # Errors
/// None that a working database has.
pub fn play() -> Result<String, TransactionError> {
    let db = Db::<Scene>::in_memory().map_err(TransactionError::abort)?;
    let sea = hang(&db, "sea", (0.0, 0.0), None)?;
    let ship = hang(&db, "ship", (100.0, 50.0), Some(sea))?;
    let bow = hang(&db, "bow", (12.0, 0.0), Some(ship))?;
    let stern = hang(&db, "stern", (-12.0, 0.0), Some(ship))?;
    let turret = hang(&db, "turret", (1.0, 2.0), Some(bow))?;
    hang(&db, "gun", (3.0, 0.0), Some(turret))?;
    hang(&db, "gull", (0.0, 80.0), Some(sea))?;
    let mut text = tree(&db, sea);

    db.update(turret, Node::C.parent.set(Some(Ref::to(stern))))?;
    db.update(ship, Offset::C.x.add(10.0))?;
    text.push_str("\nThe turret moves to the stern, and the ship ahead:\n");
    text.push_str(&tree(&db, sea));

    let before = db.snapshot();
    let lost = before.descendants(Node::C.parent, ship).count();
    db.despawn(ship)?;
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "\nThe ship sinks, with {lost} things on it:\n{}", tree(&db, sea).trim_end());
    Ok(text)
}
