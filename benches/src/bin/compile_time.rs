//! What the derives cost the compiler: `compile_time [components] [runs]`, 200 and 3 if nothing is said.
//!
//! Generates three crates with the same types, in the target directory: without derives, with those of ecsdb, and with those of
//! serde. Dependencies are built first; then each crate is checked several times, without incremental compilation, and
//! only it. Prints medians and the best run of each, what the derives add, and the ratio to serde.
//!
//! Where the system tells it (Linux), processor time is measured, so that other programs disturb little; `cargo check` of one
//! crate is mostly one thread. Elsewhere it is time on the clock: run it while nothing else does.

#![expect(clippy::print_stdout, reason = "a program for people to look at")]

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The types of one crate, as an example of what games have: a quarter of numbers, a quarter of tags and newtypes, the rest
/// enums, options, nested values, text and lists. `@` is the number, `#C` and `#F` the derives.
const TYPES: [&str; 8] = [
    "#C pub struct Energy@ { pub current: u32, pub base_max: u32, pub maximum: u32, pub regen_rate: f32 }",
    "#C pub struct Body@ { pub velocity: [f32; 3], pub spin: f32, pub grounded: bool, pub layer: u8, pub mass: Option<f32> }",
    "#C pub struct Level@(pub u16);",
    "#C pub struct Frozen@;",
    "#C pub enum Mind@ { Idle, Chasing { target: u64, since: f32 }, Fleeing(f32), Waiting { ticks: u32 } }",
    "#C pub struct Player@ { pub name: String, pub title: Option<String>, pub scores: Vec<u32>, pub online: bool }",
    "#F pub enum Tool@ { Axe, Rod, Sword, Shield, Bow, Staff }\n\
     #C pub struct Grip@ { pub tool: Tool@, pub other: Option<Tool@>, pub uses: u32, pub owner: Option<u64> }",
    "#F pub struct Cell@ { pub column: i32, pub row: i32 }\n\
     #C pub struct Route@ { pub at: Cell@, pub next: Option<Cell@>, pub stops: Vec<Cell@>, pub length: f64 }",
];

/// A generated crate.
struct Variant {
    name: &'static str,
    /// In front of components and of values.
    derives: [&'static str; 2],
}

const VARIANTS: [Variant; 3] = [
    Variant { name: "plain", derives: ["", ""] },
    Variant { name: "ecsdb", derives: ["#[derive(ecsdb::Component)]", "#[derive(ecsdb::Field)]"] },
    Variant { name: "serde", derives: ["#[derive(serde::Serialize, serde::Deserialize)]"; 2] },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let components: usize = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let runs: usize = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let target = target_directory();
    let folders: Vec<PathBuf> =
        VARIANTS.iter().map(|variant| generate(variant, components, &target)).collect::<Result<_, _>>()?;
    for folder in &folders {
        check(folder, &target)?;
    }
    // In turns, so that a busy minute of the machine does not hit one of them only.
    let mut times = [const { Vec::<Duration>::new() }; VARIANTS.len()];
    for _ in 0..runs.max(1) {
        for (folder, times) in folders.iter().zip(&mut times) {
            times.push(check(folder, &target)?);
        }
    }
    for times in &mut times {
        times.sort_unstable();
    }
    println!("`cargo check` of {components} components, in ms, {runs} runs:");
    println!("{:<8}{:>8}{:>8}{:>14}{:>20}", "", "median", "best", "derives add", "a component, in us");
    let best = |of: usize| times[of][0].as_secs_f64() * 1e3;
    for (of, variant) in VARIANTS.iter().enumerate() {
        let median = times[of][times[of].len() / 2].as_secs_f64() * 1e3;
        let added = best(of) - best(0);
        let each = added * 1e3 / components.max(1) as f64;
        println!("{:<8}{median:>8.0}{:>8.0}{added:>14.0}{each:>20.0}", variant.name, best(of));
    }
    println!("the derives of ecsdb add {:.1} times what those of serde add", (best(1) - best(0)) / (best(2) - best(0)));
    Ok(())
}

/// Writes a crate. All three depend on the same, so that loading it costs all the same.
fn generate(variant: &Variant, components: usize, target: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let workspace = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?;
    let folder = target.join("compile-time").join(variant.name);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"ecsdb-compile-time-{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\necsdb = {{ path = {:?} }}\nserde = {{ version = \"1\", features = [\"derive\"] }}\n\n[workspace]\n",
            variant.name,
            workspace.join("ecsdb"),
        ),
    )?;
    // The same versions as here: they have been fetched.
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let mut code = String::from("#![allow(warnings)]\n");
    for number in 0..components {
        let types = TYPES[number % TYPES.len()];
        let [component, field] = variant.derives;
        let types = types.replace('@', &number.to_string()).replace("#C", component).replace("#F", field);
        writeln!(code, "{types}")?;
    }
    fs::write(folder.join("src/lib.rs"), code)?;
    Ok(folder)
}

/// Checks the crate in `folder`, and says how long that took.
fn check(folder: &Path, target: &Path) -> Result<Duration, Box<dyn Error>> {
    let source = folder.join("src/lib.rs");
    let code = fs::read(&source)?;
    // Newer than what was checked.
    fs::write(&source, code)?;
    let (begin, worked) = (Instant::now(), children_worked());
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["check", "--quiet", "--offline", "--lib", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .stdin(Stdio::null())
        .output()?;
    let time = match (worked, children_worked()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => begin.elapsed(),
    };
    if output.status.success() {
        return Ok(time);
    }
    Err(format!("{}: {}", folder.display(), String::from_utf8_lossy(&output.stderr)).into())
}

/// How long all programs that this one has started, and waited for, have worked.
fn children_worked() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name, which may have spaces in it: the state is the third of all fields, user and system time of children
    // are the 16th and 17th, in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The target directory that this program was built in.
fn target_directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").exists());
    marked.map_or_else(|| PathBuf::from("target"), Path::to_path_buf)
}
