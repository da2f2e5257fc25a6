//! Directories that an earlier version has left, kept in the repository: they must open for ever, to the same rows or to the same
//! complaint.
//!
//! `tests/golden/FORMAT/CASE` is a directory of a database, and `tests/golden/FORMAT/CASE.txt` what must come of opening it. They were
//! made by [`make`], which gives the same bytes each time: what differs from run to run, times, salts and timelines, is replaced
//! by fixed numbers. A case that is in the repository is never made again; a new format gets a directory of its own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ecsdb::schema::DatabaseSchema;
use ecsdb::{Component, Db, DynDb, Entity, FixedStr, Ref, TransactionError};

use crate::simulated::{Simulated, State, Survival};

/// Where a golden directory is on the medium.
pub const DIR: &str = "/golden";

/// The files of a directory, by their names in it.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A tag.
#[derive(Component, Debug)]
pub struct Frozen;

/// Stored as it lies.
#[derive(Component, Debug)]
#[repr(C)]
pub struct Pos {
    pub x: f32,
    pub y: f32,
}

/// Packed, with a number that is counted and one that is unique.
#[derive(Component, Debug)]
pub struct Account {
    #[component(auto_increment, unique)]
    pub id: u32,
    pub name: FixedStr<16>,
    pub vip: bool,
    pub guild: Option<u16>,
}

/// With texts and lists.
#[derive(Component, Debug)]
pub struct Letter {
    pub to: Ref<Account>,
    pub text: String,
    pub stamps: Vec<u16>,
}

/// Changes too often to be logged.
#[derive(Component, Debug)]
#[component(durability = "none")]
#[repr(C)]
pub struct Aim {
    pub angle: f32,
}

ecsdb::schema! { pub Post: Frozen, Pos, Account, Letter, Aim }

fn open(medium: &Simulated) -> Db<Post> {
    let builder = Db::<Post>::builder().directory(DIR).media(medium.clone()).worker_threads(1);
    builder.segment_bytes(16 << 10).sync_within(Duration::from_secs(3600)).open().expect("it opens")
}

fn account(n: u16) -> Account {
    let name = FixedStr::new(&format!("player {n}")).expect("it is short");
    Account { id: 0, name, vip: n.is_multiple_of(3), guild: (!n.is_multiple_of(4)).then_some(n) }
}

/// One commit, and its sync: so each record says that the one before is durable.
fn commit<R: Send + 'static>(
    db: &Db<Post>,
    work: impl FnOnce(&mut ecsdb::Transaction<'_, Post>) -> Result<R, TransactionError> + Send + 'static,
) -> R {
    let made = db.write(work).expect("it commits");
    db.sync().expect("the medium works");
    made
}

/// A few versions with every kind of item that a log knows.
fn play(db: &Db<Post>) {
    let players: Vec<Entity> = commit(db, |tx| {
        let players = (0..70).map(|n| tx.spawn((account(n), Pos { x: n.into(), y: 0.5 }))).collect::<Result<_, _>>()?;
        Ok(players)
    });
    let some = players.clone();
    commit(db, move |tx| {
        for (n, player) in some.iter().enumerate().step_by(7) {
            let text = format!("Dear player {n}, ").repeat(n % 5);
            tx.spawn(Letter { to: Ref::to(*player), text, stamps: (0..n as u16 % 4).collect() })?;
            tx.insert(*player, Aim { angle: 1.5 })?;
            tx.insert(*player, Frozen)?;
        }
        Ok(())
    });
    // Generations that are burned: a transaction that spawns and is rolled back.
    drop(db.write(|tx| {
        (0..5).try_for_each(|_| tx.spawn(Frozen).map(drop))?;
        Err::<(), _>(TransactionError::abort("no"))
    }));
    let some = players.clone();
    commit(db, move |tx| {
        tx.despawn(some[9])?;
        tx.update(some[10], (Account::C.vip.set(true), Account::C.guild.set(None)))?;
        tx.modify(some[11], |pos: &mut Pos| pos.y = -1.0)?;
        tx.remove::<Pos>(some[12])?;
        tx.modify(some[14], |aim: &mut Aim| aim.angle = 9.0)?;
        Ok(())
    });
    for round in 0..6_u16 {
        let some = players.clone();
        commit(db, move |tx| {
            let text = "Once upon a time ".repeat(60 + usize::from(round));
            tx.spawn(Letter { to: Ref::to(some[1]), text, stamps: vec![round; 600] })?;
            tx.spawn(account(100 + round))?;
            Ok(())
        });
    }
}

