//! A tree against a set of its entries, transaction by transaction.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::bytes::PageRef;
use crate::schema::{FieldType, KeySpec, Scalar};
use crate::storage::index::definition::{Definitions, IndexDefinition, IndexRole};
use crate::storage::index::node::{NodeLayout, count, level};
use crate::storage::index::nodes::{NONE, Nodes};
use crate::storage::index::{Indexes, Tree, tree};
use crate::storage::{RowShape, Store};

/// An index whose keys are so long that a node has few of them.
pub fn long_keys() -> IndexDefinition {
    let key = FieldType::Array { element: FieldType::Scalar(Scalar::U8).into(), len: 252 };
    IndexDefinition {
        table: 0,
        table_name: "t".into(),
        name: "long".into(),
        kind: crate::schema::IndexKind::Ordered,
        role: IndexRole::Declared(0),
        is_unique: false,
        fields: crate::changes::ColumnSet::ALL,
        key: KeySpec::new([(0, &key)]).unwrap(),
        grid: None,
    }
}

fn entry(value: u16) -> Vec<u8> {
    // What differs stands at the end of the key, and in the slot.
    let mut entry = vec![7; 256];
    entry[250..252].copy_from_slice(&(value / 3).to_be_bytes());
    entry[252..].copy_from_slice(&u32::from(value % 3).to_be_bytes());
    entry
}

/// Checks everything that must hold of a tree, and that it has these entries.
pub fn check(tree: Tree<'_>, entries: &BTreeSet<Vec<u8>>) {
    let shape = tree.nodes.shape;
    assert_eq!(shape.entries, entries.len() as u64);
    assert_eq!(shape.keys > 0, !entries.is_empty());
    let mut found = Vec::new();
    let mut nodes = 0;
    if shape.root != NONE {
        nodes = walk(tree, shape.root, None, &mut found);
    }
    assert!(found.iter().copied().eq(entries.iter().map(|entry| &**entry)));
    let kept = (0..tree.nodes.end()).filter(|node| tree.nodes.has(*node)).count();
    assert_eq!(kept, nodes, "every node that is kept is part of the tree");
    let (low, high) = (vec![0; tree.layout.width()], vec![u8::MAX; tree.layout.width()]);
    assert!(tree.range(&low, &high).eq(entries.iter().map(|entry| &**entry)));
    assert!(tree.range(&low, &high).rev().eq(entries.iter().rev().map(|entry| &**entry)));
}

fn walk<'v>(tree: Tree<'v>, at: u32, first: Option<&[u8]>, found: &mut Vec<&'v [u8]>) -> usize {
    let node = tree.nodes.get(at);
    assert!(count(node) > 0, "no node is empty");
    if level(node) == 0 {
        let start = found.len();
        found.extend((0..count(node)).map(|index| tree.layout.entry(node, index)));
        assert!(first.is_none_or(|first| first <= found[start]), "the entry above is not greater than any below");
        return 1;
    }
    let mut nodes = 1;
    for index in 0..count(node) {
        let first = if index == 0 { first } else { Some(tree.layout.entry(node, index)) };
        assert!(first.is_none_or(|first| found.last().is_none_or(|last| *last < first)));
        let child = tree.layout.child(node, index);
        assert_eq!(level(tree.nodes.get(child)) + 1, level(node));
        nodes += walk(tree, child, first, found);
    }
    nodes
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u16),
    InsertRun(u16, u16),
    Remove(u16),
    RemoveRun(u16, u16),
    End(bool),
    Publish(bool),
}

fn op() -> impl Strategy<Value = Op> {
    // Under Miri runs are as long as a few nodes, and close together, so that they meet.
    let (value, run) = if cfg!(miri) { (0..60_u16, 40_u16) } else { (0..2000, 200) };
    prop_oneof![
        4 => value.clone().prop_map(Op::Insert),
        3 => (value.clone(), 0..run).prop_map(|(from, len)| Op::InsertRun(from, len)),
        4 => value.clone().prop_map(Op::Remove),
        3 => (value, 0..run + run / 2).prop_map(|(from, len)| Op::RemoveRun(from, len)),
        3 => prop::bool::weighted(0.7).prop_map(Op::End),
        2 => prop::bool::weighted(0.7).prop_map(Op::Publish),
    ]
}

fn apply(store: &mut Store, model: &mut BTreeSet<Vec<u8>>, op: &Op) {
    let (values, is_new) = match *op {
        Op::Insert(value) => (value..value + 1, true),
        Op::InsertRun(from, len) => (from..from + len, true),
        Op::Remove(value) => (value..value + 1, false),
        Op::RemoveRun(from, len) => (from..from + len, false),
        Op::End(_) | Op::Publish(_) => unreachable!("handled by the caller"),
    };
    let definition = long_keys();
    let mut batch = store.batch();
    let shape = batch.version().indexes.nodes[0].shape;
    batch.indexes.undo.note_shape(0, shape);
    *batch.changed = true;
    for value in values {
        let entry = entry(value);
        let mut tree = batch.edit_tree(0, &definition);
        if is_new {
            assert_eq!(tree.insert(&entry).unwrap(), model.insert(entry));
        } else {
            assert_eq!(tree.remove(&entry).unwrap(), model.remove(&entry));
        }
    }
}

