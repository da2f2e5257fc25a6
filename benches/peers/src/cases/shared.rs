//! One writer and readers on other threads, some of which hold versions.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::VecDeque;
use std::time::Instant;

use ecsdb_benches::commits::CommitTime;
use ecsdb_benches::random::Random;

use super::Unit::{Rate, Time};
use super::{Case, Contender, Group};
use crate::Failure;
use crate::contenders::shared::{ArcSwapped, Ecsdb, EcsdbByNumber, LeftRight, Locked, Reader, Shared, row};
use crate::sheet::{Scale, Sheet};

/// Readers beside the writer, without versions that are held; and those beside whom up to [`HELD`] are.
const READERS: ([usize; 5], [usize; 4]) = ([0, 1, 2, 4, 8], [0, 1, 2, 4]);

/// Versions that are held at the same time, at most.
const HELD: usize = 4;

/// Readers beside the writer, and versions that are held.
fn cells() -> impl Iterator<Item = (usize, usize)> {
    let (alone, beside) = READERS;
    let held = beside.into_iter().flat_map(|readers| (1..=HELD).map(move |held| (readers, held)));
    alone.map(|readers| (readers, 0)).into_iter().chain(held)
}

/// Rows that a reader looks at in one version.
const READ_AT_ONCE: usize = 64;

/// Rows that a reader looks at when the writer is done.
const SEEN: usize = 4096;

/// Rows that are looked at in a version before it is let go.
const SAMPLE: usize = 64;

/// What makes reads of ecsdb another work than those of maps.
const HANDLES: &str = "finds rows by entities that it has kept, the others by a number";

/// What makes its commits another work.
const QUEUES: &str = "finds rows by entities that it has kept, and sends 2,000 commits before it waits for the last";

/// The group.
pub fn group() -> Group {
    macro_rules! contenders {
        ($($way:ident),*) => {
            vec![$(Contender { name: $way::NAME, does: $way::DOES, run: measure::<$way> }),*]
        };
    }
    Group {
        key: "shared",
        title: "Concurrent snapshots",
        intro: "Rows of three floats by a number. One writer commits changes of one row at random, each visible for itself, without a pause; \
                each reader takes the newest version, looks at 64 rows at random, and lets go, without a pause. Versions that are held are \
                each replaced after some hundred or thousand commits. The writer's time is that of a processor on the thread that writes; on \
                the clock there is also what it waits for locks, for readers, and for a processor when there are more threads than those. \
                At the end every change must be there, and a version that was held must be what it was. An empty cell: whoever holds a \
                version stops the writer. The last column is of ecsdb as it is used like the others, by number.",
        contenders: contenders!(Ecsdb, EcsdbByNumber, ArcSwapped, LeftRight, Locked),
        cases,
    }
}

/// `2 readers`, `1 reader, 3 versions held`.
pub fn company((readers, held): (usize, usize)) -> String {
    let readers = match readers {
        0 => "no reader".to_owned(),
        1 => "1 reader".to_owned(),
        _ => format!("{readers} readers"),
    };
    match held {
        0 => readers,
        1 => format!("{readers}, 1 version held"),
        _ => format!("{readers}, {held} versions held"),
    }
}

