//! References: they lead to rows, and what follows when these go, whatever the order within a transaction.

mod model;

use std::collections::VecDeque;

use ecsdb::error::{DirectoryError, EvolveError};
use ecsdb::schema::{DatabaseSchema, Schema, Value};
use ecsdb::{Component, Db, DynDb, DynTransaction, Entity, Field, OpError, OpenError, Ref, TransactionError};
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::why;

#[derive(Component)]
struct Player {
    name: String,
}

#[derive(Component, Clone)]
struct Item {
    #[component(on_delete = "cascade")]
    owner: Ref<Player>,
    #[component(on_delete = "cascade")]
    inside: Option<Ref<Item>>,
}

#[derive(Component)]
struct Marriage {
    #[component(cardinality = "one")]
    one: Ref<Player>,
    #[component(references = Player, on_delete = "remove")]
    other: Entity,
}

#[derive(Component)]
struct Party {
    #[component(on_delete = "set_null")]
    members: Vec<Ref<Player>>,
    #[component(on_delete = "set_null")]
    leader: Option<Ref<Player>>,
}

ecsdb::schema! { World: Player, Item, Marriage, Party }

fn player(db: &Db<World>, name: &str) -> Entity {
    db.spawn(Player { name: name.to_owned() }).unwrap()
}

fn item(owner: Entity, inside: Option<Entity>) -> Item {
    Item { owner: Ref::to(owner), inside: inside.map(Ref::to) }
}

#[test]
fn a_reference_leads_to_a_living_row_of_its_table() {
    let db = Db::<World>::in_memory().unwrap();
    let anna = player(&db, "Anna");
    let bare = db.spawn(()).unwrap();
    let made_up = Entity::from_bits(77 | 1 << 32).unwrap();
    for nobody in [bare, made_up] {
        let error = db.spawn(item(nobody, None)).unwrap_err();
        let TransactionError::Op(OpError::Dangling(failure)) = &error else { panic!("{error}") };
        assert_eq!((&*failure.table, &*failure.field, failure.target), ("item", "owner", nobody));
        assert!(error.to_string().contains(&format!("refers to the `player` of entity {nobody}, which is not there")));
    }
    let sword = db.spawn(item(anna, None)).unwrap();
    let error = db.write(move |tx| Ok(tx.update(sword, Item::C.inside.set(Some(Ref::to(anna))))?)).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("`item.inside` of entity {sword} refers to the `item` of entity {anna}"))
    );
    let error =
        db.write(move |tx| Ok(tx.update_all(|item: &mut Item| item.inside = Some(Ref::to(bare)))?)).unwrap_err();
    assert!(matches!(error, TransactionError::Op(OpError::Dangling(_))), "{error}");
    assert_eq!(db.snapshot().entity_count(), 3, "nothing of what was refused is there");
}

#[test]
fn the_order_within_a_transaction_does_not_matter() {
    let db = Db::<World>::in_memory().unwrap();
    let (anna, sword) = db
        .write(|tx| {
            let (anna, sword) = (tx.spawn(())?, tx.spawn(())?);
            tx.insert(sword, item(anna, Some(sword)))?;
            tx.insert(anna, Player { name: "Anna".to_owned() })?;
            Ok((anna, sword))
        })
        .unwrap();
    // A row that goes and comes back is the same one.
    db.write(move |tx| {
        tx.remove::<Player>(anna)?;
        Ok(tx.insert(anna, Player { name: "Anne".to_owned() })?)
    })
    .unwrap();
    assert!(db.snapshot().is_alive(sword));
    let mut tx = db.begin();
    let berta = tx.spawn(Player { name: "Berta".to_owned() });
    tx.spawn(item(berta, None));
    tx.commit().unwrap().visible().unwrap();
}