fn tree(indexes: &Indexes) -> Tree<'_> {
    indexes.tree(0)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { ProptestConfig::default().cases.max(60) },
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_tree_does_what_a_set_does(ops in prop::collection::vec(op(), 1..if cfg!(miri) { 10 } else { 100 })) {
        let definitions = Definitions::new(1, vec![long_keys()]);
        let mut store = Store::with_indexes([RowShape::plain(252)], definitions, usize::MAX);
        let published = store.published();
        let mut committed = BTreeSet::new();
        let mut visible = BTreeSet::new();
        let mut running = BTreeSet::new();
        let mut pinned = Vec::new();
        let mut is_running = false;
        for op in &ops {
            match op {
                Op::End(keep) if is_running => {
                    let mut batch = store.batch();
                    if *keep {
                        batch.commit();
                        committed = running.clone();
                    } else {
                        batch.rollback();
                        running = committed.clone();
                    }
                    is_running = false;
                    check(tree(&store.batch().version().indexes), &committed);
                }
                Op::Publish(keep) if !is_running => {
                    if *keep {
                        store.publish();
                        visible = committed.clone();
                    } else {
                        store.discard();
                        committed = visible.clone();
                        running = visible.clone();
                    }
                    check(tree(&store.batch().version().indexes), &committed);
                    pinned.push((published.load(), visible.clone()));
                    if pinned.len() > 3 {
                        let (version, model) = pinned.remove(0);
                        check(tree(&version.indexes), &model);
                    }
                }
                Op::End(_) | Op::Publish(_) => {}
                op => {
                    if !is_running {
                        store.batch().begin();
                        is_running = true;
                    }
                    apply(&mut store, &mut running, op);
                    check(tree(&store.batch().version().indexes), &running);
                }
            }
        }
        for (version, model) in pinned.drain(..) {
            check(tree(&version.indexes), &model);
        }
        let meter = std::sync::Arc::clone(store.meter());
        drop((store, published));
        prop_assert_eq!(meter.allocated_bytes(), 0, "no node is lost");
    }

    #[test]
    fn ranges_and_estimates_are_those_of_a_set(
        values in prop::collection::btree_set(0..3000_u16, 0..if cfg!(miri) { 60 } else { 1500 }),
        from in 0..3000_u16,
        len in 0..3000_u16,
    ) {
        let entries: Vec<Vec<u8>> = values.iter().map(|value| entry(*value)).collect();
        let built = built(&entries);
        let tree = Tree { nodes: &built, layout: long_keys().layout() };
        check(tree, &entries.iter().cloned().collect());
        let (low, high) = (entry(from), entry(from.saturating_add(len)));
        let expected: Vec<&[u8]> =
            entries.iter().map(|entry| &**entry).filter(|entry| **entry >= *low && **entry < *high).collect();
        prop_assert!(tree.range(&low, &high).eq(expected.iter().copied()));
        prop_assert!(tree.range(&low, &high).rev().eq(expected.iter().rev().copied()));
        prop_assert_eq!(tree.first(&low), entries.iter().map(|entry| &**entry).find(|entry| *entry >= &*low));
        // From both ends in turn.
        let mut both = tree.range(&low, &high);
        let mut seen = Vec::new();
        while let Some(entry) = both.next() {
            seen.push(entry);
            seen.extend(both.next_back());
        }
        seen.sort_unstable();
        prop_assert_eq!(&seen, &expected);
        let estimate = tree.estimate(&low, &high) as f64;
        let error = (estimate - expected.len() as f64).abs();
        prop_assert!(error <= 40.0 + 0.1 * entries.len() as f64, "{estimate} of {}", expected.len());
        let keys: BTreeSet<&[u8]> = entries.iter().map(|entry| &entry[..252]).collect();
        prop_assert_eq!(built.shape.keys, keys.len() as u64, "what is built at once is counted exactly");
    }
}

fn built(entries: &[Vec<u8>]) -> Nodes {
    let layout: NodeLayout = long_keys().layout();
    let meter = std::sync::Arc::default();
    let node = || Ok(PageRef::new(crate::bytes::Page::zeroed(layout.node_bytes() / crate::bytes::Line::BYTES, &meter)));
    tree::build(layout, entries.iter().map(|entry| &**entry), node).unwrap()
}

#[test]
fn what_is_put_in_in_order_fills_its_nodes() {
    let definitions = Definitions::new(1, vec![long_keys()]);
    let mut store = Store::with_indexes([RowShape::plain(252)], definitions, usize::MAX);
    store.batch().begin();
    apply(&mut store, &mut BTreeSet::new(), &Op::InsertRun(0, 300));
    let batch = store.batch();
    let tree = batch.version().indexes.tree(0);
    let leaves = (0..tree.nodes.end()).filter(|node| level(tree.nodes.get(*node)) == 0).count();
    assert_eq!(leaves, 300_usize.div_ceil(tree.layout.capacity(0)));
}
