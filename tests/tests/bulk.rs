//! Changes of everything that a condition holds for, counted, against a naive map.

use std::collections::BTreeMap;

use ecsdb::query::{Condition, Plan, has};
use ecsdb::{Component, Db, Entity, OpError, TransactionError};
use ecsdb_tests::{block_writer, why};
use proptest::prelude::*;

#[derive(Component, Debug, Clone, PartialEq)]
#[repr(C)]
struct Mob {
    hp: u32,
    #[component(index)]
    level: u32,
}

#[derive(Component, Debug, Clone, PartialEq)]
struct Name {
    text: String,
    rank: u8,
}

#[derive(Component, Debug, Clone, PartialEq)]
struct Poisoned;

ecsdb::schema! { World: Mob, Name, Poisoned }

/// What an entity has.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    mob: Option<Mob>,
    name: Option<Name>,
    poisoned: bool,
}

type Rows = BTreeMap<Entity, Row>;

fn rows(db: &Db<World>) -> Rows {
    let snapshot = db.snapshot();
    let row = |entity| Row {
        mob: snapshot.get::<Mob>(entity).cloned(),
        name: snapshot.get::<Name>(entity).map(|name| name.to_owned()),
        poisoned: snapshot.contains::<Poisoned>(entity),
    };
    snapshot.entities().map(|entity| (entity, row(entity))).collect()
}

fn spawn(db: &Db<World>, all: &[Row]) {
    let all = all.to_vec();
    db.write(move |tx| {
        for Row { mob, name, poisoned } in all {
            let entity = tx.spawn(())?;
            if let Some(mob) = mob {
                tx.insert(entity, mob)?;
            }
            if let Some(name) = name {
                tx.insert(entity, name)?;
            }
            if poisoned {
                tx.insert(entity, Poisoned)?;
            }
        }
        Ok(())
    })
    .unwrap();
}

/// A bulk operation.
#[derive(Clone, Copy, Debug)]
enum Bulk {
    /// Sets the health of all below a level.
    Set {
        level: u32,
        hp: u32,
    },
    /// Takes health from the poisoned.
    Hurt {
        by: u32,
    },
    /// As `Hurt`, with an error where it is too much.
    HurtChecked {
        by: u32,
    },
    /// Renames all of a rank.
    Rename {
        rank: u8,
    },
    /// Heals those who have no name.
    Nameless {
        by: u32,
    },
    Cure {
        level: u32,
    },
    Forget {
        rank: u8,
    },
    Bury {
        hp: u32,
    },
    /// As `Forget`, entity by entity.
    ForgetAll {
        rank: u8,
    },
    /// As `Bury`, entity by entity.
    BuryAll {
        hp: u32,
    },
}

/// The entities whose rows meet `test`, the last first.
fn meeting(db: &Db<World>, test: impl Fn(&Row) -> bool) -> Vec<Entity> {
    rows(db).into_iter().rev().filter(|(_, row)| test(row)).map(|(entity, _)| entity).collect()
}

impl Bulk {
    /// The engine, in a closure or in a message.
    fn run(self, db: &Db<World>, in_message: bool) -> Result<u64, TransactionError> {
        macro_rules! run {
            ($tx:ident => $work:expr) => {
                if in_message {
                    let mut $tx = db.begin();
                    let counted = $work;
                    Ok($tx.commit()?.visible()?.count(counted))
                } else {
                    db.write(move |$tx| Ok($work?))
                }
            };
        }
        macro_rules! each {
            ($tx:ident => $work:expr) => {
                if in_message {
                    let mut $tx = db.begin();
                    let count = $work;
                    $tx.commit()?.visible()?;
                    Ok(count)
                } else {
                    db.write(move |$tx| Ok($work?))
                }
            };
        }
        match self {
            Self::Set { level, hp } => run!(tx => tx.update_where(Mob::C.level.lt(level), Mob::C.hp.set(hp))),
            Self::Hurt { by } => run!(tx => tx.update_where(has::<Poisoned>(), Mob::C.hp.saturating_sub(by))),
            Self::HurtChecked { by } => {
                run!(tx => tx.update_where(has::<Poisoned>(), (Mob::C.level.wrapping_add(1), Mob::C.hp.sub(by))))
            }
            Self::Rename { rank } => run!(tx => {
                let changes = (Name::C.text.set("a longer name than before".to_owned()), Name::C.rank.saturating_add(100));
                tx.update_where(Name::C.rank.eq(rank).or(Name::C.text.starts_with("b")), changes)
            }),
            Self::Nameless { by } => {
                run!(tx => tx.update_where(has::<Name>().not(), (Mob::C.hp.wrapping_add(by), Mob::C.hp.max(7))))
            }
            Self::Cure { level } => run!(tx => tx.remove_where::<Poisoned>(Mob::C.level.ge(level))),
            Self::Forget { rank } => run!(tx => tx.remove_where::<Name>(Name::C.rank.le(rank))),
            Self::Bury { hp } => run!(tx => tx.despawn_where(Mob::C.hp.lt(hp).and(has::<Name>().not()))),
            Self::ForgetAll { rank } => {
                let named = meeting(db, |row| row.name.as_ref().is_some_and(|name| name.rank <= rank));
                each!(tx => tx.remove_all::<Name>(named))
            }
            Self::BuryAll { hp } => {
                let doomed = meeting(db, |row| row.name.is_none() && row.mob.as_ref().is_some_and(|mob| mob.hp < hp));
                each!(tx => tx.despawn_all(doomed))
            }
        }
    }

