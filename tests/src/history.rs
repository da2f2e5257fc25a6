//! A history of transactions, and the judgement whether some serial order explains all that they read.
//!
//! The order is known: a log has seen the commits one after the other. So the judgement is exact and needs no search: each
//! transaction must have read what the one before it in that order has left, and each snapshot what the last one of its
//! version has left. Every write writes a value of its own, so a value tells who wrote it.

use std::collections::{BTreeMap, BTreeSet};

/// What is read and written.
pub type Key = u32;

/// Who wrote: each attempt of each transaction has a number of its own. No row has no writer.
pub type Value = Option<u64>;

/// A commit as the log has seen it.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The transaction.
    pub id: u64,
    /// Its version. Those of a batch share one.
    pub version: u64,
    /// What it has left of what it changed.
    pub writes: BTreeMap<Key, Value>,
}

/// One read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Read {
    pub key: Key,
    pub value: Value,
    /// Whether the transaction had written the key before.
    pub is_own: bool,
}

/// A search for all keys whose writer has a smaller number.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    pub below: u64,
    pub found: BTreeSet<Key>,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// It was committed in this version.
    Committed(u64),
    /// It was rolled back: an error, a panic, a guard, a conflict.
    RolledBack,
    /// It was a snapshot of this version.
    Snapshot(u64),
}

/// A transaction as its thread has seen it.
#[derive(Clone, Debug)]
pub struct Done {
    pub id: u64,
    pub thread: usize,
    pub reads: Vec<Read>,
    /// Searches, before it had written anything.
    pub searches: Vec<Search>,
    /// The last write of each key.
    pub writes: BTreeMap<Key, Value>,
    pub end: End,
}

/// What no serial order explains.
#[derive(Clone, Debug, PartialEq)]
pub enum Anomaly {
    /// It was told committed and is not in the log once, with all of its writes and in its version.
    NotAtomic { id: u64 },
    /// It was rolled back, and is in the log.
    Undead { id: u64 },
    /// It read what nobody has committed.
    DirtyRead { id: u64, key: Key },
    /// It read a key, and wrote over what another one had written in between.
    LostUpdate { id: u64, key: Key },
    /// It read a key that another one changed before its turn, and wrote elsewhere.
    WriteSkew { id: u64, key: Key },
    /// It searched, and what it would have found had changed before its turn: a key has come or gone.
    Phantom { id: u64 },
    /// It did not read its own write.
    NotItsOwn { id: u64, key: Key },
    /// A snapshot shows what is not of its version.
    TornSnapshot { id: u64, key: Key },
    /// A thread has seen an older version after a newer one, or after its own commit.
    WentBack { id: u64 },
}

/// Judges a history. `order` are the commits in the order of the log; `history` are all transactions, those of one thread in the
/// order in which it did them. At the beginning, keys have the values in `start`.
pub fn judge(start: &BTreeMap<Key, Value>, order: &[Logged], history: &[Done]) -> Result<(), Anomaly> {
    let states = States::of(start, order);
    let mut told: BTreeSet<u64> = BTreeSet::new();
    let mut newest: BTreeMap<usize, u64> = BTreeMap::new();
    for done in history {
        let id = done.id;
        check_own(done)?;
        let version = match done.end {
            End::RolledBack if states.place.contains_key(&id) => return Err(Anomaly::Undead { id }),
            End::RolledBack => continue,
            End::Snapshot(version) => {
                let state = states.at_version(version);
                states.check_reads(done, state, |key| Anomaly::TornSnapshot { id, key })?;
                version
            }
            End::Committed(version) => {
                let Some(place) = states.place.get(&id) else { return Err(Anomaly::NotAtomic { id }) };
                let logged = &order[*place];
                if !told.insert(id) || logged.version != version || logged.writes != done.writes {
                    return Err(Anomaly::NotAtomic { id });
                }
                states.check_reads(done, &states.after[*place], |key| {
                    if done.writes.contains_key(&key) {
                        Anomaly::LostUpdate { id, key }
                    } else {
                        Anomaly::WriteSkew { id, key }
                    }
                })?;
                version
            }
        };
        if newest.insert(done.thread, version).is_some_and(|newest| newest > version) {
            return Err(Anomaly::WentBack { id });
        }
    }
    match order.iter().find(|logged| !told.contains(&logged.id)) {
        Some(logged) => Err(Anomaly::NotAtomic { id: logged.id }),
        None => Ok(()),
    }
}

fn check_own(done: &Done) -> Result<(), Anomaly> {
    let id = done.id;
    // What it has written has its number, or is no row.
    match done.reads.iter().find(|read| read.is_own && read.value.is_some_and(|value| value != id)) {
        Some(read) => Err(Anomaly::NotItsOwn { id, key: read.key }),
        None => Ok(()),
    }
}

type State = BTreeMap<Key, Value>;

struct States {
    /// The state before each commit, and after the last one.
    after: Vec<State>,
    /// The number of commits up to and with each version.
    versions: BTreeMap<u64, usize>,
    /// Where each transaction stands.
    place: BTreeMap<u64, usize>,
    committed: BTreeSet<Value>,
}

impl States {
    fn of(start: &State, order: &[Logged]) -> Self {
        let mut states = Self {
            after: vec![start.clone()],
            versions: BTreeMap::new(),
            place: BTreeMap::new(),
            committed: start.values().copied().chain([None]).collect(),
        };
        for (place, logged) in order.iter().enumerate() {
            let mut state = states.after[place].clone();
            state.extend(logged.writes.iter().map(|(key, value)| (*key, *value)));
            states.after.push(state);
            states.versions.insert(logged.version, place + 1);
            states.place.insert(logged.id, place);
            states.committed.extend(logged.writes.values());
        }
        states
    }

    /// What the last commit up to `version` has left.
    fn at_version(&self, version: u64) -> &State {
        let commits = self.versions.range(..=version).next_back().map_or(0, |(_, commits)| *commits);
        &self.after[commits]
    }

    fn check_reads(&self, done: &Done, state: &State, else_it_is: impl Fn(Key) -> Anomaly) -> Result<(), Anomaly> {
        for read in done.reads.iter().filter(|read| !read.is_own) {
            if !self.committed.contains(&read.value) {
                return Err(Anomaly::DirtyRead { id: done.id, key: read.key });
            }
            if state.get(&read.key).copied().flatten() != read.value {
                return Err(else_it_is(read.key));
            }
        }
        for search in &done.searches {
            let would_find = |(key, value): (&Key, &Value)| value.is_some_and(|id| id < search.below).then_some(*key);
            if state.iter().filter_map(would_find).collect::<BTreeSet<Key>>() != search.found {
                return Err(Anomaly::Phantom { id: done.id });
            }
        }
        Ok(())
    }
}
