//! Compiling the modules: one crate, one `cargo check` for all of them, and again for those that are left.
//!
//! Owns the scratch directory, and which error belongs to which module. An error in one module can keep the compiler
//! from looking for others in the next, so modules with errors are taken out and the rest is checked again, until nothing is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Error;
use crate::module::Module;

/// Why modules do not compile, by their number.
pub type Failures = BTreeMap<usize, String>;

/// Compiles the modules in a crate in `scratch`, with the artifacts of `target`.
///
/// # Errors
/// See [`Error`].
pub fn check(modules: &[Module], scratch: &Path, target: &Path) -> Result<Failures, Error> {
    let mut failures = Failures::new();
    for (number, module) in modules.iter().enumerate() {
        if let Some(text) = &module.unreadable {
            failures.insert(number, format!("the type `{text}` cannot be read"));
        }
    }
    let package = Package { modules, scratch, target };
    package.prepare()?;
    package.narrow((0..modules.len()).filter(|number| !failures.contains_key(number)).collect(), &mut failures)?;
    Ok(failures)
}

/// The generated crate.
struct Package<'a> {
    modules: &'a [Module],
    scratch: &'a Path,
    target: &'a Path,
}

impl Package<'_> {
    /// Writes all that stays the same.
    fn prepare(&self) -> Result<(), Error> {
        let source = self.scratch.join("src");
        if source.exists() {
            fs::remove_dir_all(&source).map_err(Error::file(&source))?;
        }
        fs::create_dir_all(&source).map_err(Error::file(&source))?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let engine = workspace.join("ecsdb");
        let engine = fs::canonicalize(&engine).map_err(Error::file(&engine))?;
        // A JSON string is a TOML string as well.
        let engine = Value::from(engine.to_string_lossy());
        // Cargo tells packages of one target directory apart by their names, not by where they are.
        let mut place = DefaultHasher::new();
        self.scratch.hash(&mut place);
        let place = place.finish();
        let manifest = format!(
            "[package]\nname = \"ecsdb-corpus-{place:016x}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\necsdb = {{ path = {engine}, features = [\"glam\"] }}\n\
             glam = {{ version = \"*\", default-features = false, features = [\"std\"] }}\n\n[workspace]\n"
        );
        self.write("Cargo.toml", &manifest)?;
        // The same versions as here: they have been fetched.
        let lock = workspace.join("Cargo.lock");
        let locked = fs::read_to_string(&lock).map_err(Error::file(&lock))?;
        self.write("Cargo.lock", &locked)?;
        for module in self.modules {
            self.write(&format!("src/{}.rs", module.name), &module.code)?;
        }
        Ok(())
    }

    fn write(&self, file: &str, text: &str) -> Result<(), Error> {
        let path = self.scratch.join(file);
        fs::write(&path, text).map_err(Error::file(path))
    }

    /// Checks the modules with these numbers until those that are left compile.
    fn narrow(&self, mut left: Vec<usize>, failures: &mut Failures) -> Result<(), Error> {
        loop {
            match self.check(&left)? {
                Checked::Fine => return Ok(()),
                Checked::Wrong(found) => {
                    left.retain(|number| !found.contains_key(number));
                    failures.extend(found);
                }
                // An error that belongs to no module is that of one of them all the same, if nothing compiles without them.
                Checked::Nowhere(text) => match &*left {
                    [] => return Err(Error::Check(text)),
                    [number] => {
                        self.narrow(Vec::new(), failures)?;
                        failures.insert(*number, last_lines(&text));
                        return Ok(());
                    }
                    _ => {
                        let second = left.split_off(left.len() / 2);
                        self.narrow(left, failures)?;
                        return self.narrow(second, failures);
                    }
                },
            }
        }
    }

    /// Checks the crate with these modules in it.
    fn check(&self, numbers: &[usize]) -> Result<Checked, Error> {
        let list: Vec<String> = numbers.iter().map(|&number| format!("mod {};\n", self.modules[number].name)).collect();
        self.write("src/lib.rs", &format!("#![allow(warnings)]\n\n{}", list.concat()))?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["check", "--quiet", "--offline", "--lib", "--message-format=json", "--manifest-path"])
            .arg(self.scratch.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", self.target)
            .env("CARGO_INCREMENTAL", "0")
            .stdin(Stdio::null())
            .output()
            .map_err(Error::Start)?;
        if output.status.success() {
            return Ok(Checked::Fine);
        }
        let mut found: BTreeMap<usize, Vec<Message>> = BTreeMap::new();
        let mut elsewhere = String::from_utf8_lossy(&output.stderr).into_owned();
        for line in output.stdout.split(|&byte| byte == b'\n') {
            let Ok(line) = serde_json::from_slice::<Value>(line) else { continue };
            let message = &line["message"];
            if line["reason"] != "compiler-message" || !is_error(message) {
                continue;
            }
            match self.module_of(message).filter(|number| numbers.contains(number)) {
                Some(number) => found.entry(number).or_default().push(Message::new(message)),
                None => elsewhere += message["rendered"].as_str().unwrap_or_default(),
            }
        }
        if found.is_empty() {
            return Ok(Checked::Nowhere(elsewhere));
        }
        Ok(Checked::Wrong(found.into_iter().map(|(number, messages)| (number, first(messages))).collect()))
    }

    /// The module that an error is about.
    fn module_of(&self, message: &Value) -> Option<usize> {
        let mut spans: Vec<&Value> = array(&message["spans"]).collect();
        spans.sort_by_key(|span| span["is_primary"] != true);
        for span in spans {
            let mut span = span;
            while !span.is_null() {
                if let Some(number) = self.module_in(&span["file_name"]) {
                    return Some(number);
                }
                span = &span["expansion"]["span"];
            }
        }
        array(&message["children"]).find_map(|child| self.module_of(child))
    }

    fn module_in(&self, file: &Value) -> Option<usize> {
        let name = Path::new(file.as_str()?).file_stem()?.to_str()?;
        let number: usize = name.strip_prefix('c')?.parse().ok()?;
        (self.modules.get(number)?.name == name).then_some(number)
    }
}

