//! `ecsdb repair`.

use std::fmt::Write;

use ecsdb::maintenance::{ClosedDirectory, RepairPlan, RepairStep, Repaired};
use ecsdb_cli::{Failure, Outcome, failure};
use serde::Serialize;

use crate::args::Repair;
use crate::progress::Bar;
use crate::text::damages;
use crate::{look_at, outcome};

/// The answer.
#[derive(Serialize)]
struct Answer {
    plan: RepairPlan,
    /// What was done, if it was.
    repaired: Option<Repaired>,
}

pub fn run(of: &Repair) -> Result<Outcome, Failure> {
    // With `--yes` it is locked before anything is changed.
    let closed = if of.yes { ClosedDirectory::open(&of.directory).map_err(failure)? } else { look_at(&of.directory)? };
    let mut bar = Bar::new();
    let plan = closed.plan_repair(|progress| bar.show(progress)).map_err(failure)?;
    drop(bar);
    let can_be_opened = plan.version.is_some();
    let is_needed = plan.is_needed();
    let repaired = if of.yes && is_needed { Some(closed.repair(&plan).map_err(failure)?) } else { None };
    let is_fine = can_be_opened && (!is_needed || repaired.is_some());
    let answer = Answer { plan, repaired };
    let outcome = outcome(&answer, of.output.json, || text(&answer))?;
    Ok(Outcome { is_fine, ..outcome })
}

fn text(Answer { plan, repaired }: &Answer) -> String {
    let mut out = damages(&plan.damages);
    let Some(version) = plan.version else {
        out.push_str("nothing can be saved: no version can be put together from what is left; restore a backup\n");
        return out;
    };
    if !plan.is_needed() {
        let _ = writeln!(out, "nothing has to be repaired: it opens to version {version}");
        return out;
    }
    // Writing to a `String` cannot fail.
    let has = if repaired.is_some() { "was" } else { "will be" };
    for step in &plan.steps {
        let _ = match step {
            RepairStep::Move { file } => writeln!(out, "{} {has} moved away", file.display()),
            RepairStep::Salvage { file, bytes, first, .. } => writeln!(
                out,
                "{} {has} cut off after {bytes} bytes, and what is good behind the damage, from version {first} on, \
                 {has} put in a file of its own",
                file.display()
            ),
            RepairStep::Cut { file, bytes } => writeln!(out, "{} {has} cut off after {bytes} bytes", file.display()),
            _ => Ok(()),
        };
    }
    if version < plan.highest {
        let _ = writeln!(
            out,
            "versions {} to {} {} lost",
            version + 1,
            plan.highest,
            if repaired.is_some() { "are" } else { "will be" }
        );
    }
    let _ = match repaired {
        Some(repaired) => writeln!(
            out,
            "it opens to version {version}; what was moved away, and copies of what was cut off, are in {}",
            repaired.kept_in.display()
        ),
        None => writeln!(out, "it will open to version {version}; do it with --yes"),
    };
    out
}