    /// The model. `None` if a number would leave its range.
    fn apply(self, rows: &mut Rows) -> Option<u64> {
        let before = rows.clone();
        let mut count = 0;
        let mut is_possible = true;
        rows.retain(|_, row| {
            let Row { mob, name, poisoned } = row;
            let is_nameless = name.is_none();
            let meets = match (self, mob, name) {
                (Self::Set { level, hp }, Some(mob), _) if mob.level < level => {
                    mob.hp = hp;
                    true
                }
                (Self::Hurt { by }, Some(mob), _) if *poisoned => {
                    mob.hp = mob.hp.saturating_sub(by);
                    true
                }
                (Self::HurtChecked { by }, Some(mob), _) if *poisoned => {
                    is_possible &= mob.hp >= by;
                    mob.hp = mob.hp.wrapping_sub(by);
                    mob.level = mob.level.wrapping_add(1);
                    true
                }
                (Self::Rename { rank }, _, Some(name)) if name.rank == rank || name.text.starts_with('b') => {
                    *name = Name { text: "a longer name than before".to_owned(), rank: name.rank.saturating_add(100) };
                    true
                }
                (Self::Nameless { by }, Some(mob), None) => {
                    mob.hp = mob.hp.wrapping_add(by).max(7);
                    true
                }
                (Self::Cure { level }, Some(mob), _) if mob.level >= level => core::mem::take(poisoned),
                (Self::Forget { rank } | Self::ForgetAll { rank }, _, name)
                    if name.as_ref().is_some_and(|name| name.rank <= rank) =>
                {
                    *name = None;
                    true
                }
                (Self::Bury { hp } | Self::BuryAll { hp }, Some(mob), _) if mob.hp < hp && is_nameless => {
                    count += 1;
                    return false;
                }
                _ => false,
            };
            count += u64::from(meets);
            true
        });
        if !is_possible {
            *rows = before;
            return None;
        }
        Some(count)
    }
}

fn row() -> impl Strategy<Value = Row> {
    let mob = prop::option::of((0..20_u32, 0..5_u32).prop_map(|(hp, level)| Mob { hp, level }));
    let name = prop::option::of(("[a-c]{0,3}", 0..4_u8).prop_map(|(text, rank)| Name { text, rank }));
    (mob, name, any::<bool>()).prop_map(|(mob, name, poisoned)| Row { mob, name, poisoned })
}

