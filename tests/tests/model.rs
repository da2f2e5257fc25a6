//! The whole engine against a naive map: random transactions in random batches, and snapshots that are looked at later.
//!
//! `PROPTEST_CASES` says how many sequences are tried, here as in every property test, whatever their configuration says.

use std::collections::BTreeSet;
use std::panic::panic_any;
use std::sync::{Arc, Mutex};

use ecsdb::query::has;
use ecsdb::transaction::Counted;
use ecsdb::{Commit, Db, Entity, OpError, Snapshot, Ticket, Transaction, TransactionBuilder, TransactionError};
use ecsdb_tests::model::{Answer, Failure, Op, Rows, Sum, UPDATES};
use ecsdb_tests::model::{apply, check, check_view, pick, pick_all, update_all};
use ecsdb_tests::world::*;
use ecsdb_tests::{block_on, block_writer, on_bundle, on_table};
use proptest::prelude::*;

/// How a transaction ends, if its operations let it.
#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Abort,
    Panic,
}

#[derive(Clone, Debug)]
enum Tx {
    /// A closure that goes on after operations that fail, or gives up.
    Closure {
        ops: Vec<Op>,
        end: End,
        stubborn: bool,
    },
    Builder(Vec<Op>),
}

#[derive(Clone, Debug)]
enum Step {
    Batch(Vec<Tx>),
    /// A builder whose caller waits.
    Visible(Vec<Op>),
    /// One operation by a method of the database, or of its table.
    One(Op, bool),
    /// Pin what is published.
    Pin,
    /// Look at the oldest pin once more and let it go.
    Unpin,
    Trim,
    Reserve(usize),
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..1000_u64, 1 => Just(u64::from(u32::MAX) - 3), 1 => any::<u64>()]
}

fn sum() -> impl Strategy<Value = Sum> {
    prop::sample::select(Sum::ALL.to_vec())
}

/// Tables whose rows are all in the number that they stand for: of a purse that is only the gold.
fn rows_with_one_number() -> impl Strategy<Value = usize> {
    (0..SAMPLES).prop_filter("a purse has more", |table| *table != 3)
}

fn op() -> impl Strategy<Value = Op> {
    let who = any::<usize>;
    let table = 0..SAMPLES;
    prop_oneof![
        6 => (0..9_usize, number()).prop_map(|(bundle, v)| Op::Spawn(bundle, v)),
        2 => who().prop_map(Op::SpawnItem),
        4 => who().prop_map(Op::Despawn),
        8 => (who(), table.clone(), number()).prop_map(|(e, t, v)| Op::Insert(e, t, v)),
        2 => (who(), who()).prop_map(|(e, o)| Op::InsertItem(e, o)),
        5 => (who(), 0..=NOTE).prop_map(|(e, t)| Op::Remove(e, t)),
        3 => (who(), table.clone(), number()).prop_map(|(e, t, v)| Op::Replace(e, t, v)),
        3 => (who(), number()).prop_map(|(e, v)| Op::InsertNote(e, v)),
        3 => (who(), number()).prop_map(|(e, v)| Op::Rewrite(e, v)),
        1 => (who(), 0..30_usize, table.clone(), number()).prop_map(|(e, n, t, v)| Op::InsertAll(e, n, t, v)),
        1 => (number(), sum(), 0..1000_u32).prop_map(|(limit, s, v)| Op::UpdateWhere(limit, s, v)),
        1 => (0..700_u32).prop_map(Op::RemoveWhere),
        1 => (0..400_u32).prop_map(Op::DespawnWhere),
        1 => who().prop_map(Op::RequireAlive),
        4 => (who(), sum(), number()).prop_map(|(e, s, v)| Op::Number(e, s, v as u32)),
        4 => (who(), sum(), number()).prop_map(|(e, s, v)| Op::Gold(e, s, v)),
        2 => (who(), any::<i32>()).prop_map(|(e, v)| Op::Move(e, v)),
        2 => (who(), sum(), number()).prop_map(|(e, s, v)| Op::Upsert(e, s, v)),
        2 => (who(), table.clone(), number()).prop_map(|(e, t, v)| Op::InsertIfAbsent(e, t, v)),
        1 => (who(), table.clone()).prop_map(|(e, t)| Op::RequirePresent(e, t)),
        1 => (who(), table.clone()).prop_map(|(e, t)| Op::RequireAbsent(e, t)),
        1 => (who(), rows_with_one_number(), 0..3_u64).prop_map(|(e, t, v)| Op::RequireRow(e, t, v)),
        1 => (who(), 0..2000_u32).prop_map(|(e, v)| Op::RequireBelow(e, v)),
        1 => (who(), who()).prop_map(|(e, o)| Op::RequireOwner(e, o)),
        2 => (0..9_usize, 0..150_usize, 0..1000_u64).prop_map(|(bundle, n, v)| Op::SpawnAll(bundle, n, v)),
        3 => (who(), table.clone(), number()).prop_map(|(e, t, v)| Op::Modify(e, t, v)),
        2 => (0..UPDATES).prop_map(Op::UpdateAll),
        3 => (who(), table).prop_map(|(e, t)| Op::Read(e, t)),
    ]
}