#[test]
fn what_follows_a_deletion_is_what_the_field_says() {
    let db = Db::<World>::in_memory().unwrap();
    let [anna, berta, carla] = ["Anna", "Berta", "Carla"].map(|name| player(&db, name));
    let bag = db.spawn(item(anna, None)).unwrap();
    let purse = db.spawn(item(berta, Some(bag))).unwrap();
    let coin = db.spawn((item(berta, Some(purse)), Player { name: "a coin that talks".to_owned() })).unwrap();
    let members = [anna, berta, anna, coin, carla].map(Ref::to).to_vec();
    let party = db.spawn(Party { members, leader: Some(Ref::to(coin)) }).unwrap();
    let couple =
        db.spawn((Marriage { one: Ref::to(carla), other: anna }, Player { name: "a couple".to_owned() })).unwrap();

    // Anna's bag, what is in it, and what is in that; the marriage, but not who had it.
    db.despawn(anna).unwrap();
    let snapshot = db.snapshot();
    assert!([bag, purse, coin].iter().all(|gone| !snapshot.is_alive(*gone)));
    assert_eq!(snapshot.targets(Party::C.members, party), [berta, carla]);
    assert_eq!(snapshot.get::<Party>(party).unwrap().leader(), None);
    assert!(snapshot.is_alive(couple) && snapshot.get::<Marriage>(couple).is_none());

    // A row may be removed without its entity.
    let ring = db.spawn(item(berta, None)).unwrap();
    db.remove::<Player>(berta).unwrap();
    assert!(!db.snapshot().is_alive(ring) && db.snapshot().is_alive(berta));
}

#[test]
fn a_list_loses_all_that_went_together_and_keeps_the_order_of_the_rest() {
    let db = Db::<World>::in_memory().unwrap();
    let players: Vec<Entity> = (0..300).map(|n| player(&db, &format!("player {n}"))).collect();
    // The second half twice, backwards the second time.
    let members: Vec<Entity> = players.iter().chain(players[150..].iter().rev()).copied().collect();
    let party = |leader: usize| Party {
        members: members.iter().copied().map(Ref::to).collect(),
        leader: Some(Ref::to(players[leader])),
    };
    let [large, other] = [7, 8].map(|leader| db.spawn(party(leader)).unwrap());
    let stays = |entity: &Entity| players.iter().position(|player| player == entity).unwrap() % 4 == 0;
    let gone: Vec<Entity> = players.iter().filter(|player| !stays(player)).copied().collect();
    let before = db.snapshot();
    db.write(move |tx| {
        for player in gone {
            tx.despawn(player)?;
        }
        Ok(())
    })
    .unwrap();
    let kept: Vec<Entity> = members.iter().filter(|member| stays(member)).copied().collect();
    let snapshot = db.snapshot();
    for (party, leader) in [(large, None), (other, Some(Ref::to(players[8])))] {
        assert_eq!(before.targets(Party::C.members, party), members, "what is pinned stays");
        assert_eq!(snapshot.targets(Party::C.members, party), kept);
        assert_eq!(snapshot.get::<Party>(party).unwrap().leader(), leader);
    }
    for player in players.iter().filter(|player| stays(player)) {
        let parties: Vec<Entity> = snapshot.children(Party::C.members, *player).map(|(party, _)| party).collect();
        assert_eq!(parties, [large, other], "each party once, though it names some twice");
    }
    // Nothing but an empty list is left of the rest.
    db.write(|tx| Ok(tx.despawn_where(Player::C.name.starts_with("player"))?)).unwrap();
    assert!(db.snapshot().targets(Party::C.members, large).is_empty());
}

#[test]
fn a_row_that_must_stay_says_who_needs_it() {
    let db = Db::<World>::in_memory().unwrap();
    let [anna, berta] = ["Anna", "Berta"].map(|name| player(&db, name));
    let couple = db.spawn(Marriage { one: Ref::to(anna), other: berta }).unwrap();
    assert_eq!(
        why(db.despawn(anna)),
        format!(
            "`marriage.one` of entity {couple} refers to the `player` of entity {anna}, which must not go before it: remove \
             the reference in the same transaction, or choose another `on_delete`"
        )
    );
    assert!(db.snapshot().contains::<Player>(anna));
    // Both ends may go together, also where the other end goes as a consequence.
    db.write(move |tx| {
        tx.despawn(anna)?;
        Ok(tx.despawn(berta)?)
    })
    .unwrap();
    assert_eq!(db.snapshot().table::<Marriage>().len(), 0);
}

