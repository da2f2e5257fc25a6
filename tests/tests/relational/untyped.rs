//! Filters and orders by names find what typed ones find.

use ecsdb::Entity;
use ecsdb::component::CompareOp;
use ecsdb::query::Condition;
use ecsdb::schema::{Value, ValueError};
use proptest::prelude::*;

use super::conditions::things;
use super::world::*;

const OPS: [CompareOp; 6] = [
    CompareOp::Equal,
    CompareOp::NotEqual,
    CompareOp::Less,
    CompareOp::LessOrEqual,
    CompareOp::Greater,
    CompareOp::GreaterOrEqual,
];

/// A column by name with a value, and the typed condition that means the same.
fn test(column: u8, op: CompareOp, bytes: u8) -> (&'static str, Value, Condition<World>) {
    let u = unit([bytes; 20]);
    macro_rules! ordered {
        ($name:literal, $column:expr, $value:expr) => {{
            let (column, value) = ($column, $value);
            let condition = match op {
                CompareOp::Equal => Condition::new(column.eq(value.clone())),
                CompareOp::NotEqual => Condition::new(column.ne(value.clone())),
                CompareOp::Less => Condition::new(column.lt(value.clone())),
                CompareOp::LessOrEqual => Condition::new(column.le(value.clone())),
                CompareOp::Greater => Condition::new(column.gt(value.clone())),
                CompareOp::GreaterOrEqual => Condition::new(column.ge(value.clone())),
            };
            ($name, Value::from(value), condition)
        }};
    }
    match column % 6 {
        0 => ordered!("gold", Unit::C.gold, u.gold),
        1 => ordered!("name", Unit::C.name, u.name),
        2 => ordered!("place.x", Unit::C.place.at(Place::F.x), u.place.x),
        3 => ordered!("score", Unit::C.score, u.score),
        4 => {
            let bonus = i16::from(bytes % 3);
            let condition = match op {
                CompareOp::Equal => Condition::new(Unit::C.bonus.eq(Some(bonus))),
                CompareOp::NotEqual => Condition::new(Unit::C.bonus.ne(Some(bonus))),
                CompareOp::Less => Condition::new(Unit::C.bonus.lt(bonus)),
                CompareOp::LessOrEqual => Condition::new(Unit::C.bonus.le(bonus)),
                CompareOp::Greater => Condition::new(Unit::C.bonus.gt(bonus)),
                CompareOp::GreaterOrEqual => Condition::new(Unit::C.bonus.ge(bonus)),
            };
            ("bonus", Value::from(bonus), condition)
        }
        _ => ordered!("age", Unit::C.age, u.age),
    }
}

proptest! {
    #[test]
    fn names_find_what_types_find(
        things in things(),
        tests in prop::collection::vec((any::<u8>(), 0..6_usize, any::<u8>()), 0..3),
        limit in prop::option::of(0..40_usize),
        offset in 0..5_usize,
        descending in any::<bool>(),
    ) {
        let (db, _) = database(&things);
        let snapshot = db.snapshot();
        let mut typed = snapshot.query::<(Entity, UnitRef<'_>)>();
        let mut named = snapshot.untyped().table("unit").unwrap().query().unwrap();
        for (column, op, bytes) in tests {
            let (name, value, condition) = test(column, OPS[op], bytes);
            typed = typed.filter(condition);
            named = named.filter(name, OPS[op], value).unwrap();
        }
        let gold = Unit::C.gold;
        let typed = typed.order_by(if descending { gold.desc() } else { gold.asc() }).then_by(Unit::C.name).offset(offset);
        let named = if descending { named.order_by_desc("gold") } else { named.order_by("gold") };
        let named = named.unwrap().order_by("name").unwrap().offset(offset);
        let (typed, named) = match limit {
            Some(limit) => (typed.limit(limit), named.limit(limit)),
            None => (typed, named),
        };
        let expected: Vec<Option<Entity>> = typed.iter().map(|(entity, _)| Some(entity)).collect();
        prop_assert_eq!(named.rows().map(|row| row.entity()).collect::<Vec<_>>(), expected);
        prop_assert_eq!(named.count(), typed.count());
    }
}

#[test]
fn what_cannot_be_asked_says_why() {
    let (db, _) = database(&[Thing { unit: Some(unit([0; 20])), ..Thing::default() }]);
    let snapshot = db.snapshot();
    let units = || snapshot.untyped().table("unit").unwrap().query().unwrap();
    let filter = |column, op, value: Value| units().filter(column, op, value).map(|query| query.count());
    assert_eq!(filter("rank", CompareOp::Equal, Value::Variant { variant: "Low".into(), fields: vec![] }), Ok(1));
    assert_eq!(filter("bonus", CompareOp::Equal, Value::Optional(None)), Ok(1));
    let message = |result: Result<usize, ValueError>| result.unwrap_err().to_string();
    assert_eq!(
        message(filter("glod", CompareOp::Less, 1.into())),
        "table `unit` has no field `glod`, did you mean `gold`?"
    );
    assert_eq!(
        message(filter("gold", CompareOp::Less, (-1).into())),
        "field `unit.gold`: -1 is out of the range of `u64`"
    );
    assert_eq!(
        message(filter("marks", CompareOp::Less, Value::Array(vec![]))),
        "`unit.marks` is a `[u16]`, which has no order: it can be compared with == and != only"
    );
    let error = units().order_by("order").map(|query| query.count()).unwrap_err();
    assert!(error.to_string().starts_with("`unit.order` is a `enum"), "{error}");
    assert!(snapshot.untyped().table("entities").unwrap().query().is_none());
}
