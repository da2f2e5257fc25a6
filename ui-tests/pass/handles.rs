//! What the cases about handles, bundles, closures and schemas come close to.

use ecsdb::{Component, Db, Entity, Table, Transaction};

#[derive(Component)]
#[repr(C)]
struct Pos {
    x: f32,
}

#[derive(Component)]
struct Purse {
    gold: u64,
}

#[derive(Component)]
struct Frozen;

ecsdb::schema! { pub World: Pos, Purse, Frozen }
ecsdb::schema! { pub Bank: Purse, Pos }

fn handles(world: &Db<World>, bank: &Db<Bank>) {
    let _: Table<'_, World, Pos> = world.table::<Pos>();
    let _: Table<'_, Bank, Pos> = bank.table();
}

fn changes(tx: &mut Transaction<'_, World>) -> Result<(), ecsdb::OpError> {
    let sum = std::sync::atomic::AtomicU64::new(0);
    tx.update_all(|pos: &mut Pos| pos.x += 1.0)?;
    tx.update_all(|pos: &mut Pos, purse: PurseRef<'_>, frozen: Option<&Frozen>, entity: Entity| {
        pos.x += purse.gold() as f32 + frozen.map_or(0.0, |_| 1.0) + entity.slot() as f32;
        sum.fetch_add(purse.gold(), std::sync::atomic::Ordering::Relaxed);
    })?;
    tx.update_all(|purse: &mut Purse, pos: &Pos| purse.gold += pos.x as u64)?;
    Ok(())
}

fn main() {
    let (world, bank) = (Db::<World>::in_memory().unwrap(), Db::<Bank>::in_memory().unwrap());
    handles(&world, &bank);
    let entity = world.spawn((Frozen, Pos { x: 1.0 }, Purse { gold: 1 })).unwrap();
    world.write(|tx| Ok(changes(tx)?)).unwrap();
    let snapshot = world.snapshot();
    assert_eq!(snapshot.query::<(&Pos, Option<PurseRef<'_>>)>().without::<Frozen>().count(), 0);
    assert!(snapshot.get::<Pos>(entity).is_some());
}
