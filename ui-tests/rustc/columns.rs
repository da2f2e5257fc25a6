//! Columns that are private, or of another type. Passing twin: `pass/handles.rs`.

use ecsdb::component::Stored;

mod bank {
    #[derive(ecsdb::Component)]
    pub struct Account {
        pub cents: i64,
        pin: u16,
        pub rate: f32,
    }

    pub fn account() -> Account {
        Account { cents: 1, pin: 2, rate: 0.5 }
    }
}

fn main() {}

fn uses(row: bank::AccountRow) {
    // A column that does not exist.
    let _ = bank::Account::C.cent;
    // A column that is private, and so are its method and its place in the row.
    let _ = bank::Account::C.pin;
    let _ = Stored::new(bank::account()).view().pin();
    let _ = row.pin;
    // A value of another type.
    let _ = bank::Account::C.cents.ge(50_u32);
    // A float has no end of its range to stop at.
    let _ = bank::Account::C.rate.saturating_add(1.0);
}
