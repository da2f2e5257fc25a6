//! A tree against a set of its entries, transaction by transaction.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::bytes::PageRef;
use crate::schema::{FieldType, IndexKind, KeySpec, Scalar};
use crate::storage::index::Tree;
use crate::storage::index::buckets::{self, Bucket};
use crate::storage::index::definition::{Definitions, IndexDefinition, IndexRole};
use crate::storage::index::fill::fill;
use crate::storage::index::node::{NodeLayout, count, level};
use crate::storage::index::nodes::{Nodes, ROOTS};
use crate::storage::{RowShape, Store, Version};

/// An index whose keys are so long that a node has few of them.
pub fn long_keys() -> IndexDefinition {
    let key = FieldType::Array { element: FieldType::Scalar(Scalar::U8).into(), len: 252 };
    IndexDefinition {
        table: 0,
        table_name: "t".into(),
        name: "long".into(),
        kind: IndexKind::Ordered,
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

/// An index of hashes.
pub fn hashes() -> IndexDefinition {
    IndexDefinition { name: "hashes".into(), kind: IndexKind::Hash, ..long_keys() }
}

/// An entry of [`hashes`]: many that are spread evenly, many between two hashes, many with hashes that hardly differ, and many with one.
fn hash_entry(value: u16) -> Vec<u8> {
    let spread = u32::from(value).wrapping_mul(0x9E37_79B9);
    let hash = match value % 8 {
        0 => 0xA5A5_0000 | spread >> 28,
        1 => 0xFFFF_FFFE,
        2 | 3 => 0x4800_0000 | spread >> 8,
        _ => spread,
    };
    [hash.to_be_bytes(), u32::from(value).to_be_bytes()].concat()
}

/// Checks everything that must hold of the nodes of an index, and that they have these entries.
pub fn check(nodes: &Nodes, layout: NodeLayout, entries: &BTreeSet<Vec<u8>>) {
    let shape = nodes.shape;
    assert_eq!(shape.entries, entries.len() as u64);
    assert_eq!(shape.keys > 0, !entries.is_empty());
    let (mut found, mut kept) = (Vec::new(), 0);
    let mut next = Some(0);
    while let Some(hash) = next {
        let bucket = Bucket::of(hash, shape.trees);
        let tree = Tree { nodes, layout, root: ROOTS + bucket.number };
        let before = found.len();
        if nodes.has(tree.root) {
            kept += walk(tree, tree.root, None, &mut found);
        }
        check_tree(tree, &found[before..]);
        if shape.trees > 1 {
            let is_mine = |entry: &&[u8]| nodes.root_of(entry) == tree.root;
            assert!(found[before..].iter().all(is_mine), "a bucket has the entries with its hashes");
        }
        next = bucket.end();
    }
    assert!(found.iter().copied().eq(entries.iter().map(|entry| &**entry)));
    assert_eq!(nodes.pages(), kept, "every node that is kept is part of a tree");
}

/// Checks that a tree gives its entries in both directions.
fn check_tree(tree: Tree<'_>, entries: &[&[u8]]) {
    let (low, high) = (vec![0; tree.layout.width()], vec![u8::MAX; tree.layout.width()]);
    assert!(tree.range(&low, &high).eq(entries.iter().copied()));
    assert!(tree.range(&low, &high).rev().eq(entries.iter().rev().copied()));
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
    let mut batch = store.batch();
    let definition = batch.version().indexes.definitions.all()[0].clone();
    let shape = batch.version().indexes.nodes[0].shape;
    batch.indexes.undo.note_shape(0, shape);
    *batch.changed = true;
    if is_new && definition.kind == IndexKind::Hash {
        batch.edit_tree(0, &definition, &[]).widen(shape.entries + values.len() as u64).unwrap();
    }
    for value in values {
        let entry = if definition.kind == IndexKind::Hash { hash_entry(value) } else { entry(value) };
        if is_new {
            assert_eq!(batch.edit_tree(0, &definition, &entry).insert(&entry).unwrap(), model.insert(entry));
        } else {
            assert_eq!(batch.edit_tree(0, &definition, &entry).remove(&entry).unwrap(), model.remove(&entry));
        }
    }
    if definition.kind == IndexKind::Hash {
        batch.edit_tree(0, &definition, &[]).narrow().unwrap();
    }
}

fn check_version(version: &Version, entries: &BTreeSet<Vec<u8>>) {
    check(&version.indexes.nodes[0], version.indexes.definitions.all()[0].layout(), entries);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 2 } else { ProptestConfig::default().cases.max(60) },
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_tree_does_what_a_set_does(
        is_hash: bool,
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 10 } else { 100 }),
    ) {
        let definitions = Definitions::new(1, vec![if is_hash { hashes() } else { long_keys() }]);
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
                    check_version(store.batch().version(), &committed);
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
                    check_version(store.batch().version(), &committed);
                    pinned.push((published.load(), visible.clone()));
                    if pinned.len() > 3 {
                        let (version, model) = pinned.remove(0);
                        check_version(&version, &model);
                    }
                }
                Op::End(_) | Op::Publish(_) => {}
                op => {
                    if !is_running {
                        store.batch().begin();
                        is_running = true;
                    }
                    apply(&mut store, &mut running, op);
                    check_version(store.batch().version(), &running);
                }
            }
        }
        for (version, model) in pinned.drain(..) {
            check_version(&version, &model);
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
        let tree = Tree { nodes: &built, layout: long_keys().layout(), root: ROOTS };
        check(&built, tree.layout, &entries.iter().cloned().collect());
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
    filled(long_keys().layout(), 1, &entries.concat())
}

