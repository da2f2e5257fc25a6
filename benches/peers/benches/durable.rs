//! ecsdb's log beside redb, fjall and SQLite: the same rows changed in one run, as a table in Markdown. And spawning with the
//! log beside hecs, which has none.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::fs;
use std::io::{self, Write};

use ecsdb::{Db, Entity};
use ecsdb_benches::commits::{QUEUED, pipelined};
use ecsdb_benches::durable::{commit_durably, open, open_unsynced};
use ecsdb_benches::load::{Waits, load};
use ecsdb_benches::paired::{Turns, clocked, paired, timed, turns};
use ecsdb_benches::place::Place;
use ecsdb_benches::random::Random;
use ecsdb_benches::report::{Goal, Report, rate, time};
use ecsdb_benches::world::{Filled, Pos, World, three};
use ecsdb_benches::{entity_count, is_smoke_run};
use ecsdb_peers::hecs_columns;
use ecsdb_peers::stores::{self, Fjall, Redb, Sqlite, Store};

/// ecsdb, redb, fjall, SQLite.
const ENGINES: usize = 4;

/// What is stored; each row of the table changes it.
const VALUE: [f32; 3] = [1.0, 0.0, 1.0];

/// A commit of these rows.
type Work<'a> = dyn Fn(&[u32]) + Sync + 'a;

struct Setup {
    count: usize,
    rounds: usize,
    few: usize,
    commits: usize,
    place: Place,
}

/// The table of the engines that keep rows on disk.
struct Table<'a> {
    out: &'a mut dyn Write,
    missed: usize,
}

impl<'a> Table<'a> {
    fn new(out: &'a mut dyn Write) -> io::Result<Self> {
        writeln!(out, "| what | ecsdb | redb | fjall | SQLite | ecsdb / best peer | goal | holds |")?;
        writeln!(out, "|---|--:|--:|--:|--:|--:|--:|---|")?;
        Ok(Self { out, missed: 0 })
    }

    /// Adds turns of `count` operations. `goal` is how many times the rate of the best peer ecsdb should have.
    fn rates(&mut self, what: &str, count: usize, turns: &Turns<ENGINES>, goal: Option<f64>) -> io::Result<()> {
        write!(self.out, "| {what}")?;
        for engine in 0..ENGINES {
            write!(self.out, " | {}", rate(turns.median(engine).as_secs_f64() / count as f64))?;
        }
        let times = (1..ENGINES).map(|peer| turns.ratio(peer, 0)).fold(f64::INFINITY, f64::min);
        let (goal, holds) = match goal {
            None => (String::new(), ""),
            Some(goal) if times >= goal => (format!(">= {goal:.0}x"), "yes"),
            Some(goal) => {
                self.missed += 1;
                (format!(">= {goal:.0}x"), "**no**")
            }
        };
        writeln!(self.out, " | {times:.2}x | {goal} | {holds} |")?;
        self.out.flush()
    }

    /// Adds what those have waited who made the commits of the row above.
    fn waits(&mut self, who: &str, mut waits: [Waits; ENGINES]) -> io::Result<()> {
        for (part, name) in [(0.5, "median"), (0.99, "p99")] {
            write!(self.out, "| wait for it, {who}, {name}")?;
            for waits in &mut waits {
                write!(self.out, " | {}", time(waits.quantile(part).as_secs_f64()))?;
            }
            writeln!(self.out, " | | | |")?;
        }
        Ok(())
    }
}

fn main() -> Result<(), stores::Failure> {
    let smoke = is_smoke_run();
    let setup = Setup {
        count: entity_count(),
        rounds: if smoke { 1 } else { 11 },
        few: if smoke { 1 } else { 5 },
        commits: if smoke { 10 } else { 200 },
        place: Place::new(env!("CARGO_TARGET_TMPDIR"))?,
    };
    // Parts can be asked for by name.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let mut out = io::stdout().lock();
    writeln!(out, "{} rows of 12 bytes on {}; medians\n", setup.count, setup.place.file_system())?;
    let mut missed = 0;
    if ["durable", "unsynced", "bulk"].into_iter().any(wants) {
        let redb = stores::filled(Redb::open, &setup.place.fresh("redb"), setup.count)?;
        let fjall = stores::filled(Fjall::open, &setup.place.fresh("fjall"), setup.count)?;
        let sqlite = stores::filled(Sqlite::open, &setup.place.fresh("sqlite"), setup.count)?;
        let peers = Peers { redb, fjall, sqlite };
        let mut table = Table::new(&mut out)?;
        if wants("durable") {
            durable(&mut table, &setup, &peers)?;
        }
        if wants("unsynced") || wants("bulk") {
            unsynced(&mut table, &setup, &peers, &wants)?;
        }
        missed += table.missed;
    }
    if wants("spawn") {
        writeln!(out)?;
        let mut report = Report::new(&mut out, "ecsdb, logged", "hecs")?;
        spawn(&mut report, &setup)?;
        missed += report.missed();
    }
    Ok(writeln!(out, "\n{missed} goals missed")?)
}

