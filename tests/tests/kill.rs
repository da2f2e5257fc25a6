//! A process that commits is killed, again and again, and what it has acknowledged is recorded outside of it.
//!
//! A process that is killed loses nothing that it has written: so everything must be there that was acknowledged, as durable or as
//! visible, and nothing that was never begun. `ECSDB_KILLS` says how often it is killed; a failure prints the seed, and leaves the
//! directory.

use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use ecsdb::{Db, Entity};
use ecsdb_tests::ledger::{Entry, LANES, Ledger, Told, Total, builder, check, run};
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::tell;
use fastrand::Rng;

/// After so many rounds a new directory is begun: logs only grow, and this is about how they end.
const AFRESH: u32 = 30;

/// What is known of a lane from outside.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The last transaction that was acknowledged, or found.
    acknowledged: u64,
    /// The last that was begun.
    begun: u64,
}

/// What a process has said.
#[derive(Debug, Default)]
struct Said {
    lanes: [Known; LANES as usize],
    has_opened: bool,
    has_closed: bool,
    acknowledgements: u64,
}

impl Said {
    fn note(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (what, lane, number) = (words.next(), words.next(), words.next());
        let number: u64 = number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("`{line}`"));
        let lane = lane.and_then(|lane| lane.parse::<usize>().ok()).unwrap_or_else(|| panic!("`{line}`"));
        let known = &mut self.lanes[lane];
        match what {
            Some("begun") => known.begun = number,
            Some("found") => {
                self.has_opened = true;
                *known = Known { acknowledged: number, begun: number };
            }
            Some("visible" | "durable") => {
                self.acknowledgements += 1;
                assert!(number > known.acknowledged, "acknowledgements come in order: `{line}`");
                known.acknowledged = number;
            }
            Some("closed") => self.has_closed = true,
            _ => panic!("`{line}`"),
        }
    }
}

/// A process that commits.
struct Target {
    child: Child,
    lines: Receiver<String>,
}

impl Target {
    fn start(directory: &Path, count: u64) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kill-target"))
            .arg(directory)
            .arg(count.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("it is piped");
        let (told, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
                if told.send(String::from_utf8(line).expect("it writes text")).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits until it says that it has opened the directory, or for so long.
    fn opened(&self, said: &mut Said, patience: Duration) {
        if let Ok(line) = self.lines.recv_timeout(patience) {
            said.note(&line);
        }
    }

    fn kill(mut self, said: &mut Said) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
        // What it had written to the pipe is still there.
        self.lines.iter().for_each(|line| said.note(&line));
    }

    /// Lets it end by itself.
    fn end(mut self, said: &mut Said) {
        self.lines.iter().for_each(|line| said.note(&line));
        let status = self.child.wait().expect("it has ended");
        assert!(status.success(), "{status}");
        assert!(said.has_closed);
    }
}

fn open(directory: &Path) -> Db<Ledger> {
    builder().directory(directory).open().unwrap_or_else(|error| panic!("cannot be opened: {error}"))
}

#[test]
fn nothing_that_was_acknowledged_is_missing_after_kill_9() {
    let kills: u32 = std::env::var("ECSDB_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(12);
    let seed =
        std::env::var("ECSDB_KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| Rng::new().u64(..));
    let mut rng = Rng::with_seed(seed);
    let directory = std::env::temp_dir().join(format!("ecsdb-kill-{}", std::process::id()));
    let mut said = Said::default();
    let (mut early, mut closed, mut snapshots) = (0, 0, 0);
    let context = |round: u32| format!("ECSDB_KILL_SEED={seed}, round {round}, {}", directory.display());
    for round in 0..kills {
        if round % AFRESH == 0 {
            drop(std::fs::remove_dir_all(&directory));
            said.lanes = Default::default();
        }
        let before = said.lanes;
        said.has_opened = false;
        said.has_closed = false;
        if round % 6 == 5 {
            Target::start(&directory, 50).end(&mut said);
            closed += 1;
        } else {
            let target = Target::start(&directory, u64::MAX >> 1);
            if round % 4 == 2 {
                // While it recovers what the one before has left.
                thread::sleep(Duration::from_micros(rng.u64(..8_000)));
                early += 1;
            } else {
                target.opened(&mut said, Duration::from_secs(20));
                assert!(said.has_opened, "{}: it does not open", context(round));
                thread::sleep(Duration::from_millis(rng.u64(..60)));
            }
            target.kill(&mut said);
        }
        if said.has_opened {
            for (lane, (before, now)) in before.iter().zip(&said.lanes).enumerate() {
                assert!(now.begun >= before.acknowledged, "{}: lane {lane} went back", context(round));
            }
        }
        let db = open(&directory);
        let version = db.snapshot().version();
        snapshots += u32::from(db.recovery().is_some_and(|found| found.snapshot.is_some()));
        for (number, (lane, known)) in check(&db).iter().zip(&mut said.lanes).enumerate() {
            let (last, Known { acknowledged, begun }) = (lane.last, *known);
            assert!(
                (acknowledged..=begun).contains(&last),
                "{}: lane {number} has {last}, {acknowledged} was acknowledged, {begun} was begun, version {version}",
                context(round),
            );
            *known = Known { acknowledged: last, begun: last };
        }
        assert!(!said.has_closed || db.recovery().is_some_and(|found| found.was_closed), "{}", context(round));
    }
    assert!(said.acknowledgements > u64::from(kills), "{said:?}: hardly anything was committed");
    drop(std::fs::remove_dir_all(&directory));
    let Said { acknowledgements, .. } = said;
    tell(&format!(
        "kill -9: {kills} rounds, {acknowledgements} commits acknowledged, {early} killed while opening, {closed} closed, \
         {snapshots} opened from a snapshot file; seed {seed}"
    ));
}

/// The checks above would be worth nothing if they passed on anything.
#[test]
fn a_ledger_that_lacks_something_is_noticed() {
    let spoilt = |spoil: fn(&Db<Ledger>)| {
        let db = builder().directory("/ledger").media(Simulated::new()).open().expect("it opens");
        let told = Told::new(Vec::new());
        let lane = check(&db).remove(1);
        run(&db, 1, lane, 60, &told).expect("it commits");
        assert_eq!(check(&db)[1].last, 60);
        spoil(&db);
        assert!(catch_unwind(AssertUnwindSafe(|| check(&db))).is_err());
    };
    spoilt(|db| {
        let last = db.snapshot().query::<Entity>().with::<Entry>().into_iter().last().expect("an entry");
        db.despawn(last).expect("it goes");
    });
    spoilt(|db| {
        db.spawn(()).expect("it comes");
    });
    spoilt(|db| {
        let total = db.snapshot().query::<Entity>().with::<Total>().into_iter().last().expect("a total");
        db.update(total, Total::C.last.set(59)).expect("it is there");
    });
}