/// What the database has a method for.
fn one() -> impl Strategy<Value = Op> {
    let (who, table) = (any::<usize>, 0..SAMPLES);
    prop_oneof![
        (0..9_usize, number()).prop_map(|(bundle, v)| Op::Spawn(bundle, v)),
        who().prop_map(Op::Despawn),
        (who(), table.clone(), number()).prop_map(|(e, t, v)| Op::Insert(e, t, v)),
        (who(), table).prop_map(|(e, t)| Op::Remove(e, t)),
        (who(), sum(), number()).prop_map(|(e, s, v)| Op::Number(e, s, v as u32)),
        (who(), number()).prop_map(|(e, v)| Op::InsertNote(e, v)),
    ]
}

fn ops_of_a_builder() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op().prop_filter("for builders", Op::is_for_builders), 0..8)
}

fn tx() -> impl Strategy<Value = Tx> {
    let end = prop_oneof![6 => Just(End::Commit), 1 => Just(End::Abort), 1 => Just(End::Panic)];
    prop_oneof![
        (prop::collection::vec(op(), 0..12), end, any::<bool>()).prop_map(|(ops, end, stubborn)| Tx::Closure {
            ops,
            end,
            stubborn
        }),
        ops_of_a_builder().prop_map(Tx::Builder),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => prop::collection::vec(tx(), 1..5).prop_map(Step::Batch),
        2 => ops_of_a_builder().prop_map(Step::Visible),
        3 => (one(), any::<bool>()).prop_map(|(op, by_table)| Step::One(op, by_table)),
        3 => Just(Step::Pin),
        2 => Just(Step::Unpin),
        1 => Just(Step::Trim),
        1 => (1..500_usize).prop_map(Step::Reserve),
    ]
}

/// What the operations of a closure have answered, and the entities that they made.
type Trace = Vec<(Answer, Vec<Entity>)>;

fn done(result: Result<(), OpError>) -> Answer {
    result.map_or_else(|error| Answer::Failed(Failure::of(&error)), |()| Answer::Done)
}

fn counted(result: Result<u64, OpError>) -> Answer {
    result.map_or_else(|error| Answer::Failed(Failure::of(&error)), |count| Answer::Number(Some(count)))
}

