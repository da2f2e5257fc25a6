//! A small schema with every way in which a log keeps a table, and a naive model of it.
//!
//! The model is a map from entities to plain values. It knows nothing of slots, pages or files, and says what must be found
//! both while the database runs and after a crash.

use std::collections::BTreeMap;

use ecsdb::{Component, Db, Entity};

/// A tag.
#[derive(Component, Debug)]
pub struct Frozen;

/// Stored as it is, with two fields that are updated apart.
#[derive(Component, Debug)]
#[repr(C)]
pub struct Small {
    pub n: u32,
    pub m: u32,
}

/// Packed.
#[derive(Component, Debug)]
pub struct Purse {
    pub gold: u64,
    pub open: bool,
}

/// Packed, with an entity.
#[derive(Component, Debug)]
pub struct Item {
    pub owner: Option<Entity>,
    pub kind: u16,
}

/// 1,200 bytes: a few of them are more than a segment holds.
#[derive(Component, Debug)]
#[repr(C)]
pub struct Wide {
    pub n: u32,
    pub rest: [u32; 299],
}

/// A table of which only presence is logged: after a crash a row has the value with which it was inserted.
#[derive(Component, Debug)]
#[component(durability = "snapshot")]
#[repr(C)]
pub struct Hot {
    pub n: u32,
}

ecsdb::schema! { pub World: Frozen, Small, Purse, Item, Wide, Hot }

/// How many tables there are.
pub const TABLES: usize = 6;

impl Wide {
    pub fn of(n: u32) -> Self {
        Self { n, rest: core::array::from_fn(|i| n.wrapping_add(i as u32)) }
    }

    /// The number that it was made of.
    fn number(&self) -> u32 {
        let torn = self.rest.iter().enumerate().find(|(i, value)| **value != self.n.wrapping_add(*i as u32));
        assert!(torn.is_none(), "a torn row: {torn:?}");
        self.n
    }
}

/// A value of [`Hot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HotValue {
    /// What readers see.
    pub live: u32,
    /// What a log knows.
    pub logged: u32,
    /// The version in which it was told; [`PENDING`] until that is known.
    pub since: u64,
}

/// A version that is yet to come.
pub const PENDING: u64 = u64::MAX;

impl HotValue {
    /// A value that was just inserted.
    pub fn new(n: u32) -> Self {
        Self { live: n, logged: n, since: PENDING }
    }
}

/// All values of one entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub frozen: bool,
    pub small: Option<(u32, u32)>,
    pub purse: Option<(u64, bool)>,
    pub item: Option<(Option<Entity>, u16)>,
    pub wide: Option<u32>,
    pub hot: Option<HotValue>,
}

/// All living entities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows(pub BTreeMap<Entity, Row>);

impl Rows {
    /// What `db` has published. What a log knows of hot values is not seen; it is given as what is live.
    pub fn of(db: &Db<World>) -> (u64, Self) {
        let snapshot = db.snapshot();
        let mut all: BTreeMap<Entity, Row> = snapshot.entities().map(|entity| (entity, Row::default())).collect();
        assert_eq!(all.len() as u64, snapshot.entity_count());
        let found = |entity| *all.get(&entity).unwrap_or_else(|| panic!("{entity} has a row and is not alive"));
        let rows: Vec<(Entity, Row)> = snapshot
            .query::<(
                Entity,
                Option<&Frozen>,
                Option<&Small>,
                Option<PurseRef<'_>>,
                Option<ItemRef<'_>>,
                Option<&Wide>,
                Option<&Hot>,
            )>()
            .iter()
            .map(|(entity, frozen, small, purse, item, wide, hot)| {
                assert_eq!(found(entity), Row::default());
                let row = Row {
                    frozen: frozen.is_some(),
                    small: small.map(|row| (row.n, row.m)),
                    purse: purse.map(|row| (row.gold(), row.open())),
                    item: item.map(|row| (row.owner(), row.kind())),
                    wide: wide.map(Wide::number),
                    hot: hot.map(|row| HotValue { live: row.n, logged: row.n, since: 0 }),
                };
                (entity, row)
            })
            .collect();
        assert_eq!(rows.len(), all.len());
        all.extend(rows);
        let counts = [
            snapshot.table::<Frozen>().len(),
            snapshot.table::<Small>().len(),
            snapshot.table::<Purse>().len(),
            snapshot.table::<Item>().len(),
            snapshot.table::<Wide>().len(),
            snapshot.table::<Hot>().len(),
        ];
        let rows = Self(all);
        assert_eq!(counts, rows.counts(), "rows that belong to nobody");
        (snapshot.version(), rows)
    }

    fn counts(&self) -> [usize; TABLES] {
        let count = |has: fn(&Row) -> bool| self.0.values().filter(|row| has(row)).count();
        [
            count(|row| row.frozen),
            count(|row| row.small.is_some()),
            count(|row| row.purse.is_some()),
            count(|row| row.item.is_some()),
            count(|row| row.wide.is_some()),
            count(|row| row.hot.is_some()),
        ]
    }

    fn with_hot(&self, change: impl Fn(HotValue) -> u32) -> Self {
        let hot = |value| HotValue { live: change(value), logged: change(value), since: 0 };
        Self(self.0.iter().map(|(entity, row)| (*entity, Row { hot: row.hot.map(hot), ..*row })).collect())
    }

    /// As [`Self::of`] finds it while the database runs.
    pub fn visible(&self) -> Self {
        self.with_hot(|value| value.live)
    }

    /// As it is for whoever opens the database after this: hot values are those of the snapshot file that it opens from, which
    /// holds `base` as version `version`, or those with which rows came later.
    pub fn reopened(&self, base: Option<(u64, &Self)>) -> Self {
        let live = |entity: &Entity, hot: HotValue| match base {
            Some((version, base)) if hot.since <= version => {
                base.0.get(entity).and_then(|row| row.hot).expect("a row that was there before").live
            }
            _ => hot.logged,
        };
        let row = |(entity, row): (&Entity, &Row)| {
            (*entity, Row { hot: row.hot.map(|hot| HotValue { live: live(entity, hot), ..hot }), ..*row })
        };
        Self(self.0.iter().map(row).collect())
    }

    /// Says in which version values were logged that are new.
    pub fn settle(&mut self, version: u64) {
        for hot in self.0.values_mut().filter_map(|row| row.hot.as_mut()) {
            hot.since = hot.since.min(version);
        }
    }

    /// Without hot values, of which a recovery may have changed what later transactions build on.
    pub fn cold(&self) -> Self {
        self.with_hot(|_| 0)
    }

    /// Notes what a log has been told of hot values by a transaction that started with `before`: those of rows that were not
    /// there.
    pub fn log_hot(&mut self, before: &Self) {
        for (entity, row) in &mut self.0 {
            if let Some(hot) = &mut row.hot {
                let stayed = before.0.get(entity).and_then(|row| row.hot);
                (hot.logged, hot.since) = stayed.map_or((hot.live, PENDING), |hot| (hot.logged, hot.since));
            }
        }
    }

    /// The first difference to `expected`.
    pub fn difference(&self, expected: &Self) -> Option<String> {
        let mut entities: Vec<&Entity> = self.0.keys().chain(expected.0.keys()).collect();
        entities.sort_unstable();
        let differing = entities.into_iter().find(|entity| self.0.get(entity) != expected.0.get(entity))?;
        let (found, expected) = (self.0.get(differing), expected.0.get(differing));
        Some(format!("{differing} is {found:?} and should be {expected:?}"))
    }
}
