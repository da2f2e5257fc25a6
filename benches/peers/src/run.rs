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
    /// The least and the most of the processes, in the same order, if they are far from each other: [`APART`].
    pub apart: Vec<Option<[f64; 2]>>,
}

/// How many times the least of the processes the most is, if the reader is to know of it.
pub const APART: f64 = 1.5;

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
        for (name, figures) in names.iter().zip(figures) {
            let of_case: Vec<&Figure> = figures.iter().filter(|figure| figure.case == case.key).collect();
            for Figure { found, .. } in &of_case {
                let (other, expected) = *first.get_or_insert((name, found));
                if !agree(expected, found) {
                    let case = &case.key;
                    return Err(format!("{case}: {name} has found {found:?}, and {other} {expected:?}").into());
                }
            }
            let mut of_processes: Vec<f64> = of_case.iter().map(|figure| figure.value).collect();
            of_processes.sort_by(f64::total_cmp);
            values.push(median(&of_processes));
            apart.push(far_apart(&of_processes));
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

/// The middle one of those that are sorted, or what lies between the two in the middle; if there is one.
fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(lower.midpoint(upper))
}

/// The first and the last of those that are sorted, if they are far from each other.
fn far_apart(sorted: &[f64]) -> Option<[f64; 2]> {
    let (least, most) = (*sorted.first()?, *sorted.last()?);
    // Bytes above a payload may be none, or less.
    (least > 0.0 && most > APART * least).then_some([least, most])
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
    use super::{agree, far_apart, find, median, rows};
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
    }

    #[test]
    fn the_median_of_two_is_neither_and_what_lies_far_apart_is_known() {
        assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
        assert_eq!(median(&[]), None);
        assert_eq!(far_apart(&[1.0, 1.2, 1.4]), None);
        assert_eq!(far_apart(&[1.0, 1.2, 1.6]), Some([1.0, 1.6]));
        assert_eq!(far_apart(&[-1.0, 1.0]), None);
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