/// Does `op` on the engine.
fn run(tx: &mut Transaction<'_, World>, known: &mut Vec<Entity>, op: &Op) -> (Answer, Vec<Entity>) {
    let spawned = match *op {
        Op::Spawn(bundle, v) => vec![on_bundle!(bundle, v, b => tx.spawn(b)).unwrap()],
        Op::SpawnAll(bundle, count, v) => {
            let values = v..v + count as u64;
            on_bundle!(@all bundle, values, tx)
        }
        Op::SpawnItem(owner) => {
            vec![tx.spawn(Item { owner: pick(known, owner), makers: [None; 2], kind: 1 }).unwrap()]
        }
        _ => Vec::new(),
    };
    if let Op::Spawn(..) | Op::SpawnAll(..) | Op::SpawnItem(_) = op {
        known.extend(&spawned);
        return (Answer::Spawned(spawned.len()), spawned);
    }
    let who = |who| pick(known, who);
    let answer = match *op {
        Op::UpdateAll(form) => Answer::Number(Some(update_all(tx, form).unwrap())),
        Op::UpdateWhere(limit, sum, v) => counted(tx.update_where(Purse::C.gold.lt(limit), sum.of(Small::C.n, v))),
        Op::RemoveWhere(limit) => counted(tx.remove_where::<Pos>(Small::C.n.lt(limit))),
        Op::DespawnWhere(limit) => counted(tx.despawn_where(Small::C.n.lt(limit).and(has::<Frozen>()))),
        Op::InsertAll(e, n, t, v) => {
            let all = (v..=u64::MAX).chain(0..).zip(pick_all(known, e, n));
            counted(on_table!(t, T => tx.insert_all(all.map(|(v, entity)| (entity, T::sample(v))))))
        }
        _ if known.is_empty() => Answer::Done,
        Op::Despawn(e) => done(who(e).map_or(Ok(()), |e| tx.despawn(e))),
        Op::Insert(e, t, v) => done(who(e).map_or(Ok(()), |e| on_table!(t, T => tx.insert(e, T::sample(v))))),
        Op::InsertItem(e, o) => {
            let item = Item { owner: who(o), makers: [None; 2], kind: 2 };
            done(who(e).map_or(Ok(()), |e| tx.insert(e, item)))
        }
        Op::InsertNote(e, v) => done(who(e).map_or(Ok(()), |e| tx.insert(e, Note::of(v, v)))),
        Op::Rewrite(e, v) => done(who(e).map_or(Ok(()), |e| match v % 2 {
            0 => tx.update(e, Note::C.text.set(Note::text(v))),
            _ => tx.update(e, Note::C.numbers.set(Note::numbers(v))),
        })),
        Op::Replace(e, t, v) => done(who(e).map_or(Ok(()), |e| on_table!(t, T => tx.replace(e, T::sample(v))))),
        Op::RequireAlive(e) => done(who(e).map_or(Ok(()), |e| tx.require_alive(e))),
        Op::Remove(e, ITEM) => done(who(e).map_or(Ok(()), |e| tx.remove::<Item>(e))),
        Op::Remove(e, NOTE) => done(who(e).map_or(Ok(()), |e| tx.remove::<Note>(e))),
        Op::Remove(e, t) => done(who(e).map_or(Ok(()), |e| on_table!(t, T => tx.remove::<T>(e)))),
        Op::Number(e, sum, v) => done(who(e).map_or(Ok(()), |e| tx.update(e, sum.of(Small::C.n, v)))),
        Op::Gold(e, sum, v) => done(who(e).map_or(Ok(()), |e| tx.update(e, sum.of(Purse::C.gold, v)))),
        Op::Move(e, v) => done(who(e).map_or(Ok(()), |e| tx.update(e, (Pos::C.x.add(v), Pos::C.y.sub(v))))),
        Op::Upsert(e, sum, v) => done(who(e).map_or(Ok(()), |e| {
            let had = tx.contains::<Purse>(e);
            tx.upsert(e, Purse::sample(v), sum.of(Purse::C.gold, v)).map(|stored| assert_ne!(stored, had))
        })),
        Op::InsertIfAbsent(e, t, v) => done(who(e).map_or(Ok(()), |e| {
            on_table!(t, T => {
                let had = tx.contains::<T>(e);
                tx.insert_if_absent(e, T::sample(v)).map(|stored| assert_ne!(stored, had))
            })
        })),
        Op::RequirePresent(e, t) => done(who(e).map_or(Ok(()), |e| on_table!(t, T => tx.require_present::<T>(e)))),
        Op::RequireAbsent(e, t) => done(who(e).map_or(Ok(()), |e| on_table!(t, T => tx.require_absent::<T>(e)))),
        Op::RequireRow(e, t, v) => done(who(e).map_or(Ok(()), |e| on_table!(t, T => tx.require_row(e, T::sample(v))))),
        Op::RequireBelow(e, v) => done(who(e).map_or(Ok(()), |e| tx.require(e, Small::C.n.lt(v)))),
        Op::RequireOwner(e, o) => done(who(e).map_or(Ok(()), |e| tx.require(e, Item::C.owner.eq(who(o))))),
        Op::Modify(e, t, v) => {
            done(who(e).map_or(Ok(()), |e| on_table!(t, T => tx.modify(e, |row: &mut T| *row = T::sample(v)))))
        }
        Op::Read(e, t) => Answer::Number(who(e).and_then(|e| on_table!(t, T => tx.get::<T>(e).map(T::number)))),
        Op::Spawn(..) | Op::SpawnAll(..) | Op::SpawnItem(_) => unreachable!("handled above"),
    };
    (answer, Vec::new())
}

