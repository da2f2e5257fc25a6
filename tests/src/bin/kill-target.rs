//! The process that the tests kill: opens a ledger, says what it finds, and commits until it is killed.
//!
//! `kill-target DIRECTORY COUNT`: commits `COUNT` transactions in each lane and closes, if it lives so long. What it acknowledges goes
//! to its standard output; whatever else it has to say ends it with an error.

use std::error::Error;
use std::thread;

use ecsdb_tests::ledger::{LANES, Told, builder, check, run};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: kill-target DIRECTORY COUNT".into());
    };
    let count: u64 = count.parse()?;
    let db = builder().directory(directory).open()?;
    let told = Told::new(std::io::stdout());
    let lanes = check(&db);
    for (number, lane) in (0..LANES).zip(&lanes) {
        told.say("found", number, lane.last);
    }
    thread::scope(|scope| {
        let (db, told) = (&db, &told);
        let lanes: Vec<_> = (0..LANES)
            .zip(lanes)
            .map(|(number, lane)| scope.spawn(move || run(db, number, lane, count, told).map_err(|e| e.to_string())))
            .collect();
        lanes.into_iter().try_for_each(|lane| lane.join().map_err(|_| "a lane panicked")?)
    })?;
    db.close()?;
    told.say("closed", 0, 0);
    Ok(())
}