fn cases(_: &Scale) -> Vec<Case> {
    let kinds = [
        ("writer", "commit of one row, processor time of the writer", Time),
        ("clock", "commit of one row, on the clock", Time),
        ("reads", "rows read, all readers together", Rate),
    ];
    let of_kind = |(key, what, unit)| {
        let is_shown = move |(readers, held): &(usize, usize)| match key {
            "reads" => *readers > 0,
            "clock" => *held == 0,
            _ => true,
        };
        cells().filter(is_shown).map(move |cell| {
            let company = company(cell);
            let case = Case::new(format!("{key}, {company}"), format!("{what}, {company}"), unit);
            case.but(Ecsdb::NAME, if key == "reads" { HANDLES } else { QUEUES })
        })
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

pub(super) fn measure<S: Shared>(sheet: &mut Sheet) -> Result<(), Failure> {
    let count = sheet.scale.count;
    let wanted = |cell| {
        let company = company(cell);
        ["writer", "clock", "reads"].map(|key| format!("{key}, {company}"))
    };
    if !cells().any(|cell| wanted(cell).iter().any(|case| sheet.wants(case))) {
        return Ok(());
    }
    let state = S::filled(count);
    let model = (0..count).map(|number| row(number)[0]).collect();
    let mut writer = Writer { state: &state, model, random: Random::new(1), held: VecDeque::new() };
    for cell in cells() {
        let keys = wanted(cell);
        let is_possible = cell.1 == 0 || state.pin().is_some();
        if is_possible && keys.iter().any(|case| sheet.wants(case)) {
            let for_so_long = Duration::from_millis(if sheet.scale.quick { 20 } else { 400 });
            let figures = in_company(&mut writer, cell, for_so_long);
            for (key, value) in keys.iter().zip(figures) {
                if value.is_finite() {
                    sheet.put(key, value);
                }
            }
        }
    }
    Ok(())
}

/// Runs the writer beside readers. Seconds of the writer for a commit, of the clock for a commit, and of the clock for a read.
///
/// # Panics
/// If a change is not there at the end, a reader does not see it, or a version that was held has changed.
fn in_company<S: Shared>(writer: &mut Writer<'_, S>, (readers, held): (usize, usize), at_least: Duration) -> [f64; 3] {
    let (state, count) = (writer.state, writer.model.len());
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    let began = Instant::now();
    let (commits, time, elapsed, seen) = std::thread::scope(|scope| {
        let read = |number: usize| {
            let (stop, reads) = (&stop, &reads);
            scope.spawn(move || {
                let (count_of, seen) = read(state, count, number as u64, stop);
                reads.fetch_add(count_of, Ordering::Relaxed);
                seen
            })
        };
        let threads: Vec<_> = (0..readers).map(read).collect();
        writer.hold(held);
        let (commits, time) = writer.commits(at_least);
        stop.store(true, Ordering::Relaxed);
        let elapsed = began.elapsed();
        let seen: Vec<f64> = threads.into_iter().map(|thread| thread.join().expect("readers do not fail")).collect();
        (commits, time, elapsed, seen)
    });
    for seen in seen {
        assert_eq!(seen, writer.expected(SEEN.min(count)), "{}: a reader has not seen a commit", S::NAME);
    }
    writer.hold(0);
    let all: Vec<u32> = (0..count as u32).collect();
    assert_eq!(state.reader()(&all), writer.expected(count), "{}: a commit is lost", S::NAME);
    let each = |time: Duration| time.as_secs_f64() / commits as f64;
    [each(time.writer), each(time.wall), elapsed.as_secs_f64() / reads.into_inner() as f64]
}

/// Reads until it shall stop. How many rows it has read, and what it sees in the first [`SEEN`] rows after the last commit.
fn read<S: Shared>(state: &S, count: usize, number: u64, stop: &AtomicBool) -> (u64, f64) {
    let mut random = Random::new(100 + number);
    let mut reader = state.reader();
    let (mut reads, mut sum) = (0, 0.0);
    let mut rows = [0; READ_AT_ONCE];
    while !stop.load(Ordering::Relaxed) {
        rows.fill_with(|| random.below(count) as u32);
        sum += reader(&rows);
        reads += rows.len() as u64;
    }
    black_box(sum);
    let first: Vec<u32> = (0..SEEN.min(count) as u32).collect();
    (reads, reader(&first))
}

/// A version that is held, and what must be in it for as long as it is.
struct Held<'s> {
    version: Reader<'s>,
    /// Rows that have changed since.
    sample: Vec<u32>,
    sum: f64,
}

/// The one who commits, and knows what must be there.
struct Writer<'s, S> {
    state: &'s S,
    model: Vec<f32>,
    random: Random,
    held: VecDeque<Held<'s>>,
}

impl<S: Shared> Writer<'_, S> {
    /// The sum of the first `count` rows.
    fn expected(&self, count: usize) -> f64 {
        self.model[..count].iter().map(|x| f64::from(*x)).sum()
    }

    /// Holds so many versions.
    fn hold(&mut self, versions: usize) {
        while self.held.len() > versions {
            self.let_go();
        }
        for _ in self.held.len()..versions {
            let held = self.state.pin().map(|version| Held { version, sample: Vec::new(), sum: 0.0 });
            self.held.extend(held);
        }
    }

    /// Lets go of the oldest version, after a look at it.
    fn let_go(&mut self) {
        if let Some(Held { mut version, sample, sum }) = self.held.pop_front() {
            assert_eq!(version(&sample), sum, "{}: a version that was held has changed", S::NAME);
        }
    }

    /// Chooses rows to be changed. Those who hold the version that they are still the same in remember that.
    fn choose(&mut self) -> Vec<u32> {
        let rows: Vec<u32> = (0..S::AT_ONCE).map(|_| self.random.below(self.model.len()) as u32).collect();
        for held in self.held.iter_mut().filter(|held| held.sample.is_empty()) {
            held.sample = rows[..SAMPLE.min(rows.len())].to_vec();
            held.sum = held.sample.iter().map(|row| f64::from(self.model[*row as usize])).sum();
        }
        rows
    }

    /// Commits changes for at least so long. How many, and what they took.
    fn commits(&mut self, at_least: Duration) -> (usize, CommitTime) {
        let mut total = CommitTime { writer: Duration::ZERO, wall: Duration::ZERO };
        let (began, versions, mut commits) = (Instant::now(), self.held.len(), 0);
        while began.elapsed() < at_least || commits == 0 {
            let rows = self.choose();
            let x = (commits / S::AT_ONCE % 1000 + 1) as f32;
            let time = self.state.commit(&rows, x);
            total.writer += time.writer;
            total.wall += time.wall;
            commits += rows.len();
            rows.iter().for_each(|row| self.model[*row as usize] = x);
            if versions > 0 {
                self.let_go();
                self.hold(versions);
            }
        }
        (commits, total)
    }
}