#[test]
fn at_most_one_row_refers_to_the_same_row_where_the_schema_says_so() {
    let db = Db::<World>::in_memory().unwrap();
    let [anna, berta, carla] = ["Anna", "Berta", "Carla"].map(|name| player(&db, name));
    db.spawn(Marriage { one: Ref::to(anna), other: berta }).unwrap();
    let error = db.spawn(Marriage { one: Ref::to(anna), other: carla }).unwrap_err();
    assert!(matches!(error, TransactionError::Op(OpError::Duplicate(_))), "{error}");
    db.spawn(Marriage { one: Ref::to(carla), other: berta }).unwrap();
}

#[test]
fn relations_are_walked_both_ways() {
    let db = Db::<World>::in_memory().unwrap();
    let [anna, berta] = ["Anna", "Berta"].map(|name| player(&db, name));
    let [red, blue] = [vec![anna, berta], vec![berta]]
        .map(|members| db.spawn(Party { members: members.into_iter().map(Ref::to).collect(), leader: None }).unwrap());
    let snapshot = db.snapshot();
    let parties = |of| snapshot.children(Party::C.members, of).map(|(party, _)| party).collect::<Vec<_>>();
    assert_eq!((parties(anna), parties(berta)), (vec![red], vec![red, blue]));
    assert_eq!(snapshot.targets(Party::C.members, red), [anna, berta]);
    assert_eq!(snapshot.parent(Party::C.members, blue), Some(berta));

    // A cycle of three, and one hanging from it.
    let [a, b, c, d] = db
        .write(move |tx| {
            let all = [(); 4].map(|()| tx.spawn(()).unwrap());
            let [a, b, c, d] = all;
            for (from, to) in [(a, b), (b, c), (c, a), (d, a)] {
                tx.insert(from, item(anna, Some(to)))?;
            }
            assert_eq!(tx.children(Item::C.inside, a)?.count(), 2, "a transaction reads its own writes");
            assert_eq!(tx.parent(Item::C.inside, d), Some(a));
            Ok(all)
        })
        .unwrap();
    let snapshot = db.snapshot();
    assert_eq!(snapshot.ancestors(Item::C.inside, d).collect::<Vec<_>>(), [(1, a), (2, b), (3, c)]);
    assert_eq!(snapshot.descendants(Item::C.inside, b).collect::<Vec<_>>(), [(1, a), (2, c), (2, d)]);
    db.despawn(b).unwrap();
    assert!([a, b, c, d].iter().all(|gone| !db.snapshot().is_alive(*gone)), "a cycle goes as a whole");
}

fn schema(reference: &str) -> DatabaseSchema {
    let text = format!(
        "[database]\nname = \"x\"\n[tables.a]\n[[tables.a.fields]]\nname = \"b\"\ntype = \"entity?\"\n{reference}\n[tables.b]"
    );
    DatabaseSchema::from_toml(&text, "x").unwrap()
}

#[test]
fn references_hold_by_names_and_when_they_come_later() {
    let media = Simulated::new();
    let open = |reference: &str| DynDb::builder().media(media.clone()).directory("save").open_schema(schema(reference));
    let db = open("").unwrap();
    let (b, a) = db
        .write(|tx| {
            let b = tx.spawn(&[("b", &[])])?;
            Ok((b, tx.spawn(&[("a", &[("b", Value::from(Some(b)))])])?))
        })
        .unwrap();
    db.write(move |tx| Ok(tx.remove("b", b)?)).unwrap();
    let refers = format!("`a.b` of entity {a} refers to the `b` of entity {b}, which is not there");
    let error = db.evolve(&schema("references = \"b\"")).unwrap_err();
    assert!(matches!(error, EvolveError::Dangling(_)) && error.to_string() == refers, "{error}");
    drop(db);
    let Err(OpenError::Directory(error)) = open("references = \"b\"") else { panic!("it was opened") };
    assert!(matches!(error, DirectoryError::Dangling(_)) && error.to_string().starts_with(&refers), "{error}");

    let db = open("").unwrap();
    db.write(move |tx| Ok(tx.insert("b", b, &[])?)).unwrap();
    db.evolve(&schema("references = \"b\"\non_delete = \"set_null\"")).unwrap();
    assert_eq!(db.snapshot().view().children("a", "b", b).unwrap().collect::<Vec<_>>(), [a]);
    db.write(move |tx| Ok(tx.despawn(b)?)).unwrap();
    assert_eq!(db.snapshot().view().get("a", a).unwrap().get("b"), Some(Value::Optional(None)));
    drop(db);
    open("references = \"b\"").unwrap();
}

