//! Readers on many threads see whole transactions, and what they hold never changes, however hard others write.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ecsdb::{Component, Db, Entity, Snapshot, Ticket, TransactionError};

#[derive(Component)]
struct Account {
    cents: i64,
    closed: bool,
}

#[derive(Component)]
#[repr(C)]
struct Mirror {
    cents: i64,
}

/// What all accounts together hold, in one row.
#[derive(Component)]
#[repr(C)]
struct Total {
    cents: i64,
    accounts: u64,
}

#[derive(Component)]
#[repr(C)]
struct Block {
    words: [u64; 80],
}

ecsdb::schema! {
    /// A bank whose books are kept three times.
    Bank: Account, Mirror, Total, Block
}

const ACCOUNTS: i64 = 300;
const CENTS: i64 = 1000;

fn open() -> (Db<Bank>, Entity, Vec<Entity>) {
    let db = Db::<Bank>::builder().worker_threads(2).idle_after(Duration::from_millis(1)).open().unwrap();
    let (total, accounts) = db
        .write(|tx| {
            let total = tx.spawn(Total { cents: ACCOUNTS * CENTS, accounts: ACCOUNTS as u64 })?;
            let account =
                |_| (Account { cents: CENTS, closed: false }, Mirror { cents: CENTS }, Block { words: [0; 80] });
            Ok((total, tx.spawn_all((0..ACCOUNTS).map(account))?))
        })
        .unwrap();
    (db, total, accounts)
}

/// Every invariant of the bank, and a sum over all of it.
fn audit(snapshot: &Snapshot<Bank>, total: Entity) -> (u64, i64, u64) {
    let book = snapshot.get::<Total>(total).expect("the total is always there");
    let (mut cents, mut count, mut check) = (0, 0, 0_u64);
    for (entity, account, mirror, block) in snapshot.query::<(Entity, AccountRef<'_>, &Mirror, &Block)>() {
        assert_eq!(account.cents(), mirror.cents, "{entity}");
        assert!(block.words.iter().all(|word| *word == block.words[0]), "a torn row");
        cents += account.cents();
        count += 1;
        check = check.rotate_left(7) ^ entity.to_bits() ^ account.cents() as u64 ^ block.words[0];
    }
    assert_eq!((cents, count), (book.cents, book.accounts), "version {}", snapshot.version());
    assert_eq!(snapshot.table::<Account>().len() as u64, count);
    assert_eq!(snapshot.entity_count(), count + 1);
    let by_pages: i64 = snapshot.table::<Mirror>().pages().flatten().map(|mirror| mirror.cents).sum();
    let parallel = snapshot.query::<&Mirror>().par_fold(|| 0, |sum, mirror| sum + mirror.cents, |a, b| a + b);
    assert_eq!((by_pages, parallel), (cents, cents));
    (snapshot.version(), cents, check)
}

/// Audits until `stop`; some snapshots are held and audited again later.
fn read(db: &Db<Bank>, total: Entity, stop: &AtomicBool) -> u64 {
    let (mut newest, mut audits) = (0, 0);
    let mut held = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let snapshot = db.snapshot();
        let audited = audit(&snapshot, total);
        assert!(audited.0 >= newest, "a reader went back in time");
        newest = audited.0;
        audits += 1;
        if audits % 3 == 0 {
            held.push((snapshot, audited));
        }
        if held.len() > 5 {
            let (snapshot, audited) = held.remove((audits % 5) as usize);
            assert_eq!(audit(&snapshot, total), audited, "a snapshot changed");
        }
    }
    for (snapshot, audited) in held {
        assert_eq!(audit(&snapshot, total), audited);
    }
    audits
}