/// A transaction that was queued.
enum Queued {
    Closure(Box<dyn Future<Output = Result<(), TransactionError>> + Unpin>, Arc<Mutex<Trace>>),
    Builder(Ticket, Vec<Counted>),
}

fn queue(db: &Db<World>, tx: &Tx, known: &[Entity]) -> Queued {
    match tx.clone() {
        Tx::Builder(ops) => {
            let (tx, counts) = fill(db, &ops, known);
            Queued::Builder(tx.commit().unwrap(), counts)
        }
        Tx::Closure { ops, end, stubborn } => {
            let trace: Arc<Mutex<Trace>> = Arc::default();
            let (told, mut known) = (Arc::clone(&trace), known.to_vec());
            let future = db.write_async(move |tx| {
                for op in &ops {
                    let answer = run(tx, &mut known, op);
                    let failed = matches!(answer.0, Answer::Failed(_));
                    told.lock().unwrap().push(answer);
                    if failed && !stubborn {
                        return Err(tx.abort("an operation failed"));
                    }
                }
                match end {
                    End::Commit => Ok(()),
                    End::Abort => Err(tx.abort("the end")),
                    End::Panic => panic_any("the end"),
                }
            });
            Queued::Closure(Box::new(Box::pin(future)), trace)
        }
    }
}

