//! Random references against a naive model that follows them by looking at everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;

use ecsdb::{Component, Db, Entity, OpError, Ref, TransactionError};
use ecsdb_tests::simulated::Simulated;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Component)]
struct Node {
    #[component(on_delete = "cascade")]
    parent: Option<Ref<Node>>,
    #[component(on_delete = "set_null")]
    friend: Option<Ref<Node>>,
    #[component(on_delete = "set_null")]
    list: Vec<Ref<Node>>,
    needs: Option<Ref<Node>>,
}

/// A second table, so that rows can go without their entities.
#[derive(Component)]
struct Mark {
    #[component(on_delete = "remove")]
    of: Ref<Node>,
}

ecsdb::schema! { World: Node, Mark }

/// What a model knows of a node; entities by their numbers.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    parent: Option<usize>,
    friend: Option<usize>,
    list: Vec<usize>,
    needs: Option<usize>,
}

/// Everything there is, by numbers that are never given again.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    alive: BTreeSet<usize>,
    nodes: BTreeMap<usize, Row>,
    marks: BTreeMap<usize, usize>,
}

#[derive(Clone, Debug)]
enum Op {
    Spawn(u8, u8, Vec<u8>, u8),
    Parent(u8, u8),
    Friend(u8, u8),
    List(u8, Vec<u8>),
    Needs(u8, u8),
    Mark(u8, u8),
    Despawn(u8),
    Remove(u8),
}

