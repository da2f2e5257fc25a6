//! Rows with strings hold only where they are. Passing twin: `pass/names.rs`.

use ecsdb::component::Stored;
use ecsdb::Component;

#[derive(Component)]
struct Sign {
    text: String,
}

#[derive(Component)]
struct Plain {
    number: u32,
}

fn main() {
    let (a, b) = (Stored::new(Plain { number: 1 }), Stored::new(Plain { number: 2 }));
    assert!(a.row() != b.row());
    let (a, b) = (Stored::new(Sign { text: "a".to_owned() }), Stored::new(Sign { text: "b".to_owned() }));
    assert!(a.view() != b.view());
    assert!(a.row() != b.row());
}
