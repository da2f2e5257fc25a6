//! Transactions that are drawn from a seed, and how each operation is done to the engine and to the model.
//!
//! Nothing here decides when something is durable, and nothing knows of files.

use ecsdb::{Db, Entity, OpError, Ticket, Transaction, TransactionError};
use fastrand::Rng;

use super::world::{Frozen, Hot, HotValue, Item, Purse, Row, Rows, Small, TABLES, Wide, World};

/// One operation. Entities are picked among those that are known, the latest first.
#[derive(Clone, Debug)]
pub enum Op {
    /// So many of a kind.
    Spawn {
        kind: u8,
        count: usize,
        n: u32,
    },
    Despawn(usize),
    Insert(usize, usize, u32),
    Remove(usize, usize),
    SmallM(usize, u32),
    Gold(usize, u64),
    Owner(usize, usize),
    HotN(usize, u32),
    /// Adds to every `Small::n`. Closures only.
    All(u32),
}

impl Op {
    /// Whose row it is about, if it is about one.
    fn who(&self) -> Option<usize> {
        match *self {
            Self::Despawn(who)
            | Self::Insert(who, ..)
            | Self::Remove(who, _)
            | Self::SmallM(who, _)
            | Self::Gold(who, _)
            | Self::Owner(who, _)
            | Self::HotN(who, _) => Some(who),
            Self::Spawn { .. } | Self::All(_) => None,
        }
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Commit,
    Abort,
    Panic,
}

/// One transaction.
#[derive(Clone, Debug)]
pub struct Tx {
    pub ops: Vec<Op>,
    pub end: End,
    pub is_builder: bool,
}

impl Tx {
    /// Whether it hands out ids, if it comes that far.
    pub fn spawns(&self) -> bool {
        self.ops.iter().any(|op| matches!(op, Op::Spawn { .. }))
    }
}

/// One step of a workload.
#[derive(Clone, Debug)]
pub enum Step {
    /// Transactions that become visible together, and whether to wait until they are durable.
    Batch { transactions: Vec<Tx>, is_durable: bool },
    /// Close and open again.
    Reopen,
    /// Make a snapshot file, and wait for it or go on meanwhile.
    Checkpoint { waits: bool },
}

/// The steps that a seed stands for.
pub fn steps(seed: u64, count: usize) -> Vec<Step> {
    let mut rng = Rng::with_seed(seed);
    (0..count).map(|_| step(&mut rng)).collect()
}

/// As [`steps`], with checkpoints among them.
pub fn steps_with_checkpoints(seed: u64, count: usize) -> Vec<Step> {
    let mut rng = Rng::with_seed(seed);
    let checkpoint = |rng: &mut Rng| (rng.u8(..6) == 0).then(|| Step::Checkpoint { waits: rng.bool() });
    (0..count).map(|_| checkpoint(&mut rng).unwrap_or_else(|| step(&mut rng))).collect()
}

fn step(rng: &mut Rng) -> Step {
    if rng.u8(..16) == 0 {
        return Step::Reopen;
    }
    let count = if rng.u8(..4) == 0 { rng.usize(2..5) } else { 1 };
    Step::Batch { transactions: (0..count).map(|_| tx(rng)).collect(), is_durable: rng.u8(..3) == 0 }
}

fn tx(rng: &mut Rng) -> Tx {
    let end = match rng.u8(..10) {
        0 => End::Abort,
        1 => End::Panic,
        _ => End::Commit,
    };
    let is_builder = rng.u8(..3) == 0;
    let mut ops: Vec<Op> = (0..rng.usize(1..6)).map(|_| op(rng)).collect();
    if is_builder {
        ops.retain(|op| !matches!(op, Op::All(_)));
    }
    Tx { ops, end: if is_builder { End::Commit } else { end }, is_builder }
}

fn op(rng: &mut Rng) -> Op {
    let who = rng.usize(..);
    let n = rng.u32(..1000);
    match rng.u8(..30) {
        0..=6 => Op::Spawn { kind: rng.u8(..7), count: 1, n },
        // More than a block, and a record of more than a segment.
        7 => Op::Spawn { kind: rng.u8(..7), count: rng.usize(1..90), n },
        8..=11 => Op::Despawn(who),
        12..=15 => Op::Insert(who, rng.usize(..TABLES), n),
        16..=18 => Op::Remove(who, rng.usize(..TABLES)),
        19..=21 => Op::SmallM(who, n),
        22..=24 => Op::Gold(who, u64::from(n)),
        25..=26 => Op::Owner(who, rng.usize(..)),
        27..=28 => Op::HotN(who, n),
        _ => Op::All(n),
    }
}

/// What is spawned for a kind, as the number `n`.
fn row_of(kind: u8, n: u32) -> Row {
    let small = Some((n, 0));
    match kind {
        0 => Row { small, ..Row::default() },
        1 => Row { small, purse: Some((u64::from(n), n.is_multiple_of(2))), ..Row::default() },
        2 => Row { small, hot: Some(HotValue::new(n)), ..Row::default() },
        3 => Row { frozen: true, item: Some((None, n as u16)), ..Row::default() },
        4 => Row { wide: Some(n), ..Row::default() },
        5 => Row { hot: Some(HotValue::new(n)), ..Row::default() },
        _ => Row::default(),
    }
}

/// Calls `$spawn` with the bundle of kind `$kind` and number `$n`.
macro_rules! with_bundle {
    ($kind:expr, $n:expr, $spawn:expr) => {{
        let n: u32 = $n;
        match $kind {
            0 => $spawn(Small { n, m: 0 }),
            1 => $spawn((Small { n, m: 0 }, Purse { gold: u64::from(n), open: n.is_multiple_of(2) })),
            2 => $spawn((Small { n, m: 0 }, Hot { n })),
            3 => $spawn((Frozen, Item { owner: None, kind: n as u16 })),
            4 => $spawn(Wide::of(n)),
            5 => $spawn(Hot { n }),
            _ => $spawn(()),
        }
    }};
}

fn pick(known: &[Entity], who: usize) -> Option<Entity> {
    let recent = known.len().min(48);
    (recent > 0).then(|| known[known.len() - 1 - who % recent])
}

/// Does `op` to the model. `spawned` are the ids that the engine has given. Returns whether it succeeds.
pub fn apply(rows: &mut Rows, known: &mut Vec<Entity>, op: &Op, spawned: &[Entity]) -> bool {
    let Some(who) = op.who() else {
        match *op {
            Op::Spawn { kind, n, .. } => {
                for (at, entity) in spawned.iter().enumerate() {
                    let old = rows.0.insert(*entity, row_of(kind, n + at as u32));
                    assert_eq!(old, None, "{entity} lives already");
                    known.push(*entity);
                }
            }
            Op::All(by) => rows.0.values_mut().filter_map(|row| row.small.as_mut()).for_each(|small| small.0 += by),
            _ => unreachable!("the others are about an entity"),
        }
        return true;
    };
    let Some(entity) = pick(known, who) else { return true };
    if let Op::Despawn(_) = op {
        return rows.0.remove(&entity).is_some();
    }
    let owner = if let Op::Owner(_, owner) = *op { pick(known, owner) } else { None };
    let Some(row) = rows.0.get_mut(&entity) else { return false };
    let changed = match *op {
        Op::Insert(_, table, n) => {
            match table {
                0 => row.frozen = true,
                1 => row.small = Some((n, 1)),
                2 => row.purse = Some((u64::from(n), true)),
                3 => row.item = Some((Some(entity), n as u16)),
                4 => row.wide = Some(n),
                // What the log is told is noted at the end of the transaction.
                _ => row.hot = Some(HotValue::new(n)),
            }
            Some(())
        }
        Op::Remove(_, 0) => core::mem::take(&mut row.frozen).then_some(()),
        Op::Remove(_, 1) => row.small.take().map(drop),
        Op::Remove(_, 2) => row.purse.take().map(drop),
        Op::Remove(_, 3) => row.item.take().map(drop),
        Op::Remove(_, 4) => row.wide.take().map(drop),
        Op::Remove(..) => row.hot.take().map(drop),
        Op::SmallM(_, m) => row.small.as_mut().map(|small| small.1 = m),
        Op::Gold(_, by) => row.purse.as_mut().map(|purse| purse.0 += by),
        Op::Owner(..) => row.item.as_mut().map(|item| item.0 = owner),
        Op::HotN(_, n) => row.hot.as_mut().map(|hot| hot.live = n),
        _ => unreachable!("handled above"),
    };
    changed.is_some()
}

/// Does `op` in a closure. Gives whether it succeeded, and what it spawned.
pub fn run(tx: &mut Transaction<'_, World>, known: &mut Vec<Entity>, op: &Op) -> (bool, Vec<Entity>) {
    let who = |who| pick(known, who);
    let done = |result: Option<Result<(), OpError>>| (result.is_none_or(|result| result.is_ok()), Vec::new());
    match *op {
        Op::Spawn { kind, count, n } => {
            let one = |at| with_bundle!(kind, n + at as u32, |bundle| tx.spawn(bundle)).expect("there is room");
            let spawned: Vec<Entity> = (0..count).map(one).collect();
            known.extend(&spawned);
            (true, spawned)
        }
        Op::All(by) => {
            tx.update_all(|small: &mut Small| small.n += by).expect("there is room");
            (true, Vec::new())
        }
        Op::Despawn(e) => done(who(e).map(|e| tx.despawn(e))),
        Op::Insert(e, table, n) => done(who(e).map(|e| match table {
            0 => tx.insert(e, Frozen),
            1 => tx.insert(e, Small { n, m: 1 }),
            2 => tx.insert(e, Purse { gold: u64::from(n), open: true }),
            3 => tx.insert(e, Item { owner: Some(e), kind: n as u16 }),
            4 => tx.insert(e, Wide::of(n)),
            _ => tx.insert(e, Hot { n }),
        })),
        Op::Remove(e, table) => done(who(e).map(|e| match table {
            0 => tx.remove::<Frozen>(e),
            1 => tx.remove::<Small>(e),
            2 => tx.remove::<Purse>(e),
            3 => tx.remove::<Item>(e),
            4 => tx.remove::<Wide>(e),
            _ => tx.remove::<Hot>(e),
        })),
        Op::SmallM(e, m) => done(who(e).map(|e| tx.update(e, Small::C.m.set(m)))),
        Op::Gold(e, by) => done(who(e).map(|e| tx.update(e, Purse::C.gold.add(by)))),
        Op::Owner(e, owner) => done(who(e).map(|e| tx.update(e, Item::C.owner.set(who(owner))))),
        Op::HotN(e, n) => done(who(e).map(|e| tx.update(e, Hot::C.n.set(n)))),
    }
}

/// Puts `ops` into a builder and commits it.
pub fn build(db: &Db<World>, ops: &[Op], known: &[Entity]) -> Result<Ticket, TransactionError> {
    let (mut tx, mut known) = (db.begin(), known.to_vec());
    for op in ops {
        if let Op::Spawn { kind, count, n } = *op {
            for at in 0..count {
                let promised = with_bundle!(kind, n + at as u32, |bundle| tx.spawn(bundle));
                known.push(promised);
            }
            continue;
        }
        let Some(who) = op.who() else { unreachable!("not for builders") };
        let Some(e) = pick(&known, who) else { continue };
        match *op {
            Op::Despawn(_) => tx.despawn(e),
            Op::Insert(_, 0, _) => tx.insert(e, Frozen),
            Op::Insert(_, 1, n) => tx.insert(e, Small { n, m: 1 }),
            Op::Insert(_, 2, n) => tx.insert(e, Purse { gold: u64::from(n), open: true }),
            Op::Insert(_, 3, n) => tx.insert(e, Item { owner: Some(e), kind: n as u16 }),
            Op::Insert(_, 4, n) => tx.insert(e, Wide::of(n)),
            Op::Insert(_, _, n) => tx.insert(e, Hot { n }),
            Op::Remove(_, 0) => tx.remove::<Frozen>(e),
            Op::Remove(_, 1) => tx.remove::<Small>(e),
            Op::Remove(_, 2) => tx.remove::<Purse>(e),
            Op::Remove(_, 3) => tx.remove::<Item>(e),
            Op::Remove(_, 4) => tx.remove::<Wide>(e),
            Op::Remove(..) => tx.remove::<Hot>(e),
            Op::SmallM(_, m) => tx.update(e, Small::C.m.set(m)),
            Op::Gold(_, by) => tx.update(e, Purse::C.gold.add(by)),
            Op::Owner(_, owner) => tx.update(e, Item::C.owner.set(pick(&known, owner))),
            Op::HotN(_, n) => tx.update(e, Hot::C.n.set(n)),
            Op::Spawn { .. } | Op::All(_) => unreachable!("handled above"),
        }
    }
    tx.commit()
}

/// The steps that bytes stand for, at most `most`: any bytes stand for some, and a few changed ones for similar steps.
pub fn steps_of(mut bytes: &[u8], most: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    while steps.len() < most && !bytes.is_empty() {
        let head = byte(&mut bytes);
        // A rare head, so that most steps do something.
        if head.is_multiple_of(16) {
            steps.push(Step::Reopen);
            continue;
        }
        if head % 16 == 1 {
            steps.push(Step::Checkpoint { waits: head & 16 == 0 });
            continue;
        }
        let transactions = (0..1 + usize::from(head >> 6 == 3)).map(|_| tx_of(&mut bytes)).collect();
        steps.push(Step::Batch { transactions, is_durable: head & 2 == 2 });
    }
    steps
}

/// The next byte, or 0.
fn byte(bytes: &mut &[u8]) -> u8 {
    bytes.split_off_first().copied().unwrap_or(0)
}

fn tx_of(bytes: &mut &[u8]) -> Tx {
    let head = byte(bytes);
    let is_builder = head & 1 == 1;
    let end = match head >> 1 & 7 {
        6 if !is_builder => End::Abort,
        7 if !is_builder => End::Panic,
        _ => End::Commit,
    };
    let mut ops: Vec<Op> = (0..1 + (head >> 4 & 3)).map(|_| op_of(bytes)).collect();
    if is_builder {
        ops.retain(|op| !matches!(op, Op::All(_)));
    }
    Tx { ops, end, is_builder }
}

fn op_of(bytes: &mut &[u8]) -> Op {
    let (kind, who, n) = (byte(bytes), usize::from(byte(bytes)), u32::from(byte(bytes)));
    let table = usize::from(kind >> 4) % TABLES;
    match kind & 15 {
        0..=2 => Op::Spawn { kind: kind >> 4, count: 1, n },
        3 => Op::Spawn { kind: kind >> 4, count: who % 90 + 1, n },
        4 | 5 => Op::Despawn(who),
        6..=8 => Op::Insert(who, table, n),
        9 => Op::Remove(who, table),
        10 => Op::SmallM(who, n),
        11 | 12 => Op::Gold(who, n.into()),
        13 => Op::Owner(who, n as usize),
        14 => Op::HotN(who, n),
        _ => Op::All(n),
    }
}