/// A builder with `ops`, and the claims on the counts of those that have one.
fn fill(db: &Db<World>, ops: &[Op], known: &[Entity]) -> (TransactionBuilder<World>, Vec<Counted>) {
    let (mut tx, mut known, mut counts) = (db.begin(), known.to_vec(), Vec::new());
    for op in ops {
        let who = |who| pick(&known, who);
        match *op {
            Op::Spawn(bundle, v) => {
                let promised = on_bundle!(bundle, v, b => tx.spawn(b));
                known.push(promised);
            }
            Op::SpawnItem(owner) => {
                let promised = tx.spawn(Item { owner: who(owner), makers: [None; 2], kind: 1 });
                known.push(promised);
            }
            Op::UpdateWhere(limit, sum, v) => {
                counts.push(tx.update_where(Purse::C.gold.lt(limit), sum.of(Small::C.n, v)));
            }
            Op::RemoveWhere(limit) => counts.push(tx.remove_where::<Pos>(Small::C.n.lt(limit))),
            Op::DespawnWhere(limit) => counts.push(tx.despawn_where(Small::C.n.lt(limit).and(has::<Frozen>()))),
            _ if known.is_empty() => {}
            Op::InsertAll(e, n, t, v) => {
                let all = (v..=u64::MAX).chain(0..).zip(pick_all(&known, e, n));
                on_table!(t, T => tx.insert_all(all.map(|(v, entity)| (entity, T::sample(v)))));
            }
            Op::InsertNote(e, v) => tx.insert(who(e).unwrap(), Note::of(v, v)),
            Op::Rewrite(e, v) if v % 2 == 0 => tx.update(who(e).unwrap(), Note::C.text.set(Note::text(v))),
            Op::Rewrite(e, v) => tx.update(who(e).unwrap(), Note::C.numbers.set(Note::numbers(v))),
            Op::Replace(e, t, v) => on_table!(t, T => tx.replace(who(e).unwrap(), T::sample(v))),
            Op::RequireAlive(e) => tx.require_alive(who(e).unwrap()),
            Op::Despawn(e) => tx.despawn(who(e).unwrap()),
            Op::Insert(e, t, v) => on_table!(t, T => tx.insert(who(e).unwrap(), T::sample(v))),
            Op::InsertItem(e, o) => {
                tx.insert(who(e).unwrap(), Item { owner: who(o), makers: [who(o), None], kind: 2 });
            }
            Op::Remove(e, ITEM) => tx.remove::<Item>(who(e).unwrap()),
            Op::Remove(e, NOTE) => tx.remove::<Note>(who(e).unwrap()),
            Op::Remove(e, t) => on_table!(t, T => tx.remove::<T>(who(e).unwrap())),
            Op::Number(e, sum, v) => tx.update(who(e).unwrap(), sum.of(Small::C.n, v)),
            Op::Gold(e, sum, v) => tx.update(who(e).unwrap(), sum.of(Purse::C.gold, v)),
            Op::Move(e, v) => tx.update(who(e).unwrap(), (Pos::C.x.add(v), Pos::C.y.sub(v))),
            Op::Upsert(e, sum, v) => tx.upsert(who(e).unwrap(), Purse::sample(v), sum.of(Purse::C.gold, v)),
            Op::InsertIfAbsent(e, t, v) => on_table!(t, T => tx.insert_if_absent(who(e).unwrap(), T::sample(v))),
            Op::RequirePresent(e, t) => on_table!(t, T => tx.require_present::<T>(who(e).unwrap())),
            Op::RequireAbsent(e, t) => on_table!(t, T => tx.require_absent::<T>(who(e).unwrap())),
            Op::RequireRow(e, t, v) => on_table!(t, T => tx.require_row(who(e).unwrap(), T::sample(v))),
            Op::RequireBelow(e, v) => tx.require(who(e).unwrap(), Small::C.n.lt(v)),
            Op::RequireOwner(e, o) => tx.require(who(e).unwrap(), Item::C.owner.eq(who(o))),
            Op::SpawnAll(..) | Op::Modify(..) | Op::UpdateAll(_) | Op::Read(..) => unreachable!("not for builders"),
        }
    }
    (tx, counts)
}