fn bulk() -> impl Strategy<Value = Bulk> {
    prop_oneof![
        (0..6_u32, 0..20_u32).prop_map(|(level, hp)| Bulk::Set { level, hp }),
        (0..10_u32).prop_map(|by| Bulk::Hurt { by }),
        (0..4_u32).prop_map(|by| Bulk::HurtChecked { by }),
        (0..4_u8).prop_map(|rank| Bulk::Rename { rank }),
        any::<u32>().prop_map(|by| Bulk::Nameless { by }),
        (0..6_u32).prop_map(|level| Bulk::Cure { level }),
        (0..4_u8).prop_map(|rank| Bulk::Forget { rank }),
        (0..10_u32).prop_map(|hp| Bulk::Bury { hp }),
        (0..4_u8).prop_map(|rank| Bulk::ForgetAll { rank }),
        (0..20_u32).prop_map(|hp| Bulk::BuryAll { hp }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn bulk_operations_do_what_a_loop_over_a_map_does(
        all in prop::collection::vec(row(), 0..300),
        operations in prop::collection::vec((bulk(), any::<bool>()), 1..12),
    ) {
        let db = Db::<World>::builder().worker_threads(1).open().unwrap();
        spawn(&db, &all);
        let mut model = rows(&db);
        for (operation, in_message) in operations {
            let done = operation.run(&db, in_message);
            match operation.apply(&mut model) {
                Some(count) => prop_assert_eq!(done.unwrap(), count, "{:?}", operation),
                None => prop_assert!(matches!(done, Err(TransactionError::Op(OpError::OutOfRange(_)))), "{:?}", operation),
            }
            prop_assert_eq!(&rows(&db), &model, "{:?}", operation);
        }
    }
}

#[test]
fn counts_come_back_through_the_ticket_in_their_order() {
    let db = Db::<World>::in_memory().unwrap();
    let blocked = block_writer(&db);
    let mut tx = db.begin();
    let new = tx.spawn_all((0..100).map(|n| (Mob { hp: n, level: n % 4 }, Poisoned)));
    let names = new.iter().take(30).map(|entity| (*entity, Name { text: "orc".to_owned(), rank: 1 }));
    assert_eq!(tx.insert_all(names), 30);
    // Conditions are looked at when the turn of the operation comes: after what stands before it.
    let hurt = tx.update_where(Mob::C.hp.lt(10), Mob::C.hp.set(0));
    let dead = tx.despawn_where(Mob::C.hp.eq(0));
    let cured = tx.remove_where::<Poisoned>(Condition::always());
    let none = tx.update_where(Mob::C.level.gt(9), Mob::C.hp.set(1));
    let ticket = tx.commit().unwrap();
    drop(blocked);
    let commit = ticket.visible().unwrap();
    assert_eq!([hurt, dead, cured, none].map(|counted| commit.count(counted)), [10, 10, 90, 0]);
    assert_eq!((commit.entities.len(), db.stats().entities), (100, 90));
    assert_eq!((db.table::<Name>().len(), db.table::<Poisoned>().len()), (20, 0));
    let counts = db.write(|tx| {
        let all: Vec<Entity> = tx.query::<Entity>().into_iter().collect();
        let inserted = tx.insert_all(all.into_iter().map(|entity| (entity, Poisoned)))?;
        Ok((inserted, tx.remove_where::<Poisoned>(has::<Name>())?))
    });
    assert_eq!(counts.unwrap(), (90, 20));
}

#[test]
fn all_that_are_named_go_or_none_of_them() {
    let db = Db::<World>::in_memory().unwrap();
    let new = |n| (Mob { hp: n, level: 1 }, Poisoned);
    let all = db.write(move |tx| Ok(tx.spawn_all((0..500).map(new))?)).unwrap();
    let (well, dead) = (all[300], all[400]);
    db.write(move |tx| {
        tx.remove::<Poisoned>(well)?;
        Ok(tx.despawn(dead)?)
    })
    .unwrap();
    let before = rows(&db);
    let done = db.write(move |tx| {
        let twice = [all[7], all[200], all[7]];
        assert!(matches!(tx.despawn_all(twice), Err(OpError::StaleEntity { entity }) if entity == all[7]));
        assert!(
            matches!(tx.remove_all::<Mob>(twice), Err(OpError::ComponentMissing { entity, .. }) if entity == all[7])
        );
        assert!(matches!(tx.despawn_all([all[1], dead]), Err(OpError::StaleEntity { entity }) if entity == dead));
        let with_well = tx.remove_all::<Poisoned>([all[1], well]);
        assert!(matches!(with_well, Err(OpError::ComponentMissing { entity, .. }) if entity == well));
        assert_eq!(tx.despawn_all([])?, 0);
        // Those who live in the same transaction, and after others have gone.
        let late = tx.spawn(new(9))?;
        Ok((tx.remove_all::<Poisoned>([late, all[2]])?, tx.despawn_all([all[3], late])?, tx.spawn(new(3))?, all[2]))
    });
    let (removed, ended, again, cured) = done.unwrap();
    assert_eq!((removed, ended), (2, 2));
    let mut expected = before;
    expected.get_mut(&cured).unwrap().poisoned = false;
    expected.retain(|_, row| row.mob.as_ref().is_none_or(|mob| mob.hp != 3));
    expected.insert(again, Row { mob: Some(Mob { hp: 3, level: 1 }), name: None, poisoned: true });
    assert_eq!(rows(&db), expected);
}

#[test]
fn of_several_rows_for_one_entity_the_last_one_counts_wherever_it_stands() {
    #[derive(Component, Debug, Clone, Copy, PartialEq)]
    #[repr(C)]
    struct Target {
        id: u32,
    }
    ecsdb::schema! { Marked: Target, Poisoned }
    let db = Db::<Marked>::in_memory().unwrap();
    let all = db.write(|tx| Ok(tx.spawn_all((0..5000).map(|_| Poisoned))?)).unwrap();
    // Every third has one, then all from the last to the first, some of them twice, with some new ones in the same transaction.
    let (first, second) = (all.clone(), all.clone());
    db.write(move |tx| Ok(tx.insert_all(first.into_iter().step_by(3).map(|entity| (entity, Target { id: 1 })))?))
        .unwrap();
    let count = db.write(move |tx| {
        let from_behind = second.iter().rev().map(|entity| (*entity, Target { id: 2 }));
        let again = second.iter().skip(7).step_by(5).map(|entity| (*entity, Target { id: 3 }));
        let late = tx.spawn(())?;
        let late = [(late, Target { id: 4 }), (late, Target { id: 5 })];
        Ok(tx.insert_all(from_behind.chain(again).chain(late))?)
    });
    assert_eq!(count.unwrap(), 5000 + 999 + 2);
    let snapshot = db.snapshot();
    let found: Vec<u32> = all.iter().filter_map(|entity| Some(snapshot.get::<Target>(*entity)?.id)).collect();
    let expected: Vec<u32> = (0..5000).map(|number| if number >= 7 && number % 5 == 2 { 3 } else { 2 }).collect();
    assert_eq!(found, expected);
    let ids: u64 = snapshot.table::<Target>().iter().map(|(_, target)| u64::from(target.id)).sum();
    assert_eq!(ids, expected.into_iter().map(u64::from).sum::<u64>() + 5);
}

#[test]
fn one_row_that_cannot_change_stops_all_of_them() {
    let db = Db::<World>::in_memory().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..5000).map(|n| Mob { hp: 5000 - n, level: n }))?)).unwrap();
    let before = rows(&db);
    let failed = db.write(|tx| {
        let error = tx.update_where(Condition::always(), Mob::C.hp.sub(2)).unwrap_err();
        assert!(error.to_string().ends_with("is 1: subtracting 2 leaves the range of the field"), "{error}");
        Ok(tx.update_where(Mob::C.hp.eq(1), Mob::C.hp.set(1))?)
    });
    assert_eq!(failed.unwrap(), 1);
    assert_eq!(rows(&db), before, "the closure went on, and nothing had changed");
    let mut tx = db.begin();
    tx.update_where(Mob::C.level.lt(10), Mob::C.hp.set(0));
    tx.update_where(Condition::always(), Mob::C.hp.sub(1));
    assert!(why(tx.commit().unwrap().visible()).ends_with("is 0: subtracting 1 leaves the range of the field"));
    assert_eq!(rows(&db), before);
}

