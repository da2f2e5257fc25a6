//! A whole run: a process for each contender, in turns, and what they have all measured.
//!
//! Each contender has a process to itself, so that nobody's pages lie where another one's were, and memory can be counted; processes of
//! one group take turns several times, so that what happens on the machine happens to all. It must not believe a figure whose work
//! has found something else than that of the others.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Failure;
use crate::cases::{Case, Contender, Group};
use crate::sheet::{Figure, Scale, read};

/// What is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How much is measured.
    pub scale: Scale,
    /// Only cases with this in their names.
    pub only: Option<String>,
    /// Where files of stores lie.
    pub dir: PathBuf,
}

/// A case and what it took: the median of processes for each contender, if it was measured.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// In the order of the contenders.
    pub values: Vec<Option<f64>>,
}

/// A group and its rows, without those that were not asked for.
pub struct Measured {
    /// The group.
    pub group: Group,
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Measured {
    /// The row of a case.
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.case.key == key)
    }
}

/// The name that the process of a contender is started with.
fn name(group: &Group, contender: &Contender) -> String {
    format!("{}/{}", group.key, contender.name)
}

/// Finds whom such a name means.
pub fn find(groups: Vec<Group>, wanted: &str) -> Option<Contender> {
    groups
        .into_iter()
        .find_map(|group| group.contenders.iter().find(|contender| name(&group, contender) == wanted).copied())
}

/// Measures `group`, and says on `progress` where it is.
///
/// # Errors
/// If a process fails, or contenders do not find the same.
pub fn measure(group: Group, plan: &Plan, progress: &mut dyn Write) -> Result<Measured, Failure> {
    let is_wanted = |case: &Case| plan.only.as_ref().is_none_or(|only| case.key.contains(only.as_str()));
    let cases: Vec<Case> = (group.cases)(&plan.scale).into_iter().filter(is_wanted).collect();
    let mut figures: Vec<Vec<Figure>> = group.contenders.iter().map(|_| Vec::new()).collect();
    let passes = if plan.scale.quick { 1 } else { group.passes };
    for pass in 0..if cases.is_empty() { 0 } else { passes } {
        for turn in 0..group.contenders.len() {
            // Who comes first changes.
            let index = if pass % 2 == 0 { turn } else { group.contenders.len() - 1 - turn };
            let name = name(&group, &group.contenders[index]);
            writeln!(progress, "{name}, {} of {passes}", pass + 1)?;
            figures[index].extend(process(&name, plan)?);
        }
    }
    let mut rows = Vec::new();
    for case in cases {
        let mut answer = None;
        let mut values = Vec::new();
        for (contender, figures) in group.contenders.iter().zip(&figures) {
            let of_case: Vec<&Figure> = figures.iter().filter(|figure| figure.case == case.key).collect();
            for found in of_case.iter().filter_map(|figure| figure.answer) {
                let first = *answer.get_or_insert(found);
                if !agree(first, found) {
                    let (case, name) = (&case.key, contender.name);
                    return Err(format!("{case}: {name} has found {found}, and another one {first}").into());
                }
            }
            values.push(median(of_case.iter().map(|figure| figure.value).collect()));
        }
        rows.push(Row { case, values });
    }
    Ok(Measured { group, rows })
}

/// Whether two sums are the same but for the order of their parts.
fn agree(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// The middle one, if there is one.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Runs one contender in a process of its own.
fn process(name: &str, plan: &Plan) -> Result<Vec<Figure>, Failure> {
    let Scale { count, sizes, turns, quick } = &plan.scale;
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(format!("--contender={name}"));
    command.arg(format!("--dir={}", plan.dir.display()));
    command.arg(format!("--entities={count}")).arg(format!("--turns={turns}"));
    command.arg(format!("--sizes={}", sizes.join(",")));
    if *quick {
        command.arg("--quick");
    }
    command.args(plan.only.iter().map(|only| format!("--only={only}")));
    let done = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !done.status.success() {
        return Err(format!("the process of {name} has failed: {}", done.status).into());
    }
    Ok(read(&String::from_utf8(done.stdout)?))
}

#[cfg(test)]
mod tests {
    use super::{agree, find, median};
    use crate::cases::groups;

    #[test]
    fn every_contender_is_found_by_its_name() {
        for group in groups() {
            for contender in &group.contenders {
                let found = find(groups(), &format!("{}/{}", group.key, contender.name));
                assert_eq!(found.map(|found| found.name), Some(contender.name));
            }
        }
        assert!(find(groups(), "entities/nobody").is_none());
    }

    #[test]
    fn sums_in_another_order_agree_and_others_do_not() {
        assert!(agree(1e12, 1e12 + 0.1));
        assert!(agree(0.0, 0.0));
        assert!(!agree(1000.0, 1001.0));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }
}
