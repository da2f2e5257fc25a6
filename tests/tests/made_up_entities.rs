//! Entities that no database has handed out: promises that went astray, and made-up numbers.

use ecsdb::error::ReadError;
use ecsdb::{Component, Db, Entity};

#[derive(Component)]
struct Purse {
    gold: u64,
}

ecsdb::schema! { World: Purse }

#[test]
fn an_entity_of_generation_zero_is_nobody_however_often_slots_were_used() {
    let db = Db::<World>::in_memory().unwrap();
    let first: Vec<Entity> = db.write(|tx| Ok(tx.spawn_all((0..4).map(|gold| Purse { gold }))?)).unwrap();
    // Slot 1 gets another generation, slot 2 a third one, and all of them are alive in the end.
    for slot in [1, 2, 2] {
        let tenant = db.snapshot().entities().find(|entity| entity.slot() == slot).unwrap();
        db.despawn(tenant).unwrap();
        assert_eq!(db.spawn(Purse { gold: 9 }).unwrap().slot(), slot);
    }
    let snapshot = db.snapshot();
    for entity in first {
        let Some(promise) = Entity::from_bits(u64::from(entity.slot())) else { continue };
        assert!(!snapshot.is_alive(promise), "{promise:?}");
        assert!(!snapshot.contains::<Purse>(promise), "{promise:?}");
        assert!(snapshot.get::<Purse>(promise).is_none(), "{promise:?}");
        assert_eq!(snapshot.try_get::<Purse>(promise).err(), Some(ReadError::UnknownEntity { entity: promise }));
    }
}