/// Moves money by builders, several in flight.
fn trade(db: &Db<Bank>, accounts: &[Entity], stop: &AtomicBool, seed: u64) -> (u64, u64) {
    let (mut done, mut refused, mut random, mut newest) = (0, 0, seed, 0);
    let mut tickets: Vec<Ticket> = Vec::new();
    let mut settle = |ticket: Ticket| match ticket.visible() {
        Ok(commit) => {
            assert!(commit.version >= newest, "commits of one thread come in order");
            newest = commit.version;
            assert!(db.snapshot().version() >= commit.version, "a commit that is visible is seen");
            done += 1;
        }
        Err(TransactionError::Op(_)) => refused += 1,
        Err(error) => panic!("{error}"),
    };
    while !stop.load(Ordering::Relaxed) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let from = accounts[(random >> 33) as usize % accounts.len()];
        let to = accounts[(random >> 13) as usize % accounts.len()];
        let amount = (random >> 50) as i64 % 700;
        let mut tx = db.begin();
        tx.require(from, Account::C.cents.ge(amount));
        for (entity, change) in [(from, -amount), (to, amount)] {
            tx.update(entity, Account::C.cents.add(change));
            tx.update(entity, Mirror::C.cents.add(change));
            tx.replace(entity, Block { words: [random; 80] });
        }
        tickets.push(tx.commit().unwrap());
        if tickets.len() == 16 {
            tickets.drain(..).for_each(&mut settle);
        }
    }
    tickets.drain(..).for_each(&mut settle);
    (done, refused)
}

/// Opens and closes accounts, and pays interest to everybody, in closures; every third one is rolled back.
fn manage(db: &Db<Bank>, total: Entity, stop: &AtomicBool) {
    let mut opened: Vec<Entity> = Vec::new();
    for round in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let closing = if opened.len() > 500 { opened.split_off(250) } else { Vec::new() };
        let closed = closing.clone();
        let outcome = db.write(move |tx| {
            let new = tx.spawn_all(
                (0..40_i64)
                    .map(|n| (Account { cents: n, closed: false }, Mirror { cents: n }, Block { words: [7; 80] })),
            )?;
            let mut change = (0..40).sum::<i64>();
            for entity in &closing {
                change -= tx.get::<Account>(*entity).map_or(0, |account| account.cents());
                tx.despawn(*entity)?;
            }
            tx.update_all(|account: &mut Account| account.cents += 1)?;
            tx.update_all(|mirror: &mut Mirror, account: AccountRef<'_>| mirror.cents = account.cents())?;
            let accounts = tx.table::<Account>().len();
            tx.modify(total, |book: &mut Total| {
                book.cents += change + accounts as i64;
                book.accounts = accounts as u64;
            })?;
            if round % 3 == 2 { Err(tx.abort("not this time")) } else { Ok(new) }
        });
        match outcome {
            Ok(new) => opened.extend(new),
            Err(TransactionError::Aborted(_)) => opened.extend(closed),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn every_snapshot_is_a_whole_state_and_stays_what_it_is() {
    let (db, total, accounts) = open();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(|| read(&db, total, &stop))).collect();
        let traders: Vec<_> = (0..2)
            .map(|seed| {
                scope.spawn({
                    let (db, accounts, stop) = (&db, &accounts, &stop);
                    move || trade(db, accounts, stop, seed)
                })
            })
            .collect();
        let manager = scope.spawn(|| manage(&db, total, &stop));
        let end = Instant::now() + Duration::from_millis(1500);
        while Instant::now() < end && !manager.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
        for trader in traders {
            let (done, _) = trader.join().unwrap();
            assert!(done > 0);
        }
        manager.join().unwrap();
    });
    audit(&db.snapshot(), total);
    db.trim().unwrap();
    let memory = db.memory().unwrap();
    assert_eq!((memory.retired_versions, memory.retained_bytes), (0, 0), "nobody reads any more: {memory:?}");
}

#[test]
fn a_closure_sees_its_own_writes_and_others_only_before_it_began() {
    let (db, total, accounts) = open();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| trade(&db, &accounts, &stop, 9));
        for _ in 0..50 {
            let account = accounts[3];
            db.write(move |tx| {
                let before = tx.get::<Account>(account).map(|account| account.cents());
                let sum =
                    |tx: &ecsdb::Transaction<'_, Bank>| tx.query::<&Mirror>().iter().map(|m| m.cents).sum::<i64>();
                let all = sum(tx);
                std::thread::yield_now();
                assert_eq!((before, all), (tx.get::<Account>(account).map(|a| a.cents()), sum(tx)), "serializable");
                tx.update(account, Mirror::C.cents.add(5))?;
                assert_eq!(sum(tx), all + 5, "its own writes");
                Err::<(), _>(tx.abort("only looking"))
            })
            .unwrap_err();
        }
        stop.store(true, Ordering::Relaxed);
    });
    audit(&db.snapshot(), total);
}