/// Enough rows for an index to cost less than a scan.
#[test]
fn what_an_index_leads_to_is_what_a_scan_finds() {
    const COUNT: u32 = 4000;
    let db = Db::<World>::in_memory().unwrap();
    let mobs: Vec<Entity> =
        db.write(|tx| Ok(tx.spawn_all((0..COUNT).map(|number| Mob { hp: 10, level: number % 500 }))?)).unwrap();
    let (first, last) = (mobs[0], mobs[mobs.len() - 1]);
    // Rows come to the level and leave it in the same transaction, before and between.
    let counts = db
        .write(move |tx| {
            tx.update(first, Mob::C.level.set(7))?;
            let hurt = tx.update_where(Mob::C.level.eq(7), Mob::C.hp.sub(1))?;
            tx.update(last, Mob::C.level.set(7))?;
            let moved = tx.update_where(Mob::C.level.eq(7), Mob::C.level.set(9))?;
            let none = tx.update_where(Mob::C.level.eq(7), Mob::C.hp.set(0))?;
            let removed = tx.remove_where::<Mob>(Mob::C.level.eq(8))?;
            let ended = tx.despawn_where(Mob::C.level.eq(9).and(Mob::C.hp.eq(9)))?;
            Ok([hurt, moved, none, removed, ended])
        })
        .unwrap();
    // Eight of each level; `first` had level 0 and `last` level 499.
    assert_eq!(counts, [9, 10, 0, 8, 9]);
    let snapshot = db.snapshot();
    let query = snapshot.query::<Entity>().filter(Mob::C.level.eq(9));
    assert_eq!(query.explain().plan, Plan::index("mob.level"));
    // The eight that had it, and `last`, which came too late to be hurt.
    assert_eq!(query.count(), 9);
    assert_eq!(snapshot.entity_count(), u64::from(COUNT) - 9);
}
