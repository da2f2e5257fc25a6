//! The command `ecsdb-schema`: what it prints, and its exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const KINDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ecsdb-schema-gen/tests/golden/kinds.toml");

const SOURCE: &str = "
use ecsdb::Component;

#[derive(Component)]
struct Health {
    hp: u32,
}

ecsdb::schema! { pub Game: Health }
";

const OLD: &str =
    "[database]\nname = \"Game\"\n[tables.health]\nfields = [{ name = \"hp\", type = \"u32\" }]\n[tables.gone]\n";

const NEW: &str = "[database]\nname = \"Game\"\n[tables.tag]\n[tables.life]\nrenamed_from = \"health\"\n\
                   fields = [{ name = \"hp\", type = \"u64\" }, { name = \"max\", type = \"u8\", default = 9 }]\n";

/// An empty directory for one test.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ecsdb-schema").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Runs the command in a directory: exit code, standard output, standard error.
fn run(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ecsdb-schema")).current_dir(directory).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn files(directory: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        fs::write(directory.join(name), text).unwrap();
    }
}

#[test]
fn the_help_names_the_commands_and_their_exit_codes() {
    let directory = directory("help");
    let (code, out, _) = run(&directory, &["--help"]);
    assert_eq!(code, 0);
    for command in ["check", "diff", "print", "migrate"] {
        assert!(out.contains(command), "{out}");
        let (code, help, _) = run(&directory, &[command, "--help"]);
        assert_eq!(code, 0);
        assert!(help.contains("Exit code: 0"), "{help}");
    }
    assert_eq!(run(&directory, &["frobnicate"]).0, 2);
    assert_eq!(run(&directory, &["migrate", "old.toml", "new.toml"]).0, 2, "`--plan` must be said");
}

#[test]
fn a_file_is_checked_against_sources_and_written() {
    let directory = directory("check");
    files(&directory, &[("game.rs", SOURCE)]);
    let check = |more: &[&str]| run(&directory, &[&["check", "schema/game.toml", "game.rs"], more].concat());
    let (code, out, error) = check(&[]);
    assert_eq!((code, out.as_str(), error.as_str()), (2, "", "error: there is no `schema/game.toml`\n"));
    assert_eq!(check(&["--bless"]), (0, "schema/game.toml has been written\n".to_owned(), String::new()));
    assert_eq!(check(&["--bless"]).1, "schema/game.toml is up to date\n");
    assert_eq!(check(&[]), (0, "schema/game.toml is up to date\n".to_owned(), String::new()));

    files(&directory, &[("game.rs", &SOURCE.replace("u32", "u64"))]);
    let (code, out, error) = check(&[]);
    assert_eq!((code, error.as_str()), (1, ""));
    let expected = "`schema/game.toml` and the program differ:\ntable `health`: field `hp` is `u64`, was `u32`\n";
    assert!(out.starts_with(expected), "{out}");
    assert!(out.ends_with("+ size = 8\n\nif the sources are right, write the file with `--bless`\n"), "{out}");

    files(&directory, &[("game.rs", &SOURCE.replace("u32", "Vec3"))]);
    let (code, _, error) = check(&[]);
    let expected = "error: game.rs:6:9: cannot find `Vec3` in these sources: add the file that defines it\n";
    assert_eq!((code, error.as_str()), (2, expected));

    files(&directory, &[("game.rs", &SOURCE.replace("pub Game", "pub Other"))]);
    let (code, _, error) = check(&["--registry", "Game"]);
    assert_eq!((code, error.as_str()), (2, "error: game.rs: these sources have no `schema!` of the name `Game`\n"));
    assert_eq!(check(&["--database", "Game"]).0, 0);
}