/// Entities in the middle of fields, behind something else.
#[derive(Field, Clone)]
struct Stance {
    posture: u64,
    holder: Option<Entity>,
    seen: Option<VecDeque<Entity>>,
}

#[derive(Component)]
struct Unit {
    level: u64,
    stance: Stance,
}

ecsdb::schema! { Battle: Unit }

#[test]
fn a_part_of_a_field_is_walked_as_what_it_is() {
    let db = Db::<Battle>::in_memory().unwrap();
    let unit = |holder: Option<Entity>, seen: &[Entity]| {
        let stance = Stance { posture: u64::MAX, holder, seen: Some(seen.iter().copied().collect()) };
        db.spawn(Unit { level: u64::MAX, stance }).unwrap()
    };
    let general = unit(None, &[]);
    let captain = unit(Some(general), &[]);
    let soldier = unit(Some(captain), &[captain, general]);
    let snapshot = db.snapshot();
    let (holder, seen) = (Unit::C.stance.at(Stance::F.holder), Unit::C.stance.at(Stance::F.seen));
    assert_eq!(snapshot.parent(holder, soldier), Some(captain));
    assert_eq!(snapshot.parent(holder, general), None);
    assert_eq!(snapshot.targets(holder, captain), [general]);
    assert_eq!(snapshot.targets(seen, soldier), [captain, general]);
    assert_eq!(snapshot.ancestors(holder, soldier).collect::<Vec<_>>(), [(1, captain), (2, general)]);
    assert_eq!(snapshot.descendants(holder, general).collect::<Vec<_>>(), [(1, captain), (2, soldier)]);
    let children: Vec<_> = snapshot.children(seen, general).map(|(entity, _)| entity).collect();
    assert_eq!(children, [soldier]);
    let joined = snapshot.query::<Entity>().with::<Unit>().join(seen, snapshot.query::<Entity>().with::<Unit>());
    assert_eq!(
        joined.into_iter().collect::<Vec<_>>(),
        [(soldier, general), (soldier, captain)],
        "in the order of slots"
    );
    drop(db);

    let db = DynDb::in_memory(DatabaseSchema::from_tables("battle", Battle::TABLES).unwrap()).unwrap();
    let unit = |tx: &mut DynTransaction<'_>, holder: Option<Entity>| {
        let stance = [
            ("posture", Value::U64(u64::MAX)),
            ("holder", Value::from(holder)),
            ("seen", Value::from(Some(Value::Array(holder.map(Value::Entity).into_iter().collect())))),
        ];
        let stance = stance.map(|(name, value)| (name.to_owned(), value)).to_vec();
        tx.spawn(&[("unit", &[("level", Value::U64(u64::MAX)), ("stance", Value::Struct(stance))])])
    };
    let (general, captain) = db
        .write(move |tx| {
            let general = unit(tx, None)?;
            Ok((general, unit(tx, Some(general))?))
        })
        .unwrap();
    let snapshot = db.snapshot();
    let children = snapshot.view().children("unit", "stance.holder", general).unwrap();
    assert_eq!(children.collect::<Vec<_>>(), [captain]);
    assert!(snapshot.view().children("unit", "stance.posture", general).is_none(), "no entity");
}
