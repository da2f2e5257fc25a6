//! Commits, measured on the writer thread, readers that get in its way, and what no commit can do without: their limits.

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Instant;

use cpu_time::ThreadTime;
use ecsdb::schema::Schema;
use ecsdb::{Db, Entity, Ticket, Transaction, TransactionError};

use crate::paired::{clocked, thread_timed};
use crate::random::Random;
use crate::work::Raw;
use crate::world::{Filled, Pos, World, fill};

/// How many transactions are queued while the writer is held up. Below the least queue of the benchmarks.
pub const QUEUED: usize = 8000;

/// A world of `count` bodies that publishes after every single transaction, however many wait.
pub fn without_groups(count: usize) -> Filled {
    let db = Db::builder().worker_threads(1).batch_limits(1, usize::MAX).open();
    fill(db.expect("a database in memory opens"), count)
}

/// What some commits took.
#[derive(Clone, Copy, Debug)]
pub struct CommitTime {
    /// Time of the processor on the writer thread, and on the one that waits while it is the writer.
    pub writer: Duration,
    /// Time on the clock, from the first commit until the last is visible.
    pub wall: Duration,
}

/// Runs `transaction` on the writer thread. Whoever waits for a transaction may become the writer in its place; whoever only looks now
/// and then whether it is done does not.
fn on_the_writer_thread<S: Schema, R: Send + 'static>(
    db: &Db<S>,
    transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
) -> R {
    let mut ticket = db.lane().submit(transaction).expect("the database is open");
    loop {
        match ticket.try_visible().expect("the transaction succeeds") {
            Some(written) => return written.result,
            None => std::thread::sleep(Duration::from_micros(20)),
        }
    }
}

/// Processor time of the writer thread so far.
///
/// # Panics
/// If the database is closed.
pub fn writer_time<S: Schema>(db: &Db<S>) -> Duration {
    on_the_writer_thread(db, |_| Ok(ThreadTime::now().as_duration()))
}

/// Waits for the last of some commits. The processor time of this thread meanwhile, in which it may have been the writer.
///
/// # Panics
/// If the commit has failed.
pub fn wait(last: Option<Ticket>) -> Duration {
    let began = ThreadTime::now();
    if let Some(ticket) = last {
        ticket.visible().expect("the entity is alive");
    }
    began.elapsed()
}

/// Commits a change of one row `commits` times, in random rows, without waiting in between.
pub fn pipelined(world: &Filled, random: &mut Random, commits: usize) -> CommitTime {
    let before = writer_time(&world.db);
    let start = Instant::now();
    let last = (0..commits).map(|_| commit_one(world, random)).last();
    let helped = wait(last);
    CommitTime { wall: start.elapsed(), writer: writer_time(&world.db) - before + helped }
}

/// Holds the writer up, queues [`QUEUED`] commits of one row each, and lets it go: the time on the clock until the last
/// one is visible is what the writer needs when nobody else works.
pub fn queued(world: &Filled, random: &mut Random) -> CommitTime {
    let hold = Hold::new(&world.db);
    let last = (0..QUEUED).map(|_| commit_one(world, random)).last();
    let start = Instant::now();
    let before = hold.release();
    let helped = wait(last);
    CommitTime { wall: start.elapsed(), writer: writer_time(&world.db) - before + helped }
}

/// A commit of one row.
pub fn commit_one(world: &Filled, random: &mut Random) -> Ticket {
    let mut tx = world.db.begin();
    tx.update(world.entities[random.below(world.entities.len())], Pos::C.x.set(1.0));
    tx.commit().expect("the database is open")
}

/// A transaction that holds the writer up until it is released.
pub struct Hold {
    go: Sender<()>,
    running: JoinHandle<Duration>,
}

impl Hold {
    /// Returns when the writer is held up.
    ///
    /// # Panics
    /// If the database is closed.
    pub fn new(db: &Db<World>) -> Self {
        let (go, gone) = channel();
        let (entered, wait) = channel();
        let db = db.clone();
        let running = std::thread::spawn(move || {
            on_the_writer_thread(&db, move |_| {
                let _ = entered.send(());
                let _ = gone.recv();
                Ok(ThreadTime::now().as_duration())
            })
        });
        wait.recv().expect("the closure runs");
        Self { go, running }
    }

    /// Lets the writer go on. Returns the processor time of the writer thread at that moment.
    ///
    /// # Panics
    /// If the database was closed meanwhile.
    pub fn release(self) -> Duration {
        self.go.send(()).expect("the closure waits");
        self.running.join().expect("the closure does not panic")
    }
}

/// Threads that pin the newest version, read a little, and let go, over and over.
pub struct Readers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts `count` readers, each of which keeps every snapshot for `pinned`; if that is nothing, for 64 reads.
    pub fn start(world: &Filled, count: usize, pinned: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..count)
            .map(|number| {
                let (db, stop) = (world.db.clone(), Arc::clone(&stop));
                let mut random = Random::new(number as u64);
                let entities: Vec<Entity> =
                    (0..4096).map(|_| world.entities[random.below(world.entities.len())]).collect();
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let snapshot = db.snapshot();
                        for _ in 0..64 {
                            let entity = entities[random.below(entities.len())];
                            black_box(snapshot.get::<Pos>(entity).map(|pos| pos.x));
                        }
                        if !pinned.is_zero() {
                            std::thread::sleep(pinned);
                        }
                    }
                })
            })
            .collect();
        Self { stop, threads }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            assert!(thread.join().is_ok(), "a reader panicked");
        }
    }
}

/// How many bytes a page has.
const PAGE_BYTES: usize = 4096;

/// How many pages are written to in turns.
const SPARE_PAGES: usize = 64;

/// The limit of a commit of one row: a copy of its page, and nothing else.
pub struct PageCopies {
    rows: Vec<Pos>,
    spare: Vec<Box<[Pos]>>,
}

impl PageCopies {
    /// Pages with the rows of `count` bodies.
    pub fn new(count: usize) -> Self {
        let page = || vec![Pos { x: 0.0, y: 0.0, z: 0.0 }; PAGE_BYTES / size_of::<Pos>()].into_boxed_slice();
        Self { rows: Raw::filled(count).pos, spare: (0..SPARE_PAGES).map(|_| page()).collect() }
    }

    /// Copies `commits` pages at random, and changes a row of each copy. The time of the processor on this thread.
    pub fn turn(&mut self, random: &mut Random, commits: usize) -> Duration {
        let in_page = self.spare[0].len().min(self.rows.len());
        let pages = self.rows.len() / in_page;
        thread_timed(|| {
            for (commit, spare) in (0..commits).zip((0..SPARE_PAGES).cycle()) {
                let first = random.below(pages) * in_page;
                let copy = &mut self.spare[spare][..in_page];
                copy.copy_from_slice(&self.rows[first..first + in_page]);
                copy[0].x = commit as f32;
                black_box(copy);
            }
        })
    }
}

/// The limit of a commit that another thread makes: sends a message to one and waits for its answer, so many times. On the clock.
///
/// # Panics
/// If no thread can be started.
pub fn hand_offs(times: usize) -> Duration {
    let (to, inbox) = channel::<u32>();
    let (answer, from) = channel();
    let other = std::thread::spawn(move || inbox.iter().for_each(|message| answer.send(message).unwrap_or(())));
    let time = clocked(|| {
        for message in 0..times {
            to.send(message as u32).expect("the other thread listens");
            from.recv().expect("the other thread answers");
        }
    });
    drop(to);
    other.join().expect("the other thread does not panic");
    time
}
