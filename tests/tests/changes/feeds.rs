//! Random transactions, and naive copies that are fed by events.

use std::fmt::Debug;

use ecsdb::error::RecvError;
use ecsdb::schema::TableOf;
use ecsdb::{Db, Entity, Subscription};
use ecsdb_tests::world::{Frozen, Purse, Sample, Small, Wide};
use proptest::prelude::*;

use super::game::{Copy, Game, Sign, batch, commit, copy, play};

/// A subscription and the copy that it keeps.
struct Follower<T: TableOf<Game> + Sample + Debug> {
    feed: Subscription<Game, T>,
    copy: Copy,
    wanted: fn(u64, Entity) -> bool,
    lags: usize,
}

impl<T: TableOf<Game> + Sample + Debug> Follower<T> {
    fn new(db: &Db<Game>) -> Self {
        let mut feed = db.subscribe::<T>().unwrap();
        let copy = copy::<T>(&feed.resync());
        Self { feed, copy, wanted: |_, _| true, lags: 0 }
    }

    fn of(
        mut self,
        wanted: fn(u64, Entity) -> bool,
        narrow: impl FnOnce(Subscription<Game, T>) -> Subscription<Game, T>,
    ) -> Self {
        self.feed = narrow(self.feed);
        self.wanted = wanted;
        self.copy.retain(|entity, number| wanted(*number, *entity));
        self
    }

    /// Reads what there is; after a loss, begins again.
    fn catch_up(&mut self, db: &Db<Game>) {
        let mut version = 0;
        loop {
            match self.feed.try_recv() {
                Ok(None) => break,
                Ok(Some(changes)) => {
                    assert!(changes.version() >= version && !changes.is_empty());
                    version = changes.version();
                    assert!(version <= db.snapshot().version(), "told of what nobody can see");
                    play(&mut self.copy, &changes);
                }
                Err(RecvError::Lagged(lagged)) => {
                    assert!(lagged.from <= lagged.to && lagged.from == self.feed.next_version());
                    self.lags += 1;
                    self.copy = copy::<T>(&self.feed.resync());
                    self.copy.retain(|entity, number| (self.wanted)(*number, *entity));
                }
                Err(error) => panic!("{error}"),
            }
        }
        let mut expected = copy::<T>(&db.snapshot());
        expected.retain(|entity, number| (self.wanted)(*number, *entity));
        assert_eq!(self.copy, expected, "{} is another", T::TABLE);
    }
}

const FIRST: u64 = 1 << 32;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn copies_fed_by_events_are_what_the_tables_are(batches in prop::collection::vec(batch(), 1..12)) {
        let db = Db::<Game>::builder().worker_threads(1).open().unwrap();
        let mut smalls = Follower::<Small>::new(&db);
        let mut purses = Follower::<Purse>::new(&db);
        let mut wides = Follower::<Wide>::new(&db);
        let mut frozen = Follower::<Frozen>::new(&db);
        let mut signs = Follower::<Sign>::new(&db);
        let mut rich = Follower::<Purse>::new(&db)
            .of(|gold, _| gold >= 100, |feed| feed.filter(Purse::C.gold.ge(100)));
        let mut odd = Follower::<Sign>::new(&db)
            .of(|number, _| number % 2 == 1 && number > 50, |feed| {
                feed.filter(Sign::C.lit.eq(true)).filter_by(|sign| Sign::number(sign) > 50)
            });
        let mut first = Follower::<Purse>::new(&db)
            .of(|_, entity| entity.to_bits() == FIRST, |feed| feed.entity(Entity::from_bits(FIRST).unwrap()));
        for transactions in batches {
            commit(&db, transactions);
            smalls.catch_up(&db);
            purses.catch_up(&db);
            wides.catch_up(&db);
            frozen.catch_up(&db);
            signs.catch_up(&db);
            rich.catch_up(&db);
            odd.catch_up(&db);
            first.catch_up(&db);
        }
        assert_eq!(smalls.lags + purses.lags + wides.lags + frozen.lags + signs.lags + rich.lags + odd.lags, 0);
    }

    #[test]
    fn who_is_too_slow_is_told_and_goes_on_without_a_gap(
        batches in prop::collection::vec((batch(), any::<bool>(), any::<bool>()), 1..24),
        commits in 1..5_usize,
        bytes in prop_oneof![Just(1_usize << 30), 4_000..60_000_usize],
    ) {
        let db = Db::<Game>::builder().worker_threads(1).history(commits, bytes).open().unwrap();
        let mut purses = Follower::<Purse>::new(&db);
        let mut rich = Follower::<Purse>::new(&db)
            .of(|gold, _| gold >= 100, |feed| feed.filter(Purse::C.gold.ge(100)));
        let mut signs = Follower::<Sign>::new(&db);
        for (transactions, reads, others) in batches {
            commit(&db, transactions);
            if reads {
                purses.catch_up(&db);
            }
            if others {
                rich.catch_up(&db);
                signs.catch_up(&db);
            }
        }
        purses.catch_up(&db);
        rich.catch_up(&db);
        signs.catch_up(&db);
    }
}
