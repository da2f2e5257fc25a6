//! The architecture as a test: which module may import which, and what every file owes its reader.
//!
//! It reads the sources as text, so it needs no tool and no network. Each rule is first shown to fail on a small bad
//! example, then held against the workspace. `ARCHITECTURE.md` gives the reasons.

mod errors;
mod layers;
mod lexer;
mod memory_model;
mod rules;

use std::fs;
use std::path::{Path, PathBuf};

use layers::Root;

/// Files that are longer than [`rules::LINES_MAX`] for a reason.
const LONG_FILES: &[&str] = &[];

/// Cases of compile-fail tests and files that a program writes: their text is the test, or not ours.
fn is_exempt_from_docs(file: &str) -> bool {
    file.starts_with("ui-tests/macro/") || file.starts_with("ui-tests/rustc/") || file.contains("/golden/")
}

/// A Rust file of the workspace: its path from the root, with `/`, and its text.
#[derive(Clone)]
struct Source {
    file: String,
    text: String,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust file below `folder`, without hidden folders and those of builds.
fn sources(folder: &str) -> Vec<Source> {
    let root = workspace();
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    folders.push(path);
                }
            // What a macro has written, kept to see it change, has no readers to explain itself to.
            } else if name.ends_with(".rs") && !name.ends_with(".out.rs") {
                let file = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push(Source { file, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    found
}

/// The path of the module that a file of `ecsdb/src` is; empty for `lib.rs`.
fn module_path(file: &str) -> Vec<&str> {
    let path = file.trim_start_matches("ecsdb/src/").trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    if path == "lib" { Vec::new() } else { path.split('/').collect() }
}

/// The files of the engine that are not for tests only.
fn engine() -> Vec<Source> {
    let all = sources("ecsdb/src");
    let mut test_modules = Vec::new();
    for source in &all {
        let module = module_path(&source.file);
        for name in lexer::test_modules(&source.text) {
            let path: Vec<String> = module.iter().copied().chain([name]).map(str::to_owned).collect();
            test_modules.push(path);
        }
    }
    let is_test = |source: &Source| {
        let module = module_path(&source.file);
        test_modules.iter().any(|test| module.iter().zip(test).filter(|(a, b)| a == b).count() == test.len())
    };
    all.into_iter().filter(|source| !is_test(source)).collect()
}

fn demand_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn imports_point_downwards() {
    let sources = engine();
    let lib = sources.iter().find(|source| source.file == "ecsdb/src/lib.rs").unwrap();
    let root = Root::parse(&lib.text);
    assert_eq!(root.unplaced(), [""; 0], "give these modules a layer");
    assert_eq!(root.made_up(), [""; 0], "there are no such modules");
    assert!(sources.len() > 50, "only {} files were found", sources.len());
    let check = |source: &Source| layers::check(&source.file, &module_path(&source.file), &source.text, &root);
    demand_none(sources.iter().flat_map(check).collect());
}

#[test]
fn every_file_says_what_it_is_for() {
    let sources = sources(".");
    let files = sources.iter().filter(|source| !is_exempt_from_docs(&source.file));
    demand_none(files.flat_map(|source| rules::module_docs(&source.file, &source.text)).collect());
}

#[test]
fn errors_leave_their_causes_to_their_sources() {
    let bad = [
        r#"#[error("cannot {action}: {source}")] Io { action: &'static str, source: io::Error },"#,
        r#"#[error("cannot start a thread: {0}")] Thread(#[source] io::Error),"#,
        "#[error(\n\"tick {tick}: {}\", .error)]\nstruct Failure {\n    #[source]\n    pub error: Other,\n}",
        "#[error(\"fails: {source}\")]\nA {\n    /// Why.\n    source: Other,\n}",
    ];
    for text in bad {
        assert_eq!(errors::said_twice("bad.rs", text).len(), 1, "{text}");
    }
    let good = [
        r#"#[error("cannot {action}")] Io { action: &'static str, #[source] cause: io::Error },"#,
        r#"#[error("cannot do it (at all)")] A(#[source] Other), #[error("has {0} rows")] B(u64),"#,
        r#"#[error(transparent)] A(#[from] Other), #[error("`{member}`: {error}")] B { member: String, error: Box<Self> },"#,
    ];
    for text in good {
        demand_none(errors::said_twice("good.rs", text));
    }
    let texts = sources(".").into_iter().filter(|source| !source.file.starts_with("tests/tests/architecture"));
    demand_none(texts.flat_map(|source| errors::said_twice(&source.file, &source.text)).collect());
}

#[test]
fn every_unsafe_is_proved() {
    demand_none(sources(".").iter().flat_map(|source| rules::unsafe_code(&source.file, &source.text)).collect());
}

/// What stands between backticks in `text`.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_table_of_unsafe_code_names_every_file_and_only_tests_that_are_there() {
    let document = fs::read_to_string(workspace().join("docs/unsafe.md")).unwrap();
    let listed: Vec<&str> = code(&document).filter(|name| name.ends_with(".rs")).collect();
    let is_unsafe = |source: &&Source| {
        let tokens = lexer::tokens_without_tests(&source.text);
        tokens.iter().any(|placed| matches!(placed.token, lexer::Token::Word("unsafe")))
    };
    let mut complaints = Vec::new();
    let holders: Vec<Source> = engine().into_iter().filter(|source| is_unsafe(&source)).collect();
    assert!(holders.len() > 40, "only {} files have unsafe code", holders.len());
    let place = |source: &Source| source.file.trim_start_matches("ecsdb/src/").to_owned();
    for source in holders.iter().filter(|source| !listed.contains(&place(source).as_str())) {
        complaints.push(format!("{}: docs/unsafe.md does not say who runs its unsafe code under Miri", source.file));
    }
    for file in listed.iter().filter(|file| !file.contains("tests/") && !file.starts_with("ecsdb-derive")) {
        if !holders.iter().any(|source| place(source) == **file) {
            complaints.push(format!("docs/unsafe.md names {file}, which has no unsafe code"));
        }
    }
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let tests = rows.flat_map(|row| code(row).filter(|name| name.matches('_').count() > 2));
    let everything = [sources("ecsdb/src"), sources("tests/tests")].concat();
    for test in tests {
        if !everything.iter().any(|source| source.text.contains(&format!("fn {test}("))) {
            complaints.push(format!("docs/unsafe.md names the test `{test}`, which is nowhere"));
        }
    }
    demand_none(complaints);
}

#[test]
fn no_file_is_too_long() {
    let sources = sources(".");
    let files = sources.iter().filter(|source| !LONG_FILES.contains(&source.file.as_str()));
    demand_none(files.flat_map(|source| rules::length(&source.file, &source.text)).collect());
}

#[test]
fn nothing_is_unfinished() {
    demand_none(sources(".").iter().flat_map(|source| rules::unfinished(&source.file, &source.text)).collect());
}

#[test]
fn atomics_stay_in_sync() {
    let sources = engine();
    let outside = sources.iter().filter(|source| module_path(&source.file).first() != Some(&"sync"));
    demand_none(outside.flat_map(|source| rules::atomics(&source.file, &source.text)).collect());
}

/// Every Rust file of the engine that has loom models.
fn models() -> Vec<Source> {
    sources("ecsdb/src").into_iter().filter(|source| source.text.contains("\nmodels! {")).collect()
}

#[test]
fn the_memory_model_names_every_atomic() {
    let document = fs::read_to_string(workspace().join("docs/memory-model.md")).unwrap();
    let mut complaints = Vec::new();
    let mut count = 0;
    for source in engine() {
        let place = source.file.trim_start_matches("ecsdb/src/");
        for (field, line) in memory_model::atomic_fields(&source.text) {
            count += 1;
            if !document.contains(place) || !memory_model::names(&document, field) {
                complaints
                    .push(format!("{}:{line}: docs/memory-model.md does not name `{field}` of {place}", source.file));
            }
        }
    }
    assert!(count > 25, "only {count} atomics were found");
    demand_none(complaints);
}

#[test]
fn every_deliberate_fault_has_a_model_that_looks_for_it() {
    let document = fs::read_to_string(workspace().join("docs/memory-model.md")).unwrap();
    // A line may end within the name of a fault.
    let words: Vec<&str> = document.split_whitespace().collect();
    let (document, models) = (words.join(" "), models());
    let tables: Vec<_> = models.iter().flat_map(|source| memory_model::models(&source.text)).collect();
    let looked_for: Vec<&str> = tables.iter().flat_map(|(_, faults)| faults.iter().copied()).collect();
    let sources = sources("ecsdb/src");
    let faults: Vec<&str> = sources.iter().flat_map(|source| memory_model::faults(&source.text)).collect();
    assert!(faults.len() > 40, "only {} faults were found", faults.len());
    let mut complaints = Vec::new();
    for fault in &faults {
        if !looked_for.contains(fault) {
            complaints.push(format!("no model looks for the fault {fault:?}"));
        }
        let (_, words) = fault.split_once('/').unwrap();
        if !document.contains(words) {
            complaints.push(format!("docs/memory-model.md does not tell of the fault {fault:?}"));
        }
    }
    for fault in looked_for.iter().filter(|fault| !faults.contains(fault)) {
        complaints.push(format!("a model looks for the fault {fault:?}, which is nowhere"));
    }
    for (model, faults) in &tables {
        if !memory_model::names(&document, model) {
            complaints.push(format!("docs/memory-model.md does not name the model `{model}`"));
        }
        if faults.is_empty() {
            complaints.push(format!("the model `{model}` has no fault to find, so it may show nothing"));
        }
    }
    // The tables of `models!` make tests by those names; its definitions stand in these two files.
    let definitions = ["ecsdb/src/sync/shim/model.rs", "ecsdb/src/sync/shim/schedules.rs"];
    for source in sources.iter().filter(|source| !definitions.contains(&source.file.as_str())) {
        for (test, line) in memory_model::tests_beside_tables(&source.text) {
            complaints.push(format!(
                "{}:{line}: the model `{test}` stands in no `models!`, with a fault to find",
                source.file
            ));
        }
    }
    demand_none(complaints);
}

/// The complaints about `source` as the file of `module`, in a crate with every layer.
fn imports(module: &[&str], source: &str) -> Vec<String> {
    let root = Root::parse(
        "pub mod __private; mod bits; mod entity; mod storage; mod query; mod transaction; mod replication; mod views;
         mod persistence; mod media; mod database; pub use entity::Entity; pub use database::{Db, config::{Config as Settings, DbBuilder}};",
    );
    layers::check("x.rs", module, source, &root)
}

#[test]
fn an_import_from_above_is_found() {
    let found = imports(&["storage", "page"], "\nuse crate::query::View;\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("x.rs:2: `storage` imports `query`: imports point downwards"), "{found:?}");

    for bad in [
        "use crate::{bits::run, database::Db};",
        "use crate::Db;",
        "use crate::Settings;",
        "fn f(_: crate::transaction::Apply) {}",
        "fn f() { let _ = super::super::transaction::apply(); }",
        "use super::super::{bits, transaction::{Apply, Queue}};",
        "mod inner { use super::super::super::query::View; }",
        "use crate::__private::Text;",
        "use crate::unheard_of::Name;",
        "#[cfg(any(test, feature = \"x\"))] use crate::query::View;",
        "#[cfg(test)] use crate::query::View; use crate::query::Query;",
    ] {
        assert_eq!(imports(&["storage", "page"], bad).len(), 1, "{bad}");
    }
}

#[test]
fn siblings_of_the_fourth_layer_do_not_import_each_other() {
    assert_eq!(imports(&["events"], "use crate::persistence::Wal;").len(), 1);
    assert_eq!(imports(&["events"], "use crate::transaction::CommitLog;").len(), 0);
}

#[test]
fn files_are_the_business_of_persistence() {
    assert_eq!(imports(&["storage"], "use crate::media::Disk;").len(), 1);
    assert_eq!(imports(&["views"], "use crate::media::Disk;").len(), 1);
    assert_eq!(imports(&["persistence"], "use crate::media::Disk;").len(), 0);
    assert_eq!(imports(&["database"], "use crate::media::Disk;").len(), 0);
}

#[test]
fn an_import_from_below_is_none_of_our_business() {
    for good in [
        "use crate::bits::run; use crate::{Entity, entity::Generations};",
        "use super::chunk::Chunk; use super::super::entity::Entity;",
        "// use crate::query::View;\n/* use crate::query::View; */",
        "/// [`View`](crate::query::View)\nconst X: &str = \"crate::query::View\";",
        "const X: (&str, char) = (r#\"\" crate::query::View\"#, '\"');",
        "#[cfg(test)] mod tests { use crate::query::View; }",
        "#[cfg(all(test, not(x)))] #[allow(unused)] use crate::query::{View};",
        "mod inner { use super::query; use super::super::transaction; }",
        "pub(crate) fn f<'crate_>(_: &'crate_ u8) {}",
    ] {
        assert_eq!(imports(&["storage", "page"], good), [""; 0], "{good}");
    }
    assert_eq!(imports(&["__private"], "use crate::query::RowOf;"), [""; 0]);
    assert_eq!(imports(&["query"], "use crate::storage::Chunk;"), [""; 0]);
}

#[test]
fn a_module_without_a_layer_is_found() {
    assert_eq!(Root::parse("mod storage; mod helpers; #[cfg(test)] mod fixtures;").unplaced(), ["helpers"]);
}

#[test]
fn test_modules_in_files_are_known() {
    let source =
        "#[cfg(all(test, not(x)))]\nmod tests;\nmod version;\n#[cfg(any(test, y))]\nmod swap;\n#[cfg(test)] mod a {}";
    assert_eq!(lexer::test_modules(source), ["tests"]);
}

#[test]
fn a_file_without_docs_is_found() {
    assert_eq!(rules::module_docs("x.rs", "use std::fmt;\n//! too late").len(), 1);
    assert_eq!(rules::module_docs("x.rs", "//! Good.\n").len(), 0);
}

#[test]
fn a_long_file_is_found() {
    assert_eq!(rules::length("x.rs", &"x\n".repeat(rules::LINES_MAX + 1)).len(), 1);
    assert_eq!(rules::length("x.rs", &"x\n".repeat(rules::LINES_MAX)).len(), 0);
}

#[test]
fn what_is_unfinished_is_found() {
    let word = "todo";
    assert_eq!(rules::unfinished("x.rs", &format!("fn f() {{ {word}!() }}")).len(), 1);
    assert_eq!(rules::unfinished("x.rs", "// todo!\nconst X: &str = \"dbg!\"; fn todo() {}").len(), 0);
}

#[test]
fn atomics_outside_sync_are_found() {
    for bad in [
        "use std::sync::atomic::AtomicU64;",
        "use core::sync::{atomic::Ordering};",
        "use loom::thread;",
        "type X = arc_swap::ArcSwap<u8>;",
        "use crate::sync::shim::{Arc, AtomicU64};",
        "fn f() { crate::sync::shim::AtomicU64::new(0); }",
        "use crate::sync::shim::unwatched::{AtomicU64, Ordering}; fn f() { x.load(Ordering::Acquire); }",
        "fn f() { fence(order); }",
    ] {
        assert_eq!(rules::atomics("x.rs", bad).len(), 1, "{bad}");
    }
    let good =
        "use crate::sync::shim::unwatched::{AtomicU64, Ordering}; use crate::sync::shim::Mutex; fn f() { x.load(Ordering::Relaxed); }
         #[cfg(test)] mod tests { use std::sync::atomic::AtomicU8; }";
    assert_eq!(rules::atomics("x.rs", good).len(), 0);
}

#[test]
fn atomics_are_found_by_their_fields() {
    let source = "use std::sync::atomic::{AtomicU64, Ordering};
        struct X<T> { plain: u64, one: AtomicU64, padded: CachePadded<AtomicPtr<T>>, many: [AtomicU64; 3] }
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        fn f(counter: &AtomicU64) -> Atomic { let x: Atomic = g(Self { one: 1 }); x }
        #[cfg(test)] mod tests { static SEEN: AtomicUsize = AtomicUsize::new(0); }";
    let found: Vec<_> = memory_model::atomic_fields(source).into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, ["one", "padded", "many", "NEXT"]);
}

#[test]
fn faults_and_models_are_found() {
    let source = "if mutant!(\"a/b c\") || !mutant!(\"d/e\") {}";
    assert_eq!(memory_model::faults(source).collect::<Vec<_>>(), ["a/b c", "d/e"]);
    let table =
        "\nmodels! {\n    m: \"a/b c\" as x,\n \"d/e\" as y;\n    n: \"f/g\" as z;\n    o:;\n}\n fn h() { \"i/j\"; }";
    assert_eq!(memory_model::models(table), [("m", vec!["a/b c", "d/e"]), ("n", vec!["f/g"]), ("o", vec![])]);
    let source = "fn loom() {}\n#[test]\nfn loom_m() {} fn shuttle_n() { loom_m(); } // fn loom_o";
    assert_eq!(memory_model::tests_beside_tables(source), [("loom_m", 3), ("shuttle_n", 3)]);
}

#[test]
fn unsafe_without_a_proof_is_found() {
    for bad in [
        "fn f() { unsafe { g() } }",
        "unsafe impl Send for X {}",
        "/// Fast.\npub unsafe fn f() {}",
        "/// # Safety\n/// Of another item.\nfn g() {}\npub unsafe trait T {}",
        "// SAFETY: too far away.\n\n\n\n\n\n\n\nfn f() { unsafe { g() } }",
        "const X: &str = \"SAFETY:\";\nunsafe impl Send for X {}",
        "// SAFETY: plain.\nunsafe impl Send for X {}\nunsafe fn f() {}",
    ] {
        assert_eq!(rules::unsafe_code("x.rs", bad).len(), 1, "{bad}");
    }
    for good in [
        "// SAFETY: nothing is shared.\nunsafe impl Send for X {}",
        "fn f() {\n    // SAFETY: checked above, with\n    // more words.\n    let x = unsafe { g() };\n}",
        "/// # Safety\n/// The caller knows.\n#[inline]\npub unsafe fn f() {}",
        "// SAFETY: it asks the system.\nunsafe impl GlobalAlloc for X {\n    unsafe fn alloc(&self) {}\n}",
        "type F = unsafe extern \"C\" fn();\n// unsafe { no code }",
    ] {
        assert_eq!(rules::unsafe_code("x.rs", good), [""; 0], "{good}");
    }
}
