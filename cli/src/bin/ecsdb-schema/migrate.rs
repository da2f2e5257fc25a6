//! `ecsdb-schema migrate --plan`: what becomes of the rows, table by table.

use std::fmt::Write;

use ecsdb::schema::DatabaseSchema;
use ecsdb::schema::diff::{Plan, Source, Step, TablePlan};
use ecsdb_cli::{Failure, Outcome};
use serde_json::json;

use crate::args::Migrate;
use crate::diff::{plan_json, pretty};
use crate::input;

pub fn run(arguments: &Migrate) -> Result<Outcome, Failure> {
    let old = input::schema(&arguments.old, &arguments.reading)?;
    let new = input::schema(&arguments.new, &arguments.reading)?;
    let plan = Plan::between(&old, &new);
    let text = if arguments.json { as_json(&plan, &old, &new) } else { described(&plan, &old, &new) };
    Ok(Outcome { text, is_fine: plan.is_allowed() })
}

fn as_json(plan: &Plan, old: &DatabaseSchema, new: &DatabaseSchema) -> String {
    let table = |(table, plan): (&ecsdb::schema::TableSchema, &TablePlan)| {
        let from = plan.from.and_then(|number| old.table_at(number));
        json!({
            "table": table.name,
            "from": from.map(|from| from.name.to_string()),
            "rows": sort(plan),
            "bytes_before": from.map(|from| from.size),
            "bytes_after": table.size,
        })
    };
    let mut value = plan_json(plan);
    value["tables"] = new.tables().iter().zip(&plan.tables).map(table).collect();
    pretty(&value)
}

/// What becomes of the rows of a table, in one word.
fn sort(plan: &TablePlan) -> &'static str {
    let is_refused = plan.fields.iter().any(|source| matches!(source, Source::Refused { .. }));
    match plan.from {
        None => "none",
        Some(_) if is_refused => "refused",
        Some(_) if plan.keeps_rows => "kept",
        Some(_) => "rewritten",
    }
}

fn described(plan: &Plan, old: &DatabaseSchema, new: &DatabaseSchema) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    for (table, of) in new.tables().iter().zip(&plan.tables) {
        let from = of.from.and_then(|number| old.table_at(number));
        let bytes = match from {
            Some(from) if from.size != table.size => format!(", {} bytes a row become {}", from.size, table.size),
            _ => format!(", {} bytes a row", table.size),
        };
        let what = match sort(of) {
            "none" => "a new table",
            "kept" => "rows stay as they are",
            "refused" => "refused",
            _ => "rows are written anew",
        };
        line(format!("table `{}`: {what}{bytes}", table.name));
        let of_table = |step: &&Step| step.table.as_deref() == Some(&*table.name);
        let prefix = format!("table `{}`: ", table.name);
        for step in plan.steps.iter().filter(of_table) {
            let text = step.to_string();
            line(format!("  {}", text.strip_prefix(&prefix).unwrap_or(&text)));
        }
    }
    let is_elsewhere = |name: Option<&str>| !new.tables().iter().any(|table| Some(&*table.name) == name);
    plan.steps.iter().filter(|step| is_elsewhere(step.table.as_deref())).for_each(|step| line(step.to_string()));
    plan.refused.iter().for_each(|refusal| line(format!("refused: {refusal}")));
    line(match (plan.is_allowed(), plan.rewrites_rows(), plan.changes_data()) {
        (false, ..) => {
            format!("a program with the new schema cannot open the database: {} refused", plan.refused.len())
        }
        (true, true, _) => "allowed: rows are written anew when the database is opened".to_owned(),
        (true, false, true) => "allowed: no row is written anew".to_owned(),
        (true, false, false) => "allowed: nothing changes that is stored".to_owned(),
    });
    out
}