/// Does `op` by a method of the database, or of its table, and gives back what it made.
fn one_by_one(db: &Db<World>, op: &Op, by_table: bool, known: &[Entity]) -> Result<Option<Entity>, TransactionError> {
    if let Op::Spawn(bundle, v) = *op {
        return on_bundle!(bundle, v, b => db.spawn(b)).map(Some);
    }
    let (Op::Despawn(e) | Op::Insert(e, ..) | Op::InsertNote(e, _) | Op::Remove(e, _) | Op::Number(e, ..)) = *op else {
        unreachable!("there is no method for {op:?}")
    };
    let Some(entity) = pick(known, e) else { return Ok(None) };
    let done = match *op {
        Op::Despawn(_) => db.despawn(entity),
        Op::Insert(_, t, v) if by_table => on_table!(t, T => {
            let table = db.table::<T>();
            let (before, had) = (table.len(), table.contains(entity));
            table.insert(entity, T::sample(v)).inspect(|()| assert_eq!(table.len(), before + usize::from(!had)))
        }),
        Op::Insert(_, t, v) => on_table!(t, T => db.insert(entity, T::sample(v))),
        Op::InsertNote(_, v) => {
            let table = db.table::<Note>();
            table.insert(entity, Note::of(v, v)).inspect(|()| assert_eq!(table.get(entity), Some(Note::of(v, v))))
        }
        Op::Remove(_, t) if by_table => on_table!(t, T => db.table::<T>().remove(entity)),
        Op::Remove(_, t) => on_table!(t, T => db.remove::<T>(entity)),
        Op::Number(_, sum, v) if by_table => db.table::<Small>().update(entity, sum.of(Small::C.n, v)),
        Op::Number(_, sum, v) => db.update(entity, sum.of(Small::C.n, v)),
        _ => unreachable!("handled above"),
    };
    done.map(|()| None)
}

/// The database and the model, and what is pinned.
struct Pair {
    db: Db<World>,
    rows: Rows,
    known: Vec<Entity>,
    /// Every entity that was ever handed out, also to transactions that were rolled back.
    seen: BTreeSet<Entity>,
    version: u64,
    pinned: Vec<(Snapshot<World>, Rows, BTreeSet<Entity>)>,
}

impl Pair {
    fn note(&mut self, spawned: &[Entity]) {
        for entity in spawned {
            assert!(self.seen.insert(*entity), "{entity} was handed out before");
        }
    }

    fn closure(&mut self, tx: &Tx, outcome: Result<(), TransactionError>, trace: Trace) {
        let Tx::Closure { ops, end, stubborn } = tx else { unreachable!("it was queued as a closure") };
        let (mut rows, mut known) = (self.rows.clone(), self.known.clone());
        let mut failed = false;
        for ((answer, spawned), op) in trace.iter().zip(ops) {
            self.note(spawned);
            assert_eq!(apply(&mut rows, &mut known, op, spawned), *answer, "{op:?}");
            failed |= matches!(answer, Answer::Failed(_));
        }
        let gives_up = failed && !stubborn;
        assert!(gives_up || trace.len() == ops.len(), "every operation was done");
        match (outcome, end) {
            (Ok(()), End::Commit) if !gives_up => (self.rows, self.known) = (rows, known),
            (Err(TransactionError::Aborted(_)), End::Abort) => {}
            (Err(TransactionError::Aborted(_)), _) if gives_up => {}
            (Err(TransactionError::Panicked { .. }), End::Panic) => {}
            (outcome, end) => panic!("{outcome:?} although it ends with {end:?}"),
        }
    }

    fn builder(&mut self, ops: &[Op], counts: &[Counted], outcome: Result<Commit, TransactionError>) {
        let (mut rows, mut known) = (self.rows.clone(), self.known.clone());
        let mut expected = Vec::new();
        // Those of a transaction that fails are not told; then any ids will do.
        let mut spawned = outcome
            .as_ref()
            .map(|commit| commit.entities.clone())
            .unwrap_or_else(|_| (0..ops.len() as u64).filter_map(|n| Entity::from_bits(u64::MAX - n)).collect());
        let failure = ops.iter().find_map(|op| {
            let made = usize::from(matches!(op, Op::Spawn(..) | Op::SpawnItem(_)));
            let rest = spawned.split_off(made.min(spawned.len()));
            let answer = apply(&mut rows, &mut known, op, &spawned);
            spawned = rest;
            if let (Op::UpdateWhere(..) | Op::RemoveWhere(_) | Op::DespawnWhere(_), Answer::Number(Some(count))) =
                (op, &answer)
            {
                expected.push(*count);
            }
            if let Answer::Failed(failure) = answer { Some(failure) } else { None }
        });
        match (outcome, failure) {
            (Ok(commit), None) => {
                self.note(&commit.entities);
                assert!(counts.iter().map(|counted| commit.count(*counted)).eq(expected));
                assert!(commit.version >= self.version);
                self.version = commit.version;
                (self.rows, self.known) = (rows, known);
            }
            (Err(TransactionError::Op(error)), Some(failure)) => assert_eq!(Failure::of(&error), failure),
            (outcome, failure) => panic!("{outcome:?}, but the model says {failure:?}"),
        }
    }

