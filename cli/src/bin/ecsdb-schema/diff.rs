//! `ecsdb-schema diff`: what differs between two schemas.

use ecsdb::schema::diff::{Plan, Refusal, Step};
use ecsdb_cli::{Failure, Outcome};
use serde_json::{Value, json};

use crate::args::Diff;
use crate::input;

pub fn run(arguments: &Diff) -> Result<Outcome, Failure> {
    let old = input::schema(&arguments.old, &arguments.reading)?;
    let new = input::schema(&arguments.new, &arguments.reading)?;
    let plan = Plan::between(&old, &new);
    let text = if arguments.json { pretty(&plan_json(&plan)) } else { plan.to_string() };
    Ok(Outcome { text, is_fine: plan.is_empty() })
}

/// JSON with a line end.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// A plan as programs read it: `allowed`, `rewrites_rows`, `steps` and `refused`.
pub fn plan_json(plan: &Plan) -> Value {
    let step = |step: &Step| {
        json!({
            "table": step.table,
            "field": step.field,
            "change": step.change.kind(),
            "rewrites_rows": step.rewrites_rows(),
            "text": step.to_string(),
        })
    };
    let refusal = |refusal: &Refusal| {
        json!({
            "table": refusal.table,
            "field": refusal.field,
            "reason": refusal.kind(),
            "text": refusal.to_string(),
            "way_out": refusal.way_out(),
        })
    };
    json!({
        "allowed": plan.is_allowed(),
        "rewrites_rows": plan.rewrites_rows(),
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "refused": plan.refused.iter().map(refusal).collect::<Vec<_>>(),
    })
}
