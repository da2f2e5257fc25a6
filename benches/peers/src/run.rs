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
use crate::sheet::{Figure, Found, Scale, read};

/// What is run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How much is measured.
    pub scale: Scale,
    /// Only cases with this in their names.
    pub only: Option<String>,
    /// Where files of stores lie.
    pub dir: PathBuf,
    /// Processes for each contender.
    pub passes: usize,
}

/// A case and what it took: the median of processes for each contender, if it was measured.
#[derive(Clone, Debug)]
pub struct Row {
    /// The case.
    pub case: Case,
    /// In the order of the contenders.
    pub values: Vec<Option<f64>>,
    /// What each process of a contender has measured, where they are further apart than [`NEAR`]: the number of the contender first.
    pub apart: Vec<(usize, Vec<f64>)>,
}

/// By how much the processes of a contender may differ before that is worth a note.
pub const NEAR: f64 = 1.5;

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
    let passes = plan.passes;
    for pass in 0..if cases.is_empty() { 0 } else { passes } {
        for turn in 0..group.contenders.len() {
            // Who comes first changes.
            let index = if pass % 2 == 0 { turn } else { group.contenders.len() - 1 - turn };
            let name = name(&group, &group.contenders[index]);
            writeln!(progress, "{name}, {} of {passes}", pass + 1)?;
            figures[index].extend(process(&name, plan)?);
        }
    }
    let names: Vec<&str> = group.contenders.iter().map(|contender| contender.name).collect();
    let rows = rows(cases, &names, &figures)?;
    Ok(Measured { group, rows })
}

/// Puts the figures of contenders side by side.
///
/// # Errors
/// If they have not found the same.
pub fn rows(cases: Vec<Case>, names: &[&str], figures: &[Vec<Figure>]) -> Result<Vec<Row>, Failure> {
    let row = |case: Case| {
        let mut first: Option<(&str, &Found)> = None;
        let (mut values, mut apart) = (Vec::new(), Vec::new());
        for (index, (name, figures)) in names.iter().zip(figures).enumerate() {
            let of_case: Vec<&Figure> = figures.iter().filter(|figure| figure.case == case.key).collect();
            for Figure { found, .. } in &of_case {
                let (other, expected) = *first.get_or_insert((name, found));
                if !agree(expected, found) {
                    let case = &case.key;
                    return Err(format!("{case}: {name} has found {found:?}, and {other} {expected:?}").into());
                }
            }
            let processes: Vec<f64> = of_case.iter().map(|figure| figure.value).collect();
            values.push(median(processes.clone()));
            if are_apart(&processes) {
                apart.push((index, processes));
            }
        }
        Ok(Row { case, values, apart })
    };
    cases.into_iter().map(row).collect()
}

/// Whether sums are the same but for the order of their parts.
fn agree(Found(a): &Found, Found(b): &Found) -> bool {
    let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// Whether the largest is more than [`NEAR`] of the least.
fn are_apart(values: &[f64]) -> bool {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    values.iter().any(|value| *value > NEAR * least)
}

/// The middle one, or what lies between the two in the middle; if there is one.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    Some(values[(values.len() - 1) / 2].midpoint(upper))
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
    use super::{agree, are_apart, find, median, rows};
    use crate::cases::{Case, Unit, groups};
    use crate::sheet::{Figure, Found};

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
        let same = |a: f64, b: f64| agree(&[5.0, a].into(), &[5.0, b].into());
        assert!(same(1e12, 1e12 + 0.1));
        assert!(same(0.0, 0.0));
        assert!(!same(1000.0, 1001.0));
        assert!(!agree(&().into(), &1.0.into()), "to find nothing is not the same as not to look");
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![2.0, 1.0]), Some(1.5), "of two neither");
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn processes_that_differ_by_much_are_noted() {
        assert!(!are_apart(&[]) && !are_apart(&[2.0]) && !are_apart(&[2.0, 3.0]));
        assert!(are_apart(&[25.0, 0.7]) && are_apart(&[0.7, 0.7, 25.0]));
        let figure = |value: f64| Figure { case: "scan".to_owned(), value, found: 1.0.into() };
        let both = |a: f64, b: f64| vec![figure(a), figure(b)];
        let cases = vec![Case::new("scan", "scan", Unit::Time)];
        let rows = rows(cases, &["one", "two"], &[both(1.0, 1.1), both(0.7, 25.0)]).unwrap();
        assert_eq!(rows[0].apart, [(1, vec![0.7, 25.0])]);
    }

    #[test]
    fn who_has_found_something_else_is_named() {
        let figures = |found: Found| vec![Figure { case: "scan".to_owned(), value: 1.0, found }];
        let cases = || vec![Case::new("scan", "scan", Unit::Time)];
        let together = |found: Found| rows(cases(), &["one", "two"], &[figures(1.0.into()), figures(found)]);
        assert_eq!(together(1.0.into()).unwrap()[0].values, [Some(1.0), Some(1.0)]);
        let error = together(2.0.into()).unwrap_err().to_string();
        assert!(error.starts_with("scan: two has found"), "{error}");
    }
}
