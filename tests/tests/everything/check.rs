//! What every index of a view says, against a look at all rows.

use std::collections::{BTreeMap, BTreeSet};

use ecsdb::{Entity, Snapshot};

use crate::world::*;

type Sets<K> = BTreeMap<K, BTreeSet<Entity>>;

/// Checks all indexes and references of a view.
pub fn check(view: &Snapshot<World>) {
    nodes(view);
    references(view);
    places(view);
    let soft = view.query::<(Entity, &Soft)>().into_iter().map(|(entity, soft)| (soft.n, entity));
    in_order(soft, view.index(Soft::I.n).iter().entities(), "soft.n");
}

/// `found` must be the entities in the order of their keys, then of their slots.
fn in_order<K: Ord>(rows: impl Iterator<Item = (K, Entity)>, found: impl Iterator<Item = Entity>, index: &str) {
    let mut rows: Vec<(K, Entity)> = rows.collect();
    rows.sort_by(|(a, one), (b, other)| a.cmp(b).then(one.slot().cmp(&other.slot())));
    let expected: Vec<Entity> = rows.into_iter().map(|(_, entity)| entity).collect();
    assert_eq!(found.collect::<Vec<_>>(), expected, "index {index}");
}

fn nodes(view: &Snapshot<World>) {
    let (mut ids, mut tags, mut names) = (Sets::new(), Sets::new(), Sets::new());
    let (mut kinds, mut both) = (Vec::new(), Vec::new());
    for (entity, node) in view.query::<(Entity, &Node)>() {
        ids.entry(node.id()).or_default().insert(entity);
        tags.entry(node.tag()).or_default().insert(entity);
        names.entry(node.name().to_owned()).or_default().insert(entity);
        kinds.push((node.kind(), entity));
        both.push(((node.kind(), node.name().to_owned()), entity));
    }
    let count = both.len();
    for (id, expected) in &ids {
        assert_eq!(expected.len(), 1, "id {id} was given twice");
        assert_eq!(view.index(Node::I.id).get(*id).entities().collect::<BTreeSet<_>>(), *expected, "id {id}");
    }
    for (tag, expected) in &tags {
        assert!(tag.is_none() || expected.len() == 1, "tag {tag:?} is unique");
        assert_eq!(view.index(Node::I.tag).get(*tag).entities().collect::<BTreeSet<_>>(), *expected, "tag {tag:?}");
    }
    for (name, expected) in &names {
        let found: BTreeSet<Entity> = view.index(Node::I.name).get(name.clone()).entities().collect();
        assert_eq!(found, *expected, "name {name}");
    }
    let lens = [view.index(Node::I.id).len(), view.index(Node::I.tag).len(), view.index(Node::I.name).len()];
    assert_eq!(lens, [count; 3], "every row is once in every index");
    in_order(kinds.into_iter(), view.index(Node::I.kind).iter().entities(), "node.kind");
    let forwards: Vec<Entity> = view.index(Node::I.both).iter().entities().collect();
    let mut backwards: Vec<Entity> = view.index(Node::I.both).iter().entities().rev().collect();
    backwards.reverse();
    assert_eq!(forwards, backwards, "both ways through an index");
    in_order(both.into_iter(), forwards.into_iter(), "node.both");
}

fn references(view: &Snapshot<World>) {
    let (mut children, mut listed) = (Sets::new(), Sets::new());
    for (entity, _) in view.query::<(Entity, &Node)>() {
        if let Some(parent) = view.parent(Node::C.parent, entity) {
            assert!(view.contains::<Node>(parent), "the parent of {entity} is gone");
            children.entry(parent).or_default().insert(entity);
        }
        for target in view.targets(Node::C.list, entity) {
            assert!(view.contains::<Node>(target), "{target}, in the list of {entity}, is gone");
            listed.entry(target).or_default().insert(entity);
        }
    }
    for (entity, _) in view.query::<(Entity, &Node)>() {
        let found: BTreeSet<Entity> = view.children(Node::C.parent, entity).map(|(child, _)| child).collect();
        assert_eq!(found, children.remove(&entity).unwrap_or_default(), "the children of {entity}");
        let found: BTreeSet<Entity> = view.children(Node::C.list, entity).map(|(child, _)| child).collect();
        assert_eq!(found, listed.remove(&entity).unwrap_or_default(), "the lists with {entity}");
    }
}

fn places(view: &Snapshot<World>) {
    let rows = || view.query::<(Entity, &Place)>().into_iter();
    in_order(rows().map(|(entity, place)| (place.n, entity)), view.index(Place::I.n).iter().entities(), "place.n");
    for half in [3.0, 10.0, 100.0] {
        let found: BTreeSet<Entity> =
            view.spatial(Place::I.at).in_box([-half, -half], [half, half]).map(|(entity, _)| entity).collect();
        let is_inside = |place: &Place| place.x.abs() <= half && place.y.abs() <= half;
        let expected: BTreeSet<Entity> =
            rows().filter(|(_, place)| is_inside(place)).map(|(entity, _)| entity).collect();
        assert_eq!(found, expected, "within {half} of the middle");
    }
}
