//! Conditions of every sort. Twin of `rustc/conditions.rs`.

use ecsdb::query::{Condition, Only, has};
use ecsdb::{Component, Db, Entity, Field};

#[derive(Component)]
struct Purse {
    gold: u64,
    owner: Option<Entity>,
    name: String,
    bonus: Option<i32>,
    marks: Vec<u8>,
}

#[derive(Field, Clone, Copy)]
enum Rank {
    Low,
    High,
}

#[derive(Component)]
struct Soldier {
    rank: Rank,
}

ecsdb::schema! { pub World: Purse, Soldier }
ecsdb::schema! { pub Bank: Purse }

/// Something that is no condition of a certain database yet serves in several.
fn rich<S: ecsdb::schema::Schema>() -> impl ecsdb::query::IntoCondition<S>
where
    Purse: ecsdb::schema::TableOf<S>,
{
    Purse::C.gold.ge(100).or(Purse::C.name.starts_with("von "))
}

fn main() {
    let world = Db::<World>::in_memory().unwrap();
    let bank = Db::<Bank>::in_memory().unwrap();
    let ann = Purse { gold: 100, owner: None, name: "ann".into(), bonus: Some(3), marks: vec![1, 2] };
    let ann = world.spawn((ann, Soldier { rank: Rank::High })).unwrap();
    bank.spawn(Purse { gold: 5, owner: Some(ann), name: "von bob".into(), bonus: None, marks: vec![] }).unwrap();
    let (world, bank) = (world.snapshot(), bank.snapshot());
    assert_eq!(world.query::<Entity>().filter(rich()).count(), 1);
    assert_eq!(bank.query::<Entity>().filter(rich()).count(), 1);

    let high = Condition::new(Soldier::C.rank.ne(Rank::Low).and(has::<Purse>()));
    assert_eq!(world.query::<Entity>().filter(&high).filter(Purse::C.owner.is_none()).count(), 1);
    let marked = Purse::C.marks.contains(2).and(Purse::C.bonus.between(1, 3)).and(Purse::C.name.contains("nn"));
    assert_eq!(world.query::<Entity>().filter(high.and(marked)).count(), 1);
    let owned = Condition::<Only<Purse>>::new(Purse::C.owner.is_in([Some(ann), None]));
    let send: Box<dyn std::any::Any + Send + Sync> = Box::new(owned.clone());
    assert_eq!(owned.to_string(), format!("purse.owner in [{ann}, none]"));
    drop(send);
}
