//! Look-ups in hash indexes: keys of every form, alone and many at a time, beside a look at all rows.

use ecsdb::{Component, Db, Entity, FixedStr};

#[derive(Component, Clone, Debug, PartialEq)]
#[component(index(name = "of_team", columns(team, name), hash))]
struct Person {
    #[component(unique = "hash")]
    number: u32,
    #[component(index = "hash")]
    team: u16,
    #[component(index = "hash")]
    name: String,
    #[component(index = "hash")]
    nick: Option<FixedStr<8>>,
    #[component(index = "hash")]
    friend: Option<Entity>,
    #[component(index = "hash")]
    at: (i32, i16),
    #[component(index)]
    rank: u32,
}

ecsdb::schema! { World: Person }

const COUNT: u32 = 4_000;

fn person(number: u32) -> Person {
    Person {
        number: number * 7,
        team: (number % 3) as u16,
        name: "n".repeat((number % 50) as usize) + &(number % 200).to_string(),
        nick: (!number.is_multiple_of(4)).then(|| format!("n{}", number % 90).as_str().try_into().unwrap()),
        friend: (number % 5 == 1).then(|| Entity::from_bits(u64::from(number) | 1 << 32).unwrap()),
        at: (number as i32 % 100 - 50, -1),
        rank: number * 3,
    }
}

fn filled() -> Db<World> {
    let db = Db::<World>::in_memory().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..COUNT).map(|number| (person(number),)))?)).unwrap();
    db
}

#[test]
fn keys_of_every_form_are_found_and_no_others() {
    let db = filled();
    // Rows that move make nodes of the index less even.
    db.write(|tx| {
        for number in (0..COUNT).step_by(3) {
            let (entity, _) = tx.index(Person::I.number)?.one(number * 7).expect("it is there");
            tx.replace(entity, person(number + COUNT))?;
        }
        Ok(())
    })
    .unwrap();
    let snapshot = db.snapshot();
    let all: Vec<(Entity, Person)> =
        snapshot.query::<(Entity, &Person)>().iter().map(|(entity, row)| (entity, row.to_owned())).collect();
    assert_eq!(all.len(), COUNT as usize);
    let with = |is_meant: &dyn Fn(&Person) -> bool| -> Vec<Entity> {
        all.iter().filter(|(_, person)| is_meant(person)).map(|(entity, _)| *entity).collect()
    };
    macro_rules! found {
        ($index:ident, $key:expr) => {
            snapshot.index(Person::I.$index).get($key).entities().collect::<Vec<_>>()
        };
    }
    for team in 0..4 {
        let expected = with(&|person| person.team == team);
        assert_eq!(found!(team, team), expected, "a key of more rows than a node has room for");
        let mut from_back: Vec<Entity> = snapshot.index(Person::I.team).get(team).entities().rev().collect();
        from_back.reverse();
        assert_eq!(from_back, expected);
    }
    for (_, of) in all.iter().step_by(37) {
        assert_eq!(found!(number, of.number), with(&|person| person.number == of.number));
        assert_eq!(found!(name, of.name.clone()), with(&|person| person.name == of.name));
        assert_eq!(found!(nick, of.nick), with(&|person| person.nick == of.nick));
        assert_eq!(found!(friend, of.friend), with(&|person| person.friend == of.friend));
        assert_eq!(found!(at, of.at), with(&|person| person.at == of.at));
        let expected = with(&|person| (person.team, &person.name) == (of.team, &of.name));
        assert_eq!(found!(of_team, (of.team, of.name.clone())), expected);
    }
    for absent in 0..500 {
        assert!(!snapshot.index(Person::I.number).contains(absent * 7 + 1));
        assert_eq!(snapshot.index(Person::I.at).one((absent as i32, 0)).map(|(entity, _)| entity), None);
        assert!(!snapshot.index(Person::I.name).contains(format!("nobody {absent}")));
    }
}

fn numbers(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|number| number.wrapping_mul(2_654_435_761) % (COUNT * 9))
}

macro_rules! many_find_what_each_finds {
    ($view:expr, $counts:expr) => {{
        let (hash, ordered) = ($view.index(Person::I.number), $view.index(Person::I.rank));
        // Fewer than are under way at a time, as many, and more.
        for count in $counts {
            let each: Vec<_> = numbers(count).map(|number| hash.one(number).map(|(entity, _)| entity)).collect();
            let together = hash.one_each(numbers(count)).map(|found| found.map(|(entity, _)| entity));
            assert_eq!(together.collect::<Vec<_>>(), each);
            let each: Vec<_> = numbers(count).map(|number| ordered.one(number).map(|(_, row)| row.rank())).collect();
            let together = ordered.one_each(numbers(count)).map(|found| found.map(|(_, row)| row.rank()));
            assert_eq!(together.collect::<Vec<_>>(), each);
        }
        let names = $view.index(Person::I.name);
        let wanted = || (0..50).map(|number| person(number).name + if number % 7 == 0 { "?" } else { "" });
        let each: Vec<_> = wanted().map(|name| names.one(name).map(|(entity, _)| entity)).collect();
        let together: Vec<_> = names.one_each(wanted()).map(|found| found.map(|(entity, _)| entity)).collect();
        assert_eq!(together, each);
        assert!(each.iter().any(Option::is_none) && each.iter().any(Option::is_some));
        let mut under_way = hash.one_each(numbers(30));
        assert_eq!(under_way.size_hint(), (30, Some(30)));
        under_way.next();
        assert_eq!(under_way.size_hint(), (29, Some(29)));
    }};
}

#[test]
fn many_look_ups_find_what_each_finds() {
    let db = filled();
    let snapshot = db.snapshot();
    many_find_what_each_finds!(snapshot, [0, 1, 8, 15, 16, 17, 40, 3_000]);
    db.write(|tx| {
        // The index is behind the rows here.
        tx.spawn((person(COUNT + 5),))?;
        many_find_what_each_finds!(tx.view(), [0, 1, 16, 20]);
        assert_eq!(tx.view().index(Person::I.number).one_each([(COUNT + 5) * 7]).flatten().count(), 1);
        Ok(())
    })
    .unwrap();
}

#[test]
fn keys_without_an_end_are_looked_up_as_long_as_somebody_asks() {
    let db = filled();
    let snapshot = db.snapshot();
    let mut found = snapshot.index(Person::I.number).one_each((0_u32..).map(|number| number * 7));
    found.next();
    assert_eq!(found.size_hint(), (usize::MAX, None));
    assert_eq!(found.take(3).flatten().count(), 3);
    let entity = snapshot.index(Person::I.number).one(0).unwrap().0;
    let mut rows = snapshot.get_each::<Person>(core::iter::repeat(entity));
    rows.next();
    assert_eq!(rows.size_hint(), (usize::MAX, None));
}