fn filled(layout: NodeLayout, trees: u32, entries: &[u8]) -> Nodes {
    let meter = std::sync::Arc::default();
    let node = || Ok(PageRef::new(crate::bytes::Page::zeroed(layout.node_bytes() / crate::bytes::Line::BYTES, &meter)));
    fill(layout, trees, entries, node).unwrap()
}

#[test]
fn what_is_put_in_in_order_fills_its_nodes() {
    let definitions = Definitions::new(1, vec![long_keys()]);
    let mut store = Store::with_indexes([RowShape::plain(252)], definitions, usize::MAX);
    store.batch().begin();
    apply(&mut store, &mut BTreeSet::new(), &Op::InsertRun(0, 300));
    let batch = store.batch();
    let tree = batch.version().indexes.tree(0, &[]);
    let leaves = (0..tree.nodes.end()).filter(|node| level(tree.nodes.get(*node)) == 0).count();
    assert_eq!(leaves, 300_usize.div_ceil(tree.layout.capacity(0)));
}

#[test]
fn buckets_come_with_entries_and_go_with_them() {
    let definitions = Definitions::new(1, vec![hashes()]);
    let mut store = Store::with_indexes([RowShape::plain(252)], definitions, usize::MAX);
    let mut entries = BTreeSet::new();
    let trees = |store: &mut Store| store.batch().version().indexes.nodes[0].shape.trees;
    let per_bucket = u16::try_from(buckets::load(hashes().layout())).unwrap();
    let count = if cfg!(miri) { 300 } else { 6000 };
    store.batch().begin();
    apply(&mut store, &mut entries, &Op::InsertRun(0, count));
    check_version(store.batch().version(), &entries);
    assert_eq!(trees(&mut store), u32::from(count.div_ceil(per_bucket)));
    // Those that are spread evenly go first. What is left has few hashes, and its buckets are trees.
    for value in (0..count).filter(|value| value % 8 > 3) {
        apply(&mut store, &mut entries, &Op::Remove(value));
    }
    check_version(store.batch().version(), &entries);
    for value in (0..count).filter(|value| value % 8 <= 3) {
        apply(&mut store, &mut entries, &Op::Remove(value));
    }
    check_version(store.batch().version(), &entries);
    assert_eq!(trees(&mut store), 1);
    assert_eq!(store.batch().version().indexes.nodes[0].pages(), 0);
}

#[test]
fn a_frequent_key_does_not_keep_buckets() {
    let definitions = Definitions::new(1, vec![hashes()]);
    let mut store = Store::with_indexes([RowShape::plain(252)], definitions, usize::MAX);
    let mut entries = BTreeSet::new();
    let count = if cfg!(miri) { 600 } else { 8000 };
    store.batch().begin();
    apply(&mut store, &mut entries, &Op::InsertRun(0, count));
    // Of those that are spread evenly a few stay, beside one hash that several leaves have.
    let stays = |value: &u16| value % 64 == 5 || value % 8 == 1 && *value < count / 4;
    for value in (0..count).filter(|value| !stays(value)) {
        apply(&mut store, &mut entries, &Op::Remove(value));
        let batch = store.batch();
        let shape = batch.version().indexes.nodes[0].shape;
        let fits = shape.entries * 4 >= u64::from(shape.trees) * buckets::load(hashes().layout());
        assert!(fits || shape.trees == 1, "{shape:?}");
    }
    check_version(store.batch().version(), &entries);
}

#[test]
fn a_bucket_that_is_a_tree_is_divided_anywhere() {
    let layout = long_keys().layout();
    let all: Vec<u16> = (0..if cfg!(miri) { 60 } else { 400 }).map(|value| value * 2).collect();
    for bound in (0..=801).step_by(if cfg!(miri) { 200 } else { 13 }) {
        let definitions = Definitions::new(1, vec![long_keys()]);
        let mut store = Store::with_indexes([RowShape::plain(252)], definitions, usize::MAX);
        store.batch().begin();
        let mut batch = store.batch();
        let definition = long_keys();
        for value in &all {
            batch.edit_tree(0, &definition, &[]).insert(&entry(*value)).unwrap();
        }
        batch.edit_tree(0, &definition, &[]).divide_root(ROOTS, ROOTS + 1, &entry(bound)).unwrap();
        let nodes = &batch.version().indexes.nodes[0];
        let mut kept = 0;
        for (root, values) in [(ROOTS, 0..bound), (ROOTS + 1, bound..u16::MAX)] {
            let expected: Vec<Vec<u8>> =
                all.iter().filter(|value| values.contains(value)).map(|value| entry(*value)).collect();
            let (tree, mut found) = (Tree { nodes, layout, root }, Vec::new());
            if nodes.has(root) {
                kept += walk(tree, root, None, &mut found);
            }
            assert_eq!(found, expected);
            check_tree(tree, &found);
        }
        assert_eq!(nodes.pages(), kept);
    }
}

#[test]
fn buckets_that_are_filled_at_once_are_those_that_come_step_by_step() {
    let count: u16 = if cfg!(miri) { 300 } else { 3000 };
    let entries: BTreeSet<Vec<u8>> = (0..count).map(hash_entry).collect();
    let all = entries.iter().flatten().copied().collect::<Vec<u8>>();
    let layout = hashes().layout();
    for trees in [1, 2, 7, buckets::count_for(u64::from(count), layout), 20] {
        check(&filled(layout, trees, &all), layout, &entries);
    }
}
