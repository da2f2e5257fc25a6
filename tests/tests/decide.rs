//! Gather, decide, commit: contexts, effects, and what others do meanwhile.

use ecsdb::error::Conflict;
use ecsdb::optimistic::Context;
use ecsdb::{Component, Db, Entity, Ref, TransactionBuilder, TransactionError};
use ecsdb_tests::{block_on, block_writer, why};

#[derive(Component, Debug, PartialEq)]
struct Hero {
    gold: u64,
    room: u16,
}

#[derive(Component, Debug, PartialEq)]
struct Item {
    owner: Option<Ref<Hero>>,
    worth: u64,
}

#[derive(Component, Debug, PartialEq)]
struct Pet {
    of: Entity,
}

ecsdb::schema! { World: Hero, Item, Pet }

fn open() -> (Db<World>, Entity, Entity) {
    let db = Db::<World>::in_memory().unwrap();
    let (ann, bob) = (hero(&db, 10, 1), hero(&db, 100, 1));
    hero(&db, 1000, 2);
    for worth in [3, 4] {
        db.spawn(Item { owner: Some(Ref::to(ann)), worth }).unwrap();
    }
    db.spawn(Item { owner: None, worth: 99 }).unwrap();
    db.spawn(Item { owner: Some(Ref::to(bob)), worth: 50 }).unwrap();
    (db, ann, bob)
}

fn hero(db: &Db<World>, gold: u64, room: u16) -> Entity {
    db.spawn(Hero { gold, room }).unwrap()
}

fn gold(db: &Db<World>, hero: Entity) -> u64 {
    db.table::<Hero>().get(hero).unwrap().gold
}

/// Sells everything to the first other one in the room.
fn sell_all(
    seller: &Context<'_, World>,
    effects: &mut TransactionBuilder<World>,
) -> Result<(usize, u64), TransactionError> {
    let Some(buyer) = seller.beside(Hero::C.room).first().copied() else {
        return Err(TransactionError::abort("nobody is here"));
    };
    let items = seller.referring(Item::C.owner);
    let price: u64 = items.iter().filter_map(|item| seller.of::<Item>(*item)).map(|item| item.worth()).sum();
    for item in &items {
        effects.update(*item, Item::C.owner.set(Some(Ref::to(buyer))));
    }
    effects.update(buyer, Hero::C.gold.sub(price));
    effects.update(seller.entity(), Hero::C.gold.add(price));
    Ok((items.len(), price))
}

