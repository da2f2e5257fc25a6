//! All errors are reported together, and uses of the types make no further ones. Passing twin: `pass/attributes.rs`.

use ecsdb::{Component, Field};

#[derive(Component)]
#[component(tabel = "healths")]
struct Health {
    hp: u32,
    name: Box<str>,
    #[component(rename = 5)]
    armour: std::rc::Rc<u8>,
}

#[derive(Component)]
#[component(nothing)]
#[repr(C)]
struct Pos {
    x: f32,
}

#[derive(Component)]
enum Ai {
    Idle,
    Thinking(std::sync::Mutex<u8>),
    Chasing { of: &'static str },
}

#[derive(Component, Field)]
struct Both {
    #[component(unknown_key)]
    a: u8,
}

#[derive(Field)]
struct Value {
    callback: fn(),
    other: u8,
}

#[derive(Field)]
enum Choice {
    #[component(rename = 1)]
    A,
    B(Value),
}

#[derive(Component)]
struct Holder {
    both: Both,
    value: Value,
    choice: Choice,
}

fn needs_component<T: Component>() {}
fn needs_field<T: Field>() {}

fn uses(health: Health, _: HealthRef<'_>, _: &HealthRow, ai: Ai, _: AiRef<'_>, _: &AiRow) {
    needs_component::<Health>();
    needs_component::<Pos>();
    needs_component::<Ai>();
    needs_component::<Both>();
    needs_component::<Holder>();
    needs_field::<Both>();
    needs_field::<Value>();
    needs_field::<Choice>();
    let _ = Health::C.hp;
    let _ = Pos::C.x;
    let _ = Ai::C.value;
    let _ = Both::C.a;
    let _ = Value::F.other;
    let _ = Holder::C.value.at(Value::F.other);
    let _ = health.into_row(&mut Default::default());
    let _ = ai.into_row(&mut Default::default());
}

fn more(_: PosRefOfOthers, _: ValuePacked, _: ValueView<'_>, _: BothPacked, _: BothRow) {}

type PosRefOfOthers = ();

fn main() {}
