//! `ecsdb-schema check`: a schema file against Rust sources.

use ecsdb_cli::{Failure, Outcome, failure};
use ecsdb_schema_gen::drift::{self, Drift};

use crate::args::Check;
use crate::input;

pub fn run(arguments: &Check) -> Result<Outcome, Failure> {
    let program = input::sources(&arguments.sources, &arguments.reading)?;
    let file = &arguments.file;
    if arguments.bless {
        let written = drift::bless(&program, file).map_err(failure)?;
        let what = if written { "has been written" } else { "is up to date" };
        return Ok(Outcome { text: format!("{} {what}\n", file.display()), is_fine: true });
    }
    match drift::check(&program, file) {
        Ok(()) => Ok(Outcome { text: format!("{} is up to date\n", file.display()), is_fine: true }),
        Err(drift @ Drift::Different { .. }) => {
            let hint = "if the sources are right, write the file with `--bless`";
            Ok(Outcome { text: format!("{drift}\n{hint}\n"), is_fine: false })
        }
        Err(other) => Err(failure(other)),
    }
}