#[test]
fn a_context_has_the_rows_of_an_entity_those_that_refer_to_it_and_those_beside_it() {
    let (db, ann, bob) = open();
    let dog = db.spawn(Pet { of: ann }).unwrap();
    let seen = db.decide(ann, 0, |context, _| {
        assert_eq!((context.entity(), context.is_alive(ann)), (ann, true));
        assert_eq!(context.get::<Hero>().map(|hero| hero.gold()), Some(10));
        assert!(context.get::<Item>().is_none() && context.beside(Item::C.worth).is_empty());
        assert_eq!(context.beside(Hero::C.room), [bob]);
        assert_eq!(context.of::<Hero>(bob).map(|hero| hero.gold()), Some(100));
        assert_eq!(context.referring(Pet::C.of), [dog]);
        let worth = |entity: &Entity| context.of::<Item>(*entity).map(|item| item.worth());
        assert_eq!(context.referring(Item::C.owner).iter().filter_map(worth).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(context.select(Hero::C.gold.gt(50).and(Hero::C.room.eq(1))), [bob]);
        assert_eq!(context.snapshot().table::<Hero>().len(), 3);
        Ok(())
    });
    assert_eq!(seen.unwrap().attempts, 1);
}

#[test]
fn effects_are_committed_in_one_message_or_not_at_all() {
    let (db, ann, bob) = open();
    let version = db.stats().version;
    let sold = db.decide(ann, 3, sell_all).unwrap();
    assert_eq!((sold.value, sold.attempts, sold.commit.version), ((2, 7), 1, version + 1));
    assert_eq!((gold(&db, ann), gold(&db, bob)), (17, 93));
    // Nothing to sell: the effects are no changes, and add nothing.
    assert_eq!(db.decide(ann, 3, sell_all).unwrap().value, (0, 0));
    // Bob sells three items back, which Ann cannot pay.
    let failed = why(db.decide(bob, 3, sell_all));
    assert!(failed.ends_with("is 17: subtracting 57 leaves the range of the field"), "{failed}");
    assert_eq!((gold(&db, ann), gold(&db, bob)), (17, 93));
    assert_eq!(why(db.decide(hero(&db, 5, 9), 3, sell_all)), "the transaction was aborted: nobody is here");
}

#[test]
fn the_function_is_asked_again_when_what_it_looked_at_has_changed() {
    let (db, ann, bob) = open();
    let meanwhile: [&dyn Fn(); 4] = [
        // One more refers to her.
        &|| db.spawn(Item { owner: Some(Ref::to(ann)), worth: 5 }).map(|_| ()).unwrap(),
        // One more stands beside her.
        &|| db.spawn(Hero { gold: 50, room: 1 }).map(|_| ()).unwrap(),
        // An item that she has is worth more.
        &|| db.write(|tx| Ok(tx.update_where(Item::C.worth.eq(3), Item::C.worth.set(6))?)).map(|_| ()).unwrap(),
        // She has more gold: that stands in the row that tells her room.
        &|| db.update(ann, Hero::C.gold.add(1)).unwrap(),
    ];
    let mut changes = meanwhile.iter();
    let sold = db.decide(ann, 10, |context, effects| {
        let done = sell_all(context, effects)?;
        if let Some(change) = changes.next() {
            change();
        }
        Ok(done)
    });
    let sold = sold.unwrap();
    assert_eq!((sold.value, sold.attempts), ((3, 15), 5));
    assert_eq!((gold(&db, ann), gold(&db, bob)), (10 + 1 + 15, 100 - 15));

    // What is elsewhere is no reason.
    let mut is_first = true;
    let quiet = db.decide(ann, 0, |context, effects| {
        let done = sell_all(context, effects)?;
        if core::mem::take(&mut is_first) {
            hero(&db, 1, 3);
            db.spawn(Item { owner: None, worth: 1 })?;
            db.spawn(Item { owner: Some(Ref::to(bob)), worth: 1 })?;
        }
        Ok(done)
    });
    assert_eq!(quiet.unwrap().attempts, 1);
}

#[test]
fn the_last_cause_names_the_condition_and_who_has_come() {
    let (db, ann, _) = open();
    let failed = db.decide(ann, 1, |context, effects| {
        let done = sell_all(context, effects)?;
        db.spawn(Item { owner: Some(Ref::to(ann)), worth: 1 })?;
        Ok(done)
    });
    match failed {
        Err(TransactionError::Conflict { attempts: 2, last }) => {
            let text = last.to_string();
            assert!(text.contains("have `item.owner == ") && text.ends_with("1 more, 0 fewer"), "{text}");
            assert!(matches!(*last, Conflict::Set { ref come, .. } if come.len() == 1));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_selection_of_an_optimistic_transaction_is_noted_too() {
    let (db, ann, _) = open();
    let mut runs = 0;
    let done = db.optimistic(5, |tx| {
        let rich = tx.select(Hero::C.gold.ge(100));
        runs += 1;
        if runs == 1 {
            hero(&db, 500, 7);
        }
        let promised = tx.spawn(Item { owner: None, worth: rich.len() as u64 });
        tx.update(ann, Hero::C.gold.set(rich.len() as u64));
        assert_eq!(tx.read::<Item>(promised)?.worth, rich.len() as u64);
        Ok(rich.len())
    });
    let done = done.unwrap();
    assert_eq!((done.value, done.attempts, gold(&db, ann), done.commit.entities.len()), (3, 2, 3, 1));
}

#[test]
fn a_decision_without_effects_asks_nobody_and_one_can_be_awaited() {
    let (db, ann, bob) = open();
    let blocked = block_writer(&db);
    let looked = db.decide(ann, 0, |context, _| Ok(context.beside(Hero::C.room).len()));
    assert_eq!(looked.unwrap().value, 1);
    drop(blocked);
    assert_eq!(block_on(db.decide_async(ann, 3, sell_all)).unwrap().value, (2, 7));
    assert_eq!(gold(&db, bob), 93);
}

#[test]
fn decisions_on_many_threads_lose_no_coin_and_no_item() {
    let (db, ann, bob) = open();
    std::thread::scope(|scope| {
        for seller in [ann, bob, ann] {
            let db = &db;
            scope.spawn(move || {
                for _ in 0..40 {
                    match db.decide(seller, u32::MAX, sell_all) {
                        Ok(_) | Err(TransactionError::Op(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert_eq!(gold(&db, ann) + gold(&db, bob), 110);
    let snapshot = db.snapshot();
    let owned = snapshot.query::<ItemRef<'_>>().iter().filter(|item| item.owner().is_some()).count();
    assert_eq!((owned, snapshot.table::<Item>().len()), (3, 4));
}