fn any_op() -> impl Strategy<Value = Op> {
    let n = || any::<u8>();
    prop_oneof![
        4 => (n(), n(), vec(n(), 0..3), n()).prop_map(|(a, b, list, c)| Op::Spawn(a, b, list, c)),
        2 => (n(), n()).prop_map(|(a, b)| Op::Parent(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Friend(a, b)),
        1 => (n(), vec(n(), 0..4)).prop_map(|(a, list)| Op::List(a, list)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Needs(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Op::Mark(a, b)),
        2 => n().prop_map(Op::Despawn),
        1 => n().prop_map(Op::Remove),
    ]
}

impl Model {
    /// One of all that were ever there, dead ones too; mostly one that is.
    fn pick(&self, n: u8, count: usize) -> Option<usize> {
        let alive: Vec<usize> = self.nodes.keys().copied().collect();
        match n {
            0..60 => None,
            60..64 if count > 0 => Some(usize::from(n) % count),
            _ => alive.get(usize::from(n) % alive.len().max(1)).copied(),
        }
    }

    /// Follows the deletions until nothing changes, of nodes that the transaction may have removed. Says whether the result may be.
    fn settle(&mut self, was_there: impl Fn(usize) -> bool) -> bool {
        loop {
            let before = self.clone();
            let there: BTreeSet<usize> = self.nodes.keys().copied().collect();
            let is_gone = |of: usize| !there.contains(&of) && was_there(of);
            let cascading: Vec<usize> = self
                .nodes
                .iter()
                .filter(|(_, row)| row.parent.is_some_and(is_gone))
                .map(|(number, _)| *number)
                .collect();
            for number in cascading {
                self.alive.remove(&number);
                self.nodes.remove(&number);
                self.marks.remove(&number);
            }
            for row in self.nodes.values_mut() {
                row.friend = row.friend.filter(|of| !is_gone(*of));
                row.list.retain(|of| !is_gone(*of));
            }
            self.marks.retain(|_, of| !is_gone(*of));
            if *self == before {
                let named = |row: &Row| {
                    [row.parent, row.friend, row.needs]
                        .into_iter()
                        .flatten()
                        .chain(row.list.clone())
                        .collect::<Vec<_>>()
                };
                let mut names = self.nodes.values().flat_map(named).chain(self.marks.values().copied());
                return names.all(|of| there.contains(&of));
            }
        }
    }
}

/// The database, with the entities in the order in which they came.
struct Playground {
    db: Db<World>,
    entities: Vec<Entity>,
}

/// What stands there for a number.
fn row(row: &Row, entities: &[Entity]) -> Node {
    let to = |number: &usize| Ref::to(entities[*number]);
    Node {
        parent: row.parent.as_ref().map(to),
        friend: row.friend.as_ref().map(to),
        list: row.list.iter().map(to).collect(),
        needs: row.needs.as_ref().map(to),
    }
}

impl Playground {
    /// Does the operations in one transaction, in the database and in the model. Rows that come dangling are refused by both.
    fn run(&mut self, ops: Vec<Op>, model: &mut Model) -> Result<(), TestCaseError> {
        let (mut next, mut all, before) = (model.clone(), self.entities.clone(), self.entities.len());
        let (tell, told) = channel();
        let outcome = self.db.write(move |tx| {
            for op in ops {
                let count = all.len();
                let pick = |n: &u8| next.pick(*n, count);
                match op {
                    Op::Spawn(a, b, list, c) => {
                        let made = Row {
                            parent: pick(&a),
                            friend: pick(&b),
                            list: list.iter().filter_map(pick).collect(),
                            needs: pick(&c),
                        };
                        let entity = tx.spawn(row(&made, &all))?;
                        next.alive.insert(count);
                        next.nodes.insert(count, made);
                        all.push(entity);
                    }
                    Op::Parent(of, to) => {
                        let (Some(of), to) = (pick(&of), pick(&to)) else { continue };
                        let Some(found) = next.nodes.get_mut(&of) else { continue };
                        found.parent = to;
                        tx.update(all[of], Node::C.parent.set(to.map(|to| Ref::to(all[to]))))?;
                    }
                    Op::Friend(of, to) => {
                        let (Some(of), to) = (pick(&of), pick(&to)) else { continue };
                        let Some(found) = next.nodes.get_mut(&of) else { continue };
                        found.friend = to;
                        let to = to.map(|to| Ref::to(all[to]));
                        tx.modify(all[of], |node: &mut Node| node.friend = to)?;
                    }
                    Op::List(of, list) => {
                        let (Some(of), list) = (pick(&of), list.iter().filter_map(pick).collect::<Vec<_>>()) else {
                            continue;
                        };
                        let Some(found) = next.nodes.get_mut(&of) else { continue };
                        found.list = list;
                        let found = row(found, &all);
                        tx.insert(all[of], found)?;
                    }
                    Op::Needs(of, to) => {
                        let (Some(of), to) = (pick(&of), pick(&to)) else { continue };
                        let Some(found) = next.nodes.get_mut(&of) else { continue };
                        found.needs = to;
                        tx.update(all[of], Node::C.needs.set(to.map(|to| Ref::to(all[to]))))?;
                    }
                    Op::Mark(on, of) => {
                        let (Some(on), Some(of)) = (pick(&on), pick(&of)) else { continue };
                        if next.alive.contains(&on) {
                            next.marks.insert(on, of);
                            tx.insert(all[on], Mark { of: Ref::to(all[of]) })?;
                        }
                    }
                    Op::Despawn(of) => {
                        let Some(of) = pick(&of).filter(|of| next.alive.contains(of)) else { continue };
                        next.alive.remove(&of);
                        next.nodes.remove(&of);
                        next.marks.remove(&of);
                        tx.despawn(all[of])?;
                    }
                    Op::Remove(of) => {
                        let Some(of) = pick(&of).filter(|of| next.nodes.contains_key(of)) else { continue };
                        next.nodes.remove(&of);
                        tx.remove::<Node>(all[of])?;
                    }
                }
                if next.nodes.len() % 3 == 0 {
                    // Indexes that are brought in line in between must make no difference.
                    let _ =
                        tx.children(Node::C.parent, *all.first().unwrap_or(&Entity::from_bits(1 << 32).unwrap()))?;
                }
            }
            // Also what a transaction did that is refused at its end.
            let _ = tell.send((next, all));
            Ok(())
        });
        let Ok((mut next, all)) = told.recv() else { return Err(TestCaseError::fail(format!("{outcome:?}"))) };
        let may_be = next.settle(|of| model.nodes.contains_key(&of) || of >= before);
        match outcome {
            Ok(()) => {
                prop_assert!(may_be, "something was taken that leads nowhere: {:?}", next);
                *model = next;
                self.entities = all;
            }
            Err(TransactionError::Op(OpError::Dangling(_) | OpError::Restricted(_))) => {
                prop_assert!(!may_be, "something was refused that may be: {:?}", next);
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
        Ok(())
    }

    fn check(&self, model: &Model) -> Result<(), TestCaseError> {
        let snapshot = self.db.snapshot();
        let number = |entity: Entity| self.entities.iter().position(|known| *known == entity).unwrap();
        let mut found = Model { alive: snapshot.entities().map(number).collect(), ..Model::default() };
        for (entity, node) in snapshot.query::<(Entity, NodeRef<'_>)>() {
            let of = |of: Ref<Node>| number(of.entity());
            let row = Row {
                parent: node.parent().map(of),
                friend: node.friend().map(of),
                list: node.list().iter().map(|entity| of(*entity)).collect(),
                needs: node.needs().map(of),
            };
            found.nodes.insert(number(entity), row);
        }
        for (entity, mark) in snapshot.query::<(Entity, MarkRef<'_>)>() {
            found.marks.insert(number(entity), number(mark.of().entity()));
        }
        prop_assert_eq!(&found, model);
        for of in model.nodes.keys() {
            let children: BTreeSet<usize> =
                snapshot.children(Node::C.parent, self.entities[*of]).map(|(entity, _)| number(entity)).collect();
            let expected =
                model.nodes.iter().filter(|(_, row)| row.parent == Some(*of)).map(|(number, _)| *number).collect();
            prop_assert_eq!(children, expected);
            let listed = snapshot.children(Node::C.list, self.entities[*of]).count();
            prop_assert_eq!(listed, model.nodes.values().filter(|row| row.list.contains(of)).count());
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn references_are_what_a_naive_model_says(rounds in vec(vec(any_op(), 1..8), 1..30)) {
        let media = Simulated::new();
        let open = || Db::<World>::builder().media(media.clone()).directory("save").worker_threads(1).open().unwrap();
        let (mut world, mut model) = (Playground { db: open(), entities: Vec::new() }, Model::default());
        for (round, ops) in rounds.into_iter().enumerate() {
            world.run(ops, &mut model)?;
            world.check(&model)?;
            if round % 10 == 9 {
                drop(world.db);
                world.db = open();
                world.check(&model)?;
            }
        }
    }
}