/// What came out of one check.
enum Checked {
    /// No errors.
    Fine,
    /// Errors in modules: the first of each.
    Wrong(Failures),
    /// Errors that belong to no module.
    Nowhere(String),
}

/// One error.
struct Message {
    text: String,
    /// Whether it has a code, as those of the compiler itself mostly have.
    has_code: bool,
}

impl Message {
    fn new(message: &Value) -> Self {
        let text = message["message"].as_str().unwrap_or_default();
        let labels = array(&message["spans"]).filter(|span| span["is_primary"] == true);
        let label = labels.filter_map(|span| span["label"].as_str()).next().unwrap_or_default();
        let is_said = label.is_empty() || text.contains(label) || text.len() > 60;
        let text = if is_said { text.to_owned() } else { format!("{text}: {label}") };
        Self { text: without_places(&text.replace('\n', " ")), has_code: !message["code"].is_null() }
    }
}

/// The error to tell: the first one of the derive, otherwise the first one.
fn first(messages: Vec<Message>) -> String {
    let at = messages.iter().position(|message| !message.has_code).unwrap_or(0);
    messages.into_iter().nth(at).map(|message| message.text).unwrap_or_default()
}

/// The text without the paths of generated modules: `c0007::t2::Image` is `Image`.
fn without_places(text: &str) -> String {
    let is_place = |part: &str| {
        let number = part.strip_prefix(['c', 't']).unwrap_or_default();
        part == "crate" || !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let words = text.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    words
        .map(|word| {
            let mut rest = word;
            while let Some((first, behind)) = rest.split_once("::")
                && is_place(first)
            {
                rest = behind;
            }
            rest
        })
        .collect()
}

fn is_error(message: &Value) -> bool {
    message["level"].as_str().is_some_and(|level| level.starts_with("error"))
        && !message["message"].as_str().is_some_and(|text| text.starts_with("aborting due to"))
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" ")
}