struct Peers {
    redb: Redb,
    fjall: Fjall,
    sqlite: Sqlite,
}

impl Peers {
    fn all(&self) -> [&dyn Store; ENGINES - 1] {
        [&self.redb, &self.fjall, &self.sqlite]
    }
}

/// A world of `Pos` alone, as the peers have it.
fn filled(db: Db<World>, count: usize) -> Filled {
    let pos = |index| Pos { x: index as f32, y: 0.0, z: 1.0 };
    let entities = db.write(move |tx| Ok(tx.spawn_all((0..count).map(move |index| (pos(index),)))?));
    let entities = entities.expect("it fits in memory");
    db.sync().expect("the disk works");
    Filled { db, entities }
}

/// The numbers of `rows` rows: neighbours from a random one on, or each at random.
fn pick(count: usize, random: &mut Random, rows: usize, scattered: bool) -> Vec<u32> {
    let first = random.below(count.saturating_sub(rows) + 1);
    let row = |row| if scattered { random.below(count) } else { (first + row) % count };
    (0..rows).map(row).map(|row| row as u32).collect()
}

/// The threads of one turn, for any engine: each commits `rows` rows at a time.
fn commits(
    setup: &Setup,
    (threads, commits): (usize, usize),
    (rows, scattered): (usize, bool),
    commit: &Work<'_>,
) -> ecsdb_benches::load::Load {
    // No turn changes the rows of another one.
    static TURN: AtomicU64 = AtomicU64::new(0);
    let (turn, count) = (TURN.fetch_add(1, Ordering::Relaxed), setup.count);
    load(threads, commits, &|thread, number| {
        let mut random = Random::new((turn << 40) + ((thread as u64) << 20) + number as u64);
        commit(&pick(count, &mut random, rows, scattered));
    })
}

