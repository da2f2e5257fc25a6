//! Everything that can be read, beside the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use ecsdb::query::has;
use ecsdb::{Entity, Snapshot, View};

use super::{Row, Rows};
use crate::on_table;
use crate::world::*;

/// Compares everything that can be read of `snapshot` with the model. `seen` are all entities that ever were.
pub fn check(snapshot: &Snapshot<World>, rows: &Rows, seen: &BTreeSet<Entity>) {
    check_view(snapshot.view(), rows, seen);
    let sum = |(count, gold): (u64, u64), purse: PurseRef<'_>| (count + 1, gold.wrapping_add(purse.gold()));
    let folded = snapshot.query::<PurseRef<'_>>().par_fold(|| (0, 0), sum, |a, b| (a.0 + b.0, a.1.wrapping_add(b.1)));
    let expected =
        rows.values().filter_map(|row| row.samples[3]).fold((0, 0_u64), |a, b| (a.0 + 1, a.1.wrapping_add(b)));
    assert_eq!(folded, expected);
    let met = Mutex::new(Vec::new());
    snapshot.query::<(Entity, &Small)>().par_for_each(|(entity, small)| {
        met.lock().expect("nobody panics").push((entity, Small::number(small)));
    });
    let mut met = met.into_inner().expect("nobody panics");
    met.sort_unstable();
    let smalls = rows.iter().filter_map(|(entity, row)| Some((*entity, row.samples[1]?)));
    assert!(met.into_iter().eq(smalls), "each row once, by several threads");
}

/// As [`check`], without the parallel queries.
pub fn check_view(view: View<'_, World>, rows: &Rows, seen: &BTreeSet<Entity>) {
    let mut by_slot: Vec<(&Entity, &Row)> = rows.iter().collect();
    by_slot.sort_by_key(|(entity, _)| entity.slot());
    assert!(view.entities().eq(by_slot.iter().map(|(entity, _)| **entity)), "the living");
    assert_eq!(view.entity_count(), rows.len() as u64);
    for entity in seen {
        assert_eq!(view.is_alive(*entity), rows.contains_key(entity), "{entity}");
    }
    for table in 0..SAMPLES {
        on_table!(table, T => check_table::<T>(view, &by_slot, seen, table));
    }
    check_items(view, &by_slot);
    check_notes(view, &by_slot);
    check_filters(view, &by_slot);
    check_joins(view, &by_slot);
}

fn check_table<T: Sample + ecsdb::schema::TableOf<World>>(
    view: View<'_, World>,
    by_slot: &[(&Entity, &Row)],
    seen: &BTreeSet<Entity>,
    table: usize,
) {
    let expected: Vec<(Entity, u64)> =
        by_slot.iter().filter_map(|(entity, row)| Some((**entity, row.samples[table]?))).collect();
    let rows = view.table::<T>();
    let found: Vec<(Entity, u64)> = rows.iter().map(|(entity, row)| (entity, T::number(row))).collect();
    assert_eq!(found, expected, "table {table}");
    assert_eq!((rows.len(), view.query::<&T>().count()), (expected.len(), expected.len()), "table {table}");
    let by_pages: Vec<u64> =
        rows.pages().flatten().map(|row| T::number(T::view(row, ecsdb::component::packed::Heap::EMPTY))).collect();
    assert!(by_pages.iter().eq(expected.iter().map(|(_, number)| number)), "pages of table {table}");
    assert!(rows.pages().all(|page| !page.is_empty()));
    let by_entity: BTreeMap<Entity, u64> = expected.into_iter().collect();
    for entity in seen {
        let number = by_entity.get(entity).copied();
        assert_eq!(view.get::<T>(*entity).map(T::number), number, "table {table}, {entity}");
        assert_eq!(view.contains::<T>(*entity), number.is_some());
        assert_eq!(view.try_get::<T>(*entity).is_ok(), number.is_some());
    }
    // Half by `next`, the rest by `fold`.
    let mut iter = view.query::<(Entity, &T)>().iter();
    let mut mixed: Vec<Entity> = iter.by_ref().take(by_entity.len() / 2).map(|(entity, _)| entity).collect();
    iter.for_each(|(entity, _)| mixed.push(entity));
    assert!(mixed.iter().eq(rows.iter().map(|(entity, _)| entity).collect::<Vec<_>>().iter()));
}

