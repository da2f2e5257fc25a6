//! The screen of the change feed, driven as fast as it goes and far too fast.

use std::process::Command;

use ecsdb::Db;
use ecsdb_examples::feed::{Arena, Screen, Touched};

#[test]
fn the_screen_shows_what_there_is_after_every_round() {
    let db = Db::in_memory().unwrap();
    let mut arena = Arena::new(db.clone(), 5, 7).unwrap();
    let mut screen = Screen::new(&db).unwrap();
    let mut told = Vec::new();
    for _ in 0..300 {
        arena.round().unwrap();
        told.extend(screen.follow().unwrap());
        assert!(screen.shows(&db.snapshot()), "{screen}");
    }
    let texts: Vec<String> = told.iter().map(Touched::to_string).collect();
    for begin in ["+ ", "- ", "  "] {
        assert!(texts.iter().any(|text| text.starts_with(begin)), "nothing with {begin:?}");
    }
    db.close().unwrap();
    assert!(screen.follow().is_none());
}

#[test]
fn a_screen_that_is_too_slow_is_drawn_anew_and_right_in_the_end() {
    let db = Db::builder().history(4, 1 << 20).open().unwrap();
    let mut arena = Arena::new(db.clone(), 5, 7).unwrap();
    let mut screen = Screen::new(&db).unwrap();
    for _ in 0..100 {
        arena.round().unwrap();
    }
    db.close().unwrap();
    let first = screen.follow().unwrap();
    assert!(matches!(first[..], [Touched::Redrawn(_)]), "{first:?}");
    while screen.follow().is_some() {}
    assert!(screen.shows(&db.snapshot()), "{screen}");
}

#[test]
fn the_program_prints_what_changes() {
    let output = Command::new(env!("CARGO_BIN_EXE_feed")).args(["--rounds", "40", "--pause-ms", "0"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(" hp, was ") && text.contains("in danger: "), "{text}");
}
