//! One writer and readers on other threads, some of which hold versions.

use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::collections::VecDeque;
use std::time::Instant;

use ecsdb_benches::commits::CommitTime;
use ecsdb_benches::random::Random;

use super::Unit::{Rate, Time};
use super::{Case, Contender, Group};
use crate::Failure;
use crate::contenders::shared::{ArcSwapped, Ecsdb, LeftRight, Locked, Shared, row};
use crate::sheet::{Scale, Sheet};

/// Readers beside the writer, and versions that are held.
const CELLS: [(usize, usize); 9] = [(0, 0), (1, 0), (2, 0), (4, 0), (8, 0), (1, 1), (1, 2), (1, 3), (1, 4)];

/// Rows that a reader looks at in one version.
const READ_AT_ONCE: usize = 64;

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
                An empty cell: whoever holds a version stops the writer.",
        contenders: contenders!(Ecsdb, ArcSwapped, LeftRight, Locked),
        cases,
        passes: 2,
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
        CELLS.into_iter().filter(move |(readers, _)| unit == Time || *readers > 0).map(move |cell| {
            let company = company(cell);
            Case::new(format!("{key}, {company}"), format!("{what}, {company}"), unit)
        })
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

fn measure<S: Shared>(sheet: &mut Sheet) -> Result<(), Failure> {
    let count = sheet.scale.count;
    let wanted = |cell| {
        let company = company(cell);
        ["writer", "clock", "reads"].map(|key| format!("{key}, {company}"))
    };
    if !CELLS.into_iter().any(|cell| wanted(cell).iter().any(|case| sheet.wants(case))) {
        return Ok(());
    }
    let state = S::filled(count);
    let mut model: Vec<f32> = (0..count).map(|number| row(number)[0]).collect();
    let mut random = Random::new(1);
    for cell in CELLS {
        let keys = wanted(cell);
        let is_possible = cell.1 == 0 || state.pin().is_some();
        if is_possible && keys.iter().any(|case| sheet.wants(case)) {
            let for_so_long = Duration::from_millis(if sheet.scale.quick { 20 } else { 400 });
            let figures = in_company(&state, cell, for_so_long, &mut random, &mut model);
            for (key, value) in keys.iter().zip(figures) {
                if value.is_finite() {
                    sheet.put(key, value, None);
                }
            }
        }
    }
    Ok(())
}

/// Runs the writer beside readers. Seconds of the writer for a commit, of the clock for a commit, and of the clock for a read.
///
/// # Panics
/// If a change is not there at the end.
fn in_company<S: Shared>(
    state: &S,
    (readers, held): (usize, usize),
    at_least: Duration,
    random: &mut Random,
    model: &mut [f32],
) -> [f64; 3] {
    let (stop, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    let count = model.len();
    let began = Instant::now();
    let (commits, time, elapsed) = std::thread::scope(|scope| {
        for number in 0..readers {
            let (stop, reads) = (&stop, &reads);
            scope.spawn(move || reads.fetch_add(read(state, count, number as u64, stop), Ordering::Relaxed));
        }
        let mut versions: VecDeque<Box<dyn Any>> = (0..held).filter_map(|_| state.pin()).collect();
        let rows = |count_of: usize| (0..count_of).map(|_| random.below(count) as u32).collect();
        let (commits, time) = commit(state, at_least, rows, |rows, x| {
            rows.iter().for_each(|row| model[*row as usize] = x);
            if versions.pop_front().is_some() {
                versions.extend(state.pin());
            }
        });
        stop.store(true, Ordering::Relaxed);
        (commits, time, began.elapsed())
    });
    let all: Vec<u32> = (0..count as u32).collect();
    let expected: f64 = model.iter().map(|x| f64::from(*x)).sum();
    assert_eq!(state.reader()(&all), expected, "{}: a commit is lost", S::NAME);
    let each = |time: Duration| time.as_secs_f64() / commits as f64;
    [each(time.writer), each(time.wall), elapsed.as_secs_f64() / reads.into_inner() as f64]
}

/// Reads until it shall stop. How many rows it has read.
fn read<S: Shared>(state: &S, count: usize, number: u64, stop: &AtomicBool) -> u64 {
    let mut random = Random::new(100 + number);
    let mut reader = state.reader();
    let (mut reads, mut sum) = (0, 0.0);
    let mut rows = [0; READ_AT_ONCE];
    while !stop.load(Ordering::Relaxed) {
        rows.fill_with(|| random.below(count) as u32);
        sum += reader(&rows);
        reads += rows.len() as u64;
    }
    assert!(sum > 0.0 || reads < 10_000, "{}: rows are found", S::NAME);
    reads
}

/// Commits changes of rows that `rows` chooses for at least so long, and tells `after` of them. How many, and what they took.
fn commit<S: Shared>(
    state: &S,
    at_least: Duration,
    mut rows: impl FnMut(usize) -> Vec<u32>,
    mut after: impl FnMut(&[u32], f32),
) -> (usize, CommitTime) {
    let mut total = CommitTime { writer: Duration::ZERO, wall: Duration::ZERO };
    let (began, mut commits) = (Instant::now(), 0);
    while began.elapsed() < at_least || commits == 0 {
        let rows = rows(S::AT_ONCE);
        let x = (commits / S::AT_ONCE % 1000 + 1) as f32;
        let time = state.commit(&rows, x);
        total.writer += time.writer;
        total.wall += time.wall;
        commits += rows.len();
        after(&rows, x);
    }
    (commits, total)
}