fn check_items(view: View<'_, World>, by_slot: &[(&Entity, &Row)]) {
    let found: Vec<(Entity, Option<Entity>)> =
        view.query::<(Entity, ItemRef<'_>)>().iter().map(|(entity, item)| (entity, item.owner())).collect();
    let expected: Vec<(Entity, Option<Entity>)> =
        by_slot.iter().filter_map(|(entity, row)| Some((**entity, row.item?))).collect();
    assert_eq!(found, expected, "items");
    for (entity, row) in by_slot {
        let mut tables: Vec<usize> = (0..SAMPLES).filter(|table| row.samples[*table].is_some()).collect();
        tables.extend(row.item.map(|_| ITEM));
        tables.extend(row.note.map(|_| NOTE));
        let names = tables.iter().map(|table| &*<World as ecsdb::schema::Schema>::TABLES[*table].name);
        assert!(view.components_of(**entity).map(|table| &*table.name).eq(names), "components of {entity}");
    }
}

fn check_notes(view: View<'_, World>, by_slot: &[(&Entity, &Row)]) {
    let expected: Vec<(Entity, Note)> = by_slot
        .iter()
        .filter_map(|(entity, row)| row.note.map(|(text, list)| (**entity, Note::of(text, list))))
        .collect();
    let mut found = expected.iter();
    view.query::<(Entity, &Note)>().for_each(|(entity, note)| {
        let (owner, expected) = found.next().expect("no more notes than there are");
        assert_eq!((entity, note.text(), note.numbers()), (*owner, &*expected.text, &*expected.numbers));
    });
    assert!(found.next().is_none(), "a note is missing");
    for (entity, row) in by_slot {
        let expected = row.note.map(|(text, list)| Note::of(text, list));
        assert_eq!(view.get::<Note>(**entity).map(|note| note.to_owned()), expected, "the note of {entity}");
    }
}

/// Conditions beside brute force.
fn check_filters(view: View<'_, World>, by_slot: &[(&Entity, &Row)]) {
    let select = |wanted: &dyn Fn(&Row) -> bool| -> Vec<Entity> {
        by_slot.iter().filter(|(_, row)| wanted(row)).map(|(entity, _)| **entity).collect()
    };
    let small = |row: &Row| row.samples[1];
    let gold = |row: &Row| row.samples[3];
    for limit in [0, 300, u32::MAX] {
        let found: Vec<Entity> = view.query::<Entity>().filter(Small::C.n.lt(limit)).iter().collect();
        assert_eq!(found, select(&|row| small(row).is_some_and(|n| n < u64::from(limit))));
        let rich = Purse::C.gold.ge(u64::from(limit)).or(has::<Frozen>());
        let found: Vec<Entity> =
            view.query::<(Entity, &Small)>().filter(rich).iter().map(|(entity, _)| entity).collect();
        let is_rich = |row: &Row| gold(row).is_some_and(|gold| gold >= u64::from(limit)) || row.samples[0].is_some();
        assert_eq!(found, select(&|row| small(row).is_some() && is_rich(row)));
        let query = view.query::<&Small>().filter(Small::C.n.between(10, limit)).filter(has::<Pos>());
        let between =
            select(&|row| small(row).is_some_and(|n| (10..=u64::from(limit)).contains(&n)) && row.samples[2].is_some());
        assert_eq!(query.count(), between.len());
    }
    let owned = select(&|row| row.item.is_some_and(|owner| owner.is_some()));
    assert_eq!(view.query::<Entity>().filter(Item::C.owner.is_some()).iter().collect::<Vec<_>>(), owned);
    let part = "note 7";
    let found: Vec<Entity> = view.query::<Entity>().filter(Note::C.text.contains(part)).iter().collect();
    assert_eq!(found, select(&|row| row.note.is_some_and(|(text, _)| Note::text(text).contains(part))));
    for number in [3, 500] {
        let found: Vec<Entity> = view.query::<Entity>().filter(Note::C.numbers.contains(number)).iter().collect();
        assert_eq!(found, select(&|row| row.note.is_some_and(|(_, list)| Note::numbers(list).contains(&number))));
    }
}

fn check_joins(view: View<'_, World>, by_slot: &[(&Entity, &Row)]) {
    let select = |wanted: &dyn Fn(&Row) -> bool| -> Vec<Entity> {
        by_slot.iter().filter(|(_, row)| wanted(row)).map(|(entity, _)| **entity).collect()
    };
    let mut found = Vec::new();
    view.query::<(&Small, Entity, &Pos)>().for_each(|(small, entity, pos)| {
        let row = by_slot[by_slot.binary_search_by_key(&entity.slot(), |(entity, _)| entity.slot()).unwrap()].1;
        assert_eq!((row.samples[1], row.samples[2]), (Some(Small::number(small)), Some(Pos::number(pos))));
        found.push(entity);
    });
    assert_eq!(found, select(&|row| row.samples[1].is_some() && row.samples[2].is_some()));

    let query = view.query::<(Entity, PurseRef<'_>, Option<&Wide>)>().with::<Small>().without::<Frozen>();
    let found: Vec<Entity> = query
        .into_iter()
        .map(|(entity, purse, wide)| {
            assert_eq!(view.get::<Purse>(entity).map(|purse| purse.gold()), Some(purse.gold()));
            assert_eq!(view.get::<Wide>(entity), wide);
            entity
        })
        .collect();
    let expected = select(&|row| {
        let [frozen, small, _, purse, ..] = row.samples;
        purse.is_some() && small.is_some() && frozen.is_none()
    });
    assert_eq!(found, expected);

    // Nothing but options: every living entity.
    let found: Vec<bool> =
        view.query::<(Option<&R64>, Option<ItemRef<'_>>)>().iter().map(|(a, _)| a.is_some()).collect();
    let expected: Vec<bool> = by_slot.iter().map(|(_, row)| row.samples[5].is_some()).collect();
    assert_eq!(found, expected, "a query for options alone");
    let without = view.query::<Option<&R64>>().without::<Small>().count();
    assert_eq!(without, select(&|row| row.samples[1].is_none()).len());
    let wides: Vec<Entity> = view
        .query::<(&R1500, Entity, &R800, Option<&R200>)>()
        .iter()
        .map(|(r1500, entity, r800, _)| {
            assert_eq!(view.get::<R1500>(entity), Some(r1500));
            assert_eq!(view.get::<R800>(entity), Some(r800));
            entity
        })
        .collect();
    assert_eq!(wides, select(&|row| row.samples[9].is_some() && row.samples[10].is_some()));
}