    fn check(&self) {
        check(&self.db.snapshot(), &self.rows, &self.seen);
        assert_eq!(self.db.stats().entities, self.rows.len() as u64);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Batch(transactions) => {
                let blocked = block_writer(&self.db);
                let queued: Vec<Queued> = transactions.iter().map(|tx| queue(&self.db, tx, &self.known)).collect();
                drop(blocked);
                // Picks are among what was known when the batch was queued, as in the engine.
                let known = self.known.clone();
                let mut new = Vec::new();
                for (tx, queued) in transactions.iter().zip(queued) {
                    self.known.clone_from(&known);
                    match (tx, queued) {
                        (Tx::Builder(ops), Queued::Builder(ticket, counts)) => {
                            self.builder(ops, &counts, ticket.visible());
                        }
                        (tx, Queued::Closure(future, trace)) => {
                            let outcome = block_on(future);
                            let trace = core::mem::take(&mut *trace.lock().unwrap());
                            self.closure(tx, outcome, trace);
                        }
                        _ => unreachable!("queued as what it is"),
                    }
                    new.extend_from_slice(&self.known[known.len()..]);
                }
                self.known = known;
                self.known.extend(new);
                self.check();
            }
            Step::Visible(ops) => {
                let (tx, counts) = fill(&self.db, ops, &self.known);
                self.builder(ops, &counts, tx.commit_visible());
                self.check();
            }
            Step::One(op, by_table) => {
                let outcome = one_by_one(&self.db, op, *by_table, &self.known);
                let spawned: Vec<Entity> = outcome.as_ref().ok().copied().flatten().into_iter().collect();
                self.note(&spawned);
                match (apply(&mut self.rows, &mut self.known, op, &spawned), outcome) {
                    (Answer::Done | Answer::Spawned(_), Ok(_)) => {}
                    (Answer::Failed(failure), Err(TransactionError::Op(error))) => {
                        assert_eq!(Failure::of(&error), failure, "{op:?}");
                    }
                    (answer, outcome) => panic!("{outcome:?}, but the model says {answer:?} to {op:?}"),
                }
                self.check();
            }
            Step::Pin if self.pinned.len() < 6 => {
                self.pinned.push((self.db.snapshot(), self.rows.clone(), self.seen.clone()));
            }
            Step::Unpin if !self.pinned.is_empty() => {
                let (snapshot, rows, seen) = self.pinned.remove(0);
                check(&snapshot, &rows, &seen);
            }
            Step::Pin | Step::Unpin => {}
            Step::Trim => self.db.trim().unwrap(),
            Step::Reserve(count) => self.db.reserve::<(Small, R100, Frozen)>(*count).unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_database_does_what_a_map_does(steps in prop::collection::vec(step(), 1..30)) {
        let db = Db::<World>::builder().worker_threads(1).open().unwrap();
        let mut world = Pair {
            db, rows: Rows::new(), known: Vec::new(), seen: BTreeSet::new(), version: 0, pinned: Vec::new(),
        };
        for step in &steps {
            world.step(step);
        }
        let db = world.db.clone();
        let (rows, seen) = (world.rows.clone(), world.seen.clone());
        // The same from inside a transaction.
        db.write(move |tx| {
            check_view(tx.view(), &rows, &seen);
            Ok(())
        }).unwrap();
        world.db.close().unwrap();
        for (snapshot, rows, seen) in &world.pinned {
            check(snapshot, rows, seen);
        }
    }
}