fn durable(table: &mut Table<'_>, setup: &Setup, peers: &Peers) -> io::Result<()> {
    let Filled { db, entities } = filled(open(&setup.place.fresh("ecsdb")), setup.count);
    let ecsdb = |rows: &[u32]| commit_durably(&db, rows.iter().map(|row| entities[*row as usize]));
    let [redb, fjall, sqlite] =
        peers.all().map(|peer| move |rows: &[u32]| peer.commit(rows, VALUE, true).expect("the disk works"));
    let all: [&Work<'_>; ENGINES] = [&ecsdb, &redb, &fjall, &sqlite];
    for threads in [1, 2, 16, 64] {
        // The others are slower, so they get fewer.
        let each = [4, 1, 1, 1].map(|times| (times * setup.commits / threads).max(1));
        let mut waits = <[Waits; ENGINES]>::default();
        let most = each[0] * threads;
        let turns = {
            let [a, b, c, d] = &mut waits;
            let turn = |engine: usize, waits: &mut Waits| {
                let work = (threads, each[engine]);
                let time = waits.take(commits(setup, work, (1, true), all[engine]));
                time.mul_f64(most as f64 / (each[engine] * threads) as f64)
            };
            turns(setup.rounds, [&mut || turn(0, a), &mut || turn(1, b), &mut || turn(2, c), &mut || turn(3, d)])
        };
        let who = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
        let goal = (threads == 64).then_some(4.0);
        table.rates(&format!("durable one-row commits, {who}"), most, &turns, goal)?;
        table.waits(&who, waits)?;
    }
    for scattered in [false, true] {
        for rows in [100, 1000, 10_000] {
            let number = (10_000 / rows).clamp(2, setup.commits);
            let turn = |engine: usize| commits(setup, (1, number), (rows, scattered), all[engine]).wall;
            let turns = turns(setup.rounds, [&mut || turn(0), &mut || turn(1), &mut || turn(2), &mut || turn(3)]);
            let place = if scattered { "random" } else { "neighbouring" };
            let goal = (rows == 1000 && !scattered).then_some(17.0);
            table.rates(&format!("rows in durable commits of {rows} {place} rows"), rows * number, &turns, goal)?;
        }
    }
    Ok(())
}

fn unsynced(
    table: &mut Table<'_>,
    setup: &Setup,
    peers: &Peers,
    wants: &dyn Fn(&str) -> bool,
) -> Result<(), stores::Failure> {
    let world = filled(open_unsynced(&setup.place.fresh("unsynced")), setup.count);
    let synced = |peer: &dyn Store, time: Duration| {
        peer.sync().expect("the disk works");
        time
    };
    let own = |time: Duration| {
        world.db.sync().expect("the disk works");
        time
    };
    let [redb, fjall, sqlite] = peers.all();
    if wants("unsynced") {
        let many = 5 * QUEUED;
        let mut random = Random::new(3);
        let some = many / 8;
        let turn = |peer: &dyn Store| {
            let commit = |rows: &[u32]| peer.commit(rows, VALUE, false).expect("the disk works");
            synced(peer, 8 * commits(setup, (1, some), (1, true), &commit).wall)
        };
        let turns = turns(
            setup.rounds,
            [
                &mut || own(pipelined(&world, &mut random, many).wall),
                &mut || turn(redb),
                &mut || turn(fjall),
                &mut || turn(sqlite),
            ],
        );
        table.rates("one-row commits, not synced, one thread (ecsdb: pipelined)", many, &turns, Some(4.0))?;
    }
    if wants("bulk") {
        let rows: Vec<u32> = (0..setup.count as u32).collect();
        let turn =
            |peer: &dyn Store| synced(peer, clocked(|| peer.commit(&rows, VALUE, false).expect("the disk works")));
        let each = || {
            let entities = world.entities.clone();
            let replace = |entity: Entity| (entity, Pos { x: VALUE[0], y: VALUE[1], z: VALUE[2] });
            own(clocked(|| {
                let all = move |tx: &mut ecsdb::Transaction<'_, World>| {
                    entities.into_iter().map(replace).try_for_each(|(entity, pos)| tx.insert(entity, pos))?;
                    Ok::<(), ecsdb::TransactionError>(())
                };
                world.db.write(all).expect("all are alive");
            }))
        };
        let turns = turns(setup.few, [&mut || each(), &mut || turn(redb), &mut || turn(fjall), &mut || turn(sqlite)]);
        table.rates("rows replaced in one transaction, all in order, not synced", setup.count, &turns, None)?;
    }
    Ok(())
}

fn spawn<W: Write>(report: &mut Report<W>, setup: &Setup) -> io::Result<()> {
    let count = setup.count;
    let logged = |work: &dyn Fn(&Db<World>)| {
        let dir = setup.place.fresh("spawned");
        let db = open_unsynced(&dir);
        let time = timed(|| work(&db));
        drop(db);
        fs::remove_dir_all(dir).expect("the directory can be removed");
        time
    };
    let all = |db: &Db<World>| {
        db.write(move |tx| Ok(tx.spawn_all((0..count).map(three))?)).expect("it fits in memory");
    };
    let medians = paired(setup.few, || logged(&all), || timed(|| hecs_columns(count)));
    let name = "spawn of three components, bulk (hecs: column batch), processor time";
    report.row(name, count, medians, Goal::Ratio(2.0))?;
    let single = |db: &Db<World>| {
        let each = move |tx: &mut ecsdb::Transaction<'_, World>| {
            (0..count).try_for_each(|index| tx.spawn(three(index)).map(|_: Entity| ()))?;
            Ok::<(), ecsdb::TransactionError>(())
        };
        db.write(each).expect("it fits in memory");
    };
    let hecs = || {
        let mut world = hecs::World::new();
        timed(|| (0..count).map(|index| world.spawn(three(index))).last())
    };
    let medians = paired(setup.few, || logged(&single), hecs);
    report.row("spawn of three components, one by one, processor time", count, medians, Goal::Ratio(2.0))
}