/// The cases of the formats that are written now.
pub fn make() -> BTreeMap<&'static str, Files> {
    let mut cases = logs();
    cases.extend(snapshots());
    cases
}

/// Directories with a log alone.
fn logs() -> BTreeMap<&'static str, Files> {
    let medium = Simulated::new();
    let db = open(&medium);
    play(&db);
    let killed = files(&medium.state().image(Survival::Everything));
    db.close().expect("it closes");
    let closed = files(&medium.state().image(Survival::Nothing));
    let [first, last] = [killed.keys().find(|name| is_segment(name)), killed.keys().rfind(|name| is_segment(name))]
        .map(|name| name.expect("a segment").clone());
    assert_ne!(first, last, "there are several segments");
    let changed = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = killed.clone();
        change(files.get_mut(name).expect("it is there"));
        files
    };
    let mut cases = BTreeMap::new();
    cases.insert("log-torn", changed(&last, &|bytes| bytes.truncate(bytes.len() - 11)));
    cases.insert("log-flipped", changed(&first, &|bytes| bytes[5000] ^= 4));
    cases.insert("log-cut", changed(&first, &|bytes| bytes.truncate(6000)));
    cases.insert("log-header-flipped", changed(&last, &|bytes| bytes[100] ^= 1));
    cases.insert("log-of-later-format", changed(&first, &|bytes| of_format(bytes, 99)));
    let mut files = killed.clone();
    files.remove(&first);
    cases.insert("log-without-its-beginning", files);
    let mut files = killed.clone();
    files.retain(|name, _| !is_segment(name));
    cases.insert("log-gone", files);
    cases.insert("log-killed", killed);
    cases.insert("log-closed", closed);
    cases
}

/// Directories with a complete snapshot file, one that goes on from it, and a log.
fn snapshots() -> BTreeMap<&'static str, Files> {
    let medium = Simulated::new();
    let db = open(&medium);
    play(&db);
    let checkpoint = || db.checkpoint().expect("there is a directory").wait().expect("the medium works");
    let complete = checkpoint();
    let some: Vec<Entity> = db.snapshot().query::<Entity>().with::<Aim>().into_iter().collect();
    let aiming = some.clone();
    commit(&db, move |tx| tx.modify(aiming[0], |aim: &mut Aim| aim.angle = 7.0).map_err(Into::into));
    let next = checkpoint();
    assert_eq!((complete.base, next.base), (None, Some(complete.version)));
    // Not in the log, and in no snapshot file: lost, as the table says.
    commit(&db, move |tx| tx.modify(some[0], |aim: &mut Aim| aim.angle = 8.0).map_err(Into::into));
    commit(&db, |tx| Ok(tx.spawn(account(300))?));
    let whole = files(&medium.state().image(Survival::Everything));
    drop(db);
    let newest = whole.keys().rfind(|name| is_snapshot(name)).expect("a snapshot file").clone();
    let changed = |files: &Files, change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = files.clone();
        change(files.get_mut(&newest).expect("it is there"));
        files
    };
    let mut without_log = whole.clone();
    without_log.retain(|name, _| !is_segment(name));
    let mut without_base = whole.clone();
    without_base.remove(&format!("snapshots/{:020}.snap", complete.version));
    BTreeMap::from([
        ("snapshot-flipped", changed(&whole, &|bytes| bytes[450] ^= 1)),
        ("snapshot-cut", changed(&whole, &|bytes| bytes.truncate(bytes.len() - 9))),
        ("snapshot-of-later-format", changed(&whole, &|bytes| of_format(bytes, 99))),
        ("snapshot-without-its-base", without_base),
        ("snapshot-without-a-log", without_log),
        ("snapshot-killed", whole),
    ])
}

