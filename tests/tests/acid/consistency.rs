//! C: a transaction leads from one good state to another one, or nowhere. What is good is said by guards, and by the types
//! and ranges of columns.

use ecsdb::{Component, Db, Entity, OpError, TransactionError};
use ecsdb_tests::why;

/// Nobody may owe more than the limit.
#[derive(Component)]
struct Account {
    cents: i64,
    limit: i64,
}

/// What all accounts hold together.
#[derive(Component)]
#[repr(C)]
struct Book {
    cents: i64,
}

ecsdb::schema! { Bank: Account, Book }

const ACCOUNTS: usize = 8;

fn open() -> (Db<Bank>, Vec<Entity>) {
    let db = Db::<Bank>::in_memory().unwrap();
    let account = |_| Account { cents: 100, limit: -50 };
    let accounts = db
        .write(move |tx| {
            tx.spawn(Book { cents: 100 * ACCOUNTS as i64 })?;
            Ok(tx.spawn_all((0..ACCOUNTS).map(account))?)
        })
        .unwrap();
    (db, accounts)
}

fn check(db: &Db<Bank>) {
    let snapshot = db.snapshot();
    let accounts = snapshot.query::<AccountRef<'_>>();
    let sum: i64 = accounts.iter().map(|account| account.cents()).sum();
    let books: Vec<i64> = snapshot.query::<&Book>().iter().map(|book| book.cents).collect();
    assert_eq!(books, [sum], "version {}", snapshot.version());
    assert!(snapshot.query::<AccountRef<'_>>().iter().all(|account| account.cents() >= account.limit()));
}

#[test]
fn rules_that_are_guards_hold_in_every_version() {
    let (db, accounts) = open();
    std::thread::scope(|scope| {
        let payers: Vec<_> = (0..3)
            .map(|seed| {
                let (db, accounts) = (&db, &accounts);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed);
                    let mut refused = 0;
                    for _ in 0..200 {
                        let (from, to) = (accounts[random.usize(..ACCOUNTS)], accounts[random.usize(..ACCOUNTS)]);
                        let amount = random.i64(1..120);
                        if random.bool() {
                            let mut tx = db.begin();
                            tx.update(from, Account::C.cents.sub(amount));
                            tx.update(to, Account::C.cents.add(amount));
                            // The rule is checked on what the transaction leaves.
                            tx.require(from, Account::C.cents.ge(-50));
                            refused += u32::from(tx.commit().unwrap().visible().is_err());
                        } else {
                            let paid = db.optimistic(u32::MAX, |tx| {
                                let payer = tx.read::<Account>(from)?;
                                if payer.cents - amount < payer.limit {
                                    return Ok(false);
                                }
                                tx.update(from, Account::C.cents.sub(amount));
                                tx.update(to, Account::C.cents.add(amount));
                                Ok(true)
                            });
                            refused += u32::from(!paid.unwrap().value);
                        }
                    }
                    refused
                })
            })
            .collect();
        while !payers.iter().all(|payer| payer.is_finished()) {
            check(&db);
            std::thread::yield_now();
        }
        let refused: u32 = payers.into_iter().map(|payer| payer.join().unwrap()).sum();
        assert!(refused > 0, "some could not pay");
    });
    check(&db);
}

#[test]
fn a_value_that_its_column_cannot_hold_is_never_stored() {
    let (db, accounts) = open();
    let rich = accounts[0];
    db.update(rich, Account::C.cents.set(i64::MAX)).unwrap();
    let too_rich = why(db.update(rich, Account::C.cents.add(1)));
    assert!(too_rich.ends_with("adding 1 leaves the range of the field"), "{too_rich}");
    let nobody = db.write(move |tx| {
        tx.despawn(rich)?;
        Ok(tx.update(rich, Account::C.cents.set(0))?)
    });
    assert!(matches!(nobody, Err(TransactionError::Op(OpError::StaleEntity { .. }))));
    assert!(db.snapshot().is_alive(rich), "and neither is the death that came before");
}
