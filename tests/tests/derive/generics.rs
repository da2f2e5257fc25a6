//! Parameters that shape nothing, and modules, visibilities and attributes around derives.

use std::marker::PhantomData;

use ecsdb::component::Stored;
use ecsdb::{Component, Db, Field};

/// The bound of a parameter of the user's.
trait Team {
    const NAME: &'static str;
}

struct Red;
struct Blue;

impl Team for Red {
    const NAME: &'static str = "red";
}

impl Team for Blue {
    const NAME: &'static str = "blue";
}

#[derive(Component)]
struct Score<T: Team> {
    points: u32,
    name: String,
    team: PhantomData<T>,
}

#[derive(Component)]
struct Member<T>(PhantomData<fn() -> T>)
where
    T: Team;

#[derive(Field)]
struct Id<T> {
    number: u64,
    of: PhantomData<T>,
}

#[derive(Field)]
enum Slot<T> {
    Empty,
    Full(u8, PhantomData<T>),
}

#[derive(Component)]
struct Bag {
    id: Id<String>,
    slot: Slot<Red>,
}

ecsdb::schema! { World: Score<Red>, Member<Blue>, Bag }

fn score<T: Team>(points: u32) -> Score<T> {
    Score { points, name: T::NAME.to_owned(), team: PhantomData }
}

#[test]
fn markers_store_nothing() {
    let stored = Stored::new(score::<Red>(5));
    let view: ScoreRef<'_, Red> = stored.view();
    assert_eq!((view.points(), view.name(), Score::<Red>::C.points.offset()), (5, "red", 0));
    assert_eq!(view.to_owned().points, 5);
    assert_eq!(format!("{view:?}"), "Score { points: 5, name: \"red\", team: () }");
    assert_eq!(Score::<Blue>::SCHEMA.size, 4 + 8 + 8);
    assert_eq!(Member::<Red>::SCHEMA.size, 0);
    assert_eq!(view, Stored::new(score::<Red>(5)).view());
}

#[test]
fn values_with_markers_stand_in_components() {
    let stored = Stored::new(Bag { id: Id { number: 7, of: PhantomData }, slot: Slot::Full(3, PhantomData) });
    assert_eq!(stored.view().id().number(), 7);
    assert!(matches!(stored.view().slot(), Slot::Full(3, PhantomData)));
    assert!(matches!(Stored::new(Bag { slot: Slot::Empty, ..stored.get() }).view().slot(), Slot::Empty));
    assert_eq!(Bag::C.id.at(Id::<String>::F.number).name(), "id.number");
}

#[test]
fn components_with_markers_are_tables() {
    let db = Db::<World>::in_memory().unwrap();
    let entity = db.spawn((score::<Red>(1), Member::<Blue>(PhantomData))).unwrap();
    let snapshot = db.snapshot();
    assert_eq!(snapshot.query::<ScoreRef<'_, Red>>().into_iter().map(|score| score.points()).sum::<u32>(), 1);
    assert!(snapshot.get::<Member<Blue>>(entity).is_some());
}

mod inner {
    //! Fields and variants that are conditional, and types that only parents see.

    use ecsdb::{Component, Field};

    #[derive(Component, Default)]
    pub(super) struct Conditional {
        #[cfg(any())]
        pub(super) absent: Missing,
        #[cfg_attr(all(), component(rename = "renamed"))]
        pub(super) present: u32,
    }

    #[derive(Field, Clone, Copy, PartialEq, Debug)]
    pub(in super::super) enum Choice {
        #[cfg(any())]
        Absent(Missing),
        Present,
        #[cfg(test)]
        Also,
    }

    #[derive(Component)]
    pub(crate) struct Chosen {
        pub(super) choice: Choice,
    }
}

#[test]
fn conditions_are_settled_before_the_derive() {
    assert_eq!(inner::Conditional::SCHEMA.fields[0].name, "renamed");
    assert_eq!(inner::Conditional::SCHEMA.fields.len(), 1);
    assert_eq!(Stored::new(inner::Conditional::default()).view().present(), 0);
    let stored = Stored::new(inner::Chosen { choice: inner::Choice::Also });
    assert_eq!((stored.to_bytes(), stored.view().choice()), (vec![1], inner::Choice::Also));
    assert_ne!(inner::Choice::Present, inner::Choice::Also);
}

#[test]
fn types_in_functions_know_themselves() {
    #[derive(Field, PartialEq, Debug)]
    struct Grid {
        cells: [[u8; Self::SIDE]; Self::SIDE * 2],
        r#type: u8,
    }
    impl Grid {
        const SIDE: usize = 2;
    }
    #[derive(Component)]
    enum State {
        Grid(Grid),
        Self_ { r#match: [u8; Self::LEN] },
    }
    impl State {
        const LEN: usize = 3;
    }
    let grid = Grid { cells: [[1, 2]; 4], r#type: 3 };
    let stored = Stored::new(State::Grid(grid));
    assert!(matches!(stored.view().value(), State::Grid(grid) if grid.r#type == 3));
    let stored = Stored::new(State::Self_ { r#match: [4; 3] });
    assert!(matches!(stored.view().value(), State::Self_ { r#match: [4, 4, 4] }));
}