fn is_snapshot(name: &str) -> bool {
    name.ends_with(".snap")
}

fn is_segment(name: &str) -> bool {
    name.ends_with(".wal")
}

/// What a database has left on a medium, with fixed numbers for what differs from run to run.
fn files(state: &State) -> Files {
    let mut files = Files::new();
    for path in state.paths() {
        let name = path.strip_prefix(DIR).ok().and_then(Path::to_str).expect("it is in the directory");
        let mut content = state.content(path).expect("it is there").to_vec();
        if is_segment(name) {
            fix_segment(&mut content);
        } else if is_snapshot(name) {
            fix_snapshot(&mut content);
        }
        // The note of a close names a timeline, and a directory is whole without it.
        if !["LOCK", "CLOSED"].contains(&name) && !name.ends_with(".new") {
            files.insert(name.to_owned(), content);
        }
    }
    files
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn put(bytes: &mut [u8], at: usize, number: u64) {
    bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
}

/// The salt that segment number `sequence` gets.
fn salt(sequence: u64) -> u64 {
    0x5a17_0000_0000_0000 | sequence
}

/// Gives the header of a segment or of a snapshot file its checksum; see `docs/wal.md` and `docs/snapshots.md`.
fn seal_header(bytes: &mut [u8]) {
    let end = u32_at(bytes, 12);
    bytes[16..20].fill(0);
    let crc = crc32c::crc32c(&bytes[..end]);
    bytes[16..20].copy_from_slice(&crc.to_le_bytes());
}

fn of_format(bytes: &mut [u8], format: u32) {
    bytes[8..12].copy_from_slice(&format.to_le_bytes());
    seal_header(bytes);
}

/// Replaces what differs from run to run in a segment, and cuts off the zeros behind the last record.
fn fix_segment(bytes: &mut Vec<u8>) {
    let (sequence, end) = (u64_at(bytes, 40), u32_at(bytes, 12));
    put(bytes, 24, 0x7137);
    put(bytes, 32, salt(sequence));
    put(bytes, 48, if sequence == 1 { 0 } else { salt(sequence - 1) });
    put(bytes, 56, sequence * 1_000_000_000);
    seal_header(bytes);
    let mut at = end;
    while at + 48 <= bytes.len() && u32_at(bytes, at + 4) >= 48 {
        let len = u32_at(bytes, at + 4);
        let version = u64_at(bytes, at + 16);
        put(bytes, at + 8, salt(sequence));
        put(bytes, at + 32, version * 1_000_000_000);
        let crc = crc32c::crc32c(&bytes[at + 4..at + len]);
        bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
        at += len;
    }
    bytes.truncate(at);
}

/// The salt that the snapshot file of a version gets.
fn salt_of_snapshot(version: u64) -> u64 {
    0x5a9b_0000_0000_0000 | version
}

/// Replaces what differs from run to run in a snapshot file.
fn fix_snapshot(bytes: &mut [u8]) {
    let (version, base) = (u64_at(bytes, 40), u64_at(bytes, 56));
    put(bytes, 24, 0x7137);
    put(bytes, 32, salt_of_snapshot(version));
    put(bytes, 48, version * 1_000_000_000);
    put(bytes, 64, if base == 0 { 0 } else { salt_of_snapshot(base) });
    let mut at = u32_at(bytes, 12);
    while at + 40 <= bytes.len() {
        put(bytes, at + 8, salt_of_snapshot(version));
        at += (40 + u32_at(bytes, at + 4)).next_multiple_of(8);
    }
    seal_snapshot(bytes);
}

/// Gives the header and all frames of a snapshot file their checksums, as far as there are some.
pub fn seal_snapshot(bytes: &mut [u8]) {
    if bytes.len() < 88 || !(88..=bytes.len()).contains(&u32_at(bytes, 12)) {
        return;
    }
    seal_header(bytes);
    let mut at = u32_at(bytes, 12);
    while at + 40 <= bytes.len() {
        let end = at + (40 + u32_at(bytes, at + 4)).next_multiple_of(8);
        if end > bytes.len() {
            return;
        }
        let crc = crc32c::crc32c(&bytes[at + 4..end]);
        bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
}

/// Where golden directories are in the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// The golden directory `name`, such as `1/log-killed`.
///
/// # Panics
/// If it is not there.
pub fn named(name: &str) -> Files {
    read(&root().join(name))
}

/// All files below `dir`, by their names in it.
///
/// # Panics
/// If they cannot be read.
pub fn read(dir: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.expect("the directory can be read").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        if path.is_dir() {
            files.extend(read(&path).into_iter().map(|(inner, content)| (format!("{name}/{inner}"), content)));
        } else {
            files.insert(name, fs::read(&path).expect("the file can be read"));
        }
    }
    files
}

/// A medium with `files` in [`DIR`].
pub fn medium(files: &Files) -> Simulated {
    Simulated::of(State::of_files(files.iter().map(|(name, content)| (Path::new(DIR).join(name), content.clone()))))
}

/// What comes of opening a directory by the schema that lies beside it: everything in it, or the complaint.
///
/// # Panics
/// If the schema cannot be read.
pub fn outcome(files: &Files) -> String {
    let schema = files.get("schema.toml").expect("the schema is there");
    let schema = std::str::from_utf8(schema).expect("the schema is text");
    let schema = DatabaseSchema::from_toml(schema, "schema.toml").expect("the schema is one");
    let opened = DynDb::builder().directory(DIR).media(medium(files)).worker_threads(1).open_schema(schema);
    match opened {
        Ok(db) => contents(&db),
        Err(error) => format!("cannot be opened: {error}\n"),
    }
}

/// Everything in `db`, entity by entity.
pub fn contents(db: &DynDb) -> String {
    let (snapshot, found) = (db.snapshot(), db.recovery().expect("it has a directory"));
    let view = snapshot.view();
    let (version, closed, torn) = (view.version(), found.was_closed, found.torn_bytes);
    let mut text =
        format!("version {version}, closed: {closed}, torn bytes: {torn}, entities: {}\n", view.entity_count());
    for passed in &found.passed_over {
        let (file, offset, what) = (passed.file.display(), passed.offset, &passed.what);
        writeln!(text, "passed over: {file} at byte {offset}: {what}").expect("a text takes all");
    }
    if let Some(snapshot) = found.snapshot {
        writeln!(text, "from the snapshot file of version {snapshot}").expect("a text takes all");
    }
    let mut rows: BTreeMap<Entity, BTreeMap<&str, String>> = BTreeMap::new();
    for table in view.schema().tables() {
        for row in view.table(&table.name).expect("a table of the schema").rows() {
            let mut values = String::new();
            for (name, value) in row.values() {
                write!(values, " {name}={value:?}").expect("a text takes all");
            }
            rows.entry(row.entity().expect("a stored row")).or_default().insert(&table.name, values);
        }
    }
    for (entity, tables) in rows {
        for (table, values) in tables {
            let check = crc32c::crc32c(values.as_bytes());
            // Long ones by their checksum.
            let shown = if values.len() > 120 { format!(" {} bytes, {check:08x}", values.len()) } else { values };
            writeln!(text, "{entity} {table}{shown}").expect("a text takes all");
        }
    }
    text
}