#[test]
fn differences_are_shown_to_people_and_programs() {
    let directory = directory("diff");
    files(&directory, &[("old.toml", OLD), ("new.toml", NEW)]);
    assert_eq!(run(&directory, &["diff", "old.toml", "old.toml"]), (0, String::new(), String::new()));
    let (code, out, _) = run(&directory, &["diff", "old.toml", "new.toml"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("new table `tag`\ntable `life`, which was `health`\n"), "{out}");
    assert!(out.contains("refused: table `gone`: it is missing, and was not deprecated"), "{out}");

    let (code, out, _) = run(&directory, &["diff", "--json", "old.toml", "new.toml"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["allowed"].as_bool(), json["rewrites_rows"].as_bool()), (1, Some(false), Some(true)));
    assert_eq!(json["steps"][1]["change"], "renamed");
    assert_eq!(json["refused"][0]["reason"], "removed");
    assert!(json["refused"][0]["way_out"].as_str().is_some_and(|text| text.contains("deprecated")));

    // Whatever a schema comes from.
    files(&directory, &[("game.rs", SOURCE), ("same.toml", &OLD.replace("[tables.gone]\n", ""))]);
    assert_eq!(run(&directory, &["diff", "game.rs", "same.toml"]).0, 0);
    let (_, json, _) = run(&directory, &["print", "--json", "same.toml"]);
    files(&directory, &[("same.json", &json)]);
    assert_eq!(run(&directory, &["diff", "game.rs", "same.json"]).0, 0);
}

#[test]
fn what_cannot_be_read_says_where() {
    let directory = directory("errors");
    files(
        &directory,
        &[
            ("bad.toml", "[database]\nname = \"x\"\n[tables.a]\nfiels = []\n"),
            ("bad.json", "{\n \"name\": 3 }"),
            ("good.toml", OLD),
        ],
    );
    let error = |file: &str| {
        let (code, out, error) = run(&directory, &["diff", "good.toml", file]);
        assert_eq!((code, out.as_str()), (2, ""));
        error
    };
    assert!(
        error("bad.toml").starts_with("error: bad.toml:4:1: table `a`: unknown key `fiels`, did you mean `fields`?")
    );
    assert!(error("bad.json").starts_with("error: bad.json:2:10: invalid type: integer `3`"), "{}", error("bad.json"));
    assert!(error("none.toml").starts_with("error: none.toml: cannot read the schema: "));
    assert_eq!(error("none.xml"), "error: none.xml: a schema is a file that ends in `.toml`, `.json` or `.rs`\n");
}

#[test]
fn a_migration_is_told_beforehand() {
    let directory = directory("migrate");
    files(&directory, &[("old.toml", OLD), ("new.toml", NEW)]);
    let (code, out, _) = run(&directory, &["migrate", "--plan", "old.toml", "new.toml"]);
    assert_eq!(code, 1);
    assert!(out.ends_with("a program with the new schema cannot open the database: 1 refused\n"), "{out}");

    files(&directory, &[("old.toml", &OLD.replace("[tables.gone]", "[tables.gone]\ndeprecated = \"unused\""))]);
    let (code, out, _) = run(&directory, &["migrate", "--plan", "old.toml", "new.toml"]);
    assert_eq!(
        (code, out.as_str()),
        (
            0,
            "table `tag`: a new table, 0 bytes a row\n\
             \x20 new table `tag`\n\
             table `life`: rows are written anew, 4 bytes a row become 9\n\
             \x20 table `life`, which was `health`\n\
             \x20 field `hp` is `u64`, was `u32`\n\
             \x20 new field `max` of type `u8`, `9` in rows that there are\n\
             table `gone` goes with its rows: unused\n\
             allowed: rows are written anew when the database is opened\n"
        )
    );
    let (code, out, _) = run(&directory, &["migrate", "--plan", "--json", "old.toml", "new.toml"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, json["tables"][1]["rows"].as_str()), (0, Some("rewritten")));
    assert_eq!(
        (json["tables"][1]["bytes_before"].as_u64(), json["tables"][1]["bytes_after"].as_u64()),
        (Some(4), Some(9))
    );
    assert_eq!(
        run(&directory, &["migrate", "--plan", "old.toml", "old.toml"]).1.lines().last(),
        Some("allowed: nothing changes that is stored")
    );
}

#[test]
fn rows_are_drawn() {
    let directory = directory("print");
    let (code, out, _) = run(&directory, &["print", KINDS, "--table", "mob", "--table", "frozen"]);
    let ai = "enum Ai: u16 { Idle, Hunting { prey: ref<mob>, since: duration } was Chasing, Going([f32; 2]) = 7 }";
    let expected = format!(
        "table `mob`: 80 bytes a row, and a heap, packed, aligned to 1 byte\n\
         \x20    offset  size  field         type\n\
         \x20 a       0     8  title         string\n\
         \x20 b       8    22  ai            {ai}\n\
         \x20 c      30     8  inventory     [ref<item>]\n\
         \x20 d      38     9  marks         [struct Mark(char, nonzero_u16?)]?\n\
         \x20 e      47     1  self.0        bool\n\
         \x20 f      48     1  self.1.type   i8\n\
         \x20 g      49     1  self.1.inner  enum {{ On, Off }}\n\
         \x20 h      50    16  hp            u128\n\
         \x20 i      66     4  price.gold    u32\n\
         \x20 j      70     2  price.silver  u8?\n\
         \x20 k      72     8  (heap)        where the strings and lists are\n\
         \x20      0  aaaaaaaa bbbbbbbb bbbbbbbb bbbbbbcc\n\
         \x20     32  ccccccdd ddddddde fghhhhhh hhhhhhhh\n\
         \x20     64  hhiiiijj kkkkkkkk\n\
         \x20 reference  inventory: item, restrict\n\
         \x20 with the padding of C: 96 bytes; saved: 16, 16 %\n\
         \n\
         table `frozen`: a tag, no bytes\n"
    );
    assert_eq!((code, out), (0, expected));
    let (_, out, _) = run(&directory, &["print", KINDS, "--table", "ware"]);
    let relations: Vec<&str> = out.lines().filter(|line| line.contains(": ")).skip(1).collect();
    assert_eq!(
        relations[..6],
        [
            "  reference  owner: mob, set_null",
            "  reference  parts: ware, remove, one",
            "  index      number: hash (number), unique",
            "  index      name: ordered (name), unique",
            "  index      owner: ordered (owner)",
            "  index      place: grid (type.x, type.y)",
        ]
    );
    let (code, _, error) = run(&directory, &["print", KINDS, "--table", "bodi"]);
    assert_eq!((code, error.as_str()), (2, "error: there is no table `bodi`, did you mean `body`?\n"));
    let (_, out, _) = run(&directory, &["print", KINDS, "--table", "body"]);
    assert!(out.contains("aligned to 8 bytes") && out.ends_with("  C would put no padding into it\n"), "{out}");
    files(
        &directory,
        &[("wide.toml", "[database]\nname = \"x\"\n[tables.a]\nfields = [{ name = \"b\", type = \"[u8; 1000]\" }]\n")],
    );
    let (_, out, _) = run(&directory, &["print", "wide.toml"]);
    assert!(out.contains("aaaaaaaa\n          ...\n     992  aaaaaaaa\n"), "{out}");
}
