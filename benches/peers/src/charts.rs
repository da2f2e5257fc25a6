//! The report as pictures: bars for cases, lines for what grows, as SVG.
//!
//! Owns which cases are shown together, and how they look. It draws what was measured, and leaves out charts without figures. Axes,
//! grids and legends are drawn here: the legend has a place of its own beside the picture, so that it hides nothing.

use std::fs;
use std::path::Path;

use ecsdb_benches::report::{rate, time};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::Failure;
use crate::cases::shared::company;
use crate::cases::tables::{TABLES, of_tables};
use crate::cases::{Unit, growth};
use crate::contenders::entities::{Entities, Raw};
use crate::contenders::is_ecsdb;
use crate::run::{Measured, Plan};

/// What a chart shows.
struct Chart {
    file: &'static str,
    title: &'static str,
    unit: Unit,
    /// Whether a step is a factor.
    is_logarithmic: bool,
    /// What stands below the axis, if it is one of numbers.
    across: Option<&'static str>,
    /// Labels, where they stand on an axis of numbers, and the keys of their cases.
    cases: Vec<(String, f64, String)>,
    group: &'static str,
}

/// The colours of contenders, in the order in which they stand in tables. ecsdb's comes first.
const COLOURS: [RGBColor; 6] = [
    RGBColor(200, 30, 30),
    RGBColor(40, 90, 180),
    RGBColor(60, 150, 70),
    RGBColor(230, 150, 30),
    RGBColor(130, 80, 170),
    RGBColor(90, 60, 40),
];

/// The colour of ecsdb as it is used like the others, which comes second where it is there.
const PALE: RGBColor = RGBColor(235, 140, 140);

/// The colour of the limit, which is nobody's.
const GREY: RGBColor = RGBColor(150, 150, 150);

/// Pixels.
const SIZE: (u32, u32) = (960, 420);

/// Pixels beside the picture, for the legend.
const LEGEND: u32 = 130;

/// Figures of a contender: where they stand, and what they are.
type Points = Vec<(f64, f64)>;

fn bars(file: &'static str, title: &'static str, group: &'static str, is_logarithmic: bool, cases: &[&str]) -> Chart {
    let cases = cases.iter().enumerate().map(|(at, case)| ((*case).to_owned(), at as f64, (*case).to_owned()));
    Chart { file, title, unit: Unit::Time, is_logarithmic, across: None, cases: cases.collect(), group }
}

fn lines(
    file: &'static str,
    title: &'static str,
    group: &'static str,
    (across, unit, is_logarithmic): (&'static str, Unit, bool),
    cases: impl Iterator<Item = (usize, String)>,
) -> Chart {
    let cases = cases.map(|(at, key)| (growth::short(at), at as f64, key));
    Chart { file, title, unit, is_logarithmic, across: Some(across), cases: cases.collect(), group }
}

/// All charts.
fn charts(plan: &Plan) -> Vec<Chart> {
    let sizes = |key: &'static str| plan.scale.sizes.iter().map(move |size| (*size, format!("{key}, {size} entities")));
    let readers = |key: &'static str| {
        [0, 1, 2, 4, 8].map(|readers| (readers, format!("{key}, {}", company((readers, 0))))).into_iter()
    };
    let held = (0..5).map(|held| (held, format!("writer, {}", company((2, held)))));
    let walks =
        ["scan", "join of two", "join of three", "scan, churned", "join of two, churned", "scan, fragmented", "step"];
    let handles = ["get in order", "get at random", "get plainly", "get at random, churned", "set"];
    let changes = ["add and remove", "add and remove, declared", "spawn many", "spawn each", "despawn"];
    let commits = [
        "durable, one row",
        "durable, one row, 64 threads",
        "durable, 1,000 rows",
        "visible, one row",
        "visible, one row, queued",
        "visible, 1,000 rows",
    ];
    let kinds = growth::kinds().map(|kinds| (kinds, format!("scan, {kinds} kinds")));
    let tables = |key: &'static str| TABLES.map(|tables| (tables, format!("{key}, {}", of_tables(tables)))).into_iter();
    let (linear, by_factors) = (false, true);
    vec![
        bars("iteration.svg", "Iteration, time an entity", "entities", linear, &walks),
        bars("handles.svg", "One entity after the other, time an entity", "entities", by_factors, &handles),
        bars(
            "changes.svg",
            "Components and entities that come and go, time an entity",
            "entities",
            by_factors,
            &changes,
        ),
        lines(
            "growth-scan.svg",
            "Sum over one component, time an entity",
            "growth",
            ("entities", Unit::Time, linear),
            sizes("scan"),
        ),
        lines(
            "growth-get.svg",
            "A component of an entity at random, time an entity",
            "growth",
            ("entities", Unit::Time, by_factors),
            sizes("get"),
        ),
        lines(
            "growth-kinds.svg",
            "Sum over one component, time an entity",
            "growth",
            ("kinds of entities", Unit::Time, linear),
            kinds,
        ),
        lines(
            "tables-set.svg",
            "Change of one row of a table among others; ecsdb publishes a version for each",
            "tables",
            ("tables with rows", Unit::Time, by_factors),
            tables("set"),
        ),
        bars("commits.svg", "Commits, time a row", "stores", by_factors, &commits),
        lines(
            "writer.svg",
            "Commit of one row, processor time of the writer",
            "shared",
            ("readers", Unit::Time, by_factors),
            readers("writer"),
        ),
        lines(
            "held.svg",
            "Commit of one row beside 2 readers, processor time of the writer",
            "shared",
            ("versions held", Unit::Time, by_factors),
            held,
        ),
        lines(
            "reads.svg",
            "Rows read beside the writer, all readers together",
            "shared",
            ("readers", Unit::Rate, linear),
            readers("reads").skip(1),
        ),
    ]
}

/// Draws all charts that have figures into the directory `dir`. Their files and titles.
///
/// # Errors
/// If a file cannot be written.
pub fn draw(dir: &Path, plan: &Plan, all: &[Measured]) -> Result<Vec<(String, String)>, Failure> {
    fs::create_dir_all(dir)?;
    let mut drawn = Vec::new();
    for chart in charts(plan) {
        let Some(measured) = all.iter().find(|measured| measured.group.key == chart.group) else { continue };
        let series = series(&chart, measured);
        let values: Vec<f64> = series.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| *value)).collect();
        if values.is_empty() {
            continue;
        }
        let (least, most) =
            values.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(*value), most.max(*value)));
        let path = dir.join(chart.file);
        let area = SVGBackend::new(&path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        if chart.is_logarithmic {
            picture(&area, &chart, &series, (least * 0.7..most * 1.4).log_scale())?;
        } else {
            picture(&area, &chart, &series, 0.0..most * 1.1)?;
        }
        area.present()?;
        drawn.push((chart.file.to_owned(), chart.title.to_owned()));
    }
    Ok(drawn)
}

/// For each contender where its figures stand, and what they are.
fn series(chart: &Chart, measured: &Measured) -> Vec<(&'static str, Points)> {
    let shown = |value: f64| if chart.unit == Unit::Rate { 1.0 / value } else { value };
    let of = |index: usize| {
        let point = |(at, (_, _, key)): (usize, &(String, f64, String))| {
            let value = (*measured.row(key)?.values.get(index)?)?;
            Some((at as f64, shown(value)))
        };
        chart.cases.iter().enumerate().filter_map(point).filter(|(_, value)| *value > 0.0).collect()
    };
    measured.group.contenders.iter().enumerate().map(|(index, contender)| (contender.name, of(index))).collect()
}

/// The colour of a contender.
fn colour(index: usize, name: &str) -> RGBColor {
    match name {
        Raw::NAME => GREY,
        _ if index > 0 && is_ecsdb(name) => PALE,
        _ => COLOURS[index % COLOURS.len()],
    }
}

/// Where lines are drawn across: 1, 2 and 5 and their tenfolds, or, if `is_logarithmic` and there were too many, tenfolds of 1.
fn ticks(least: f64, most: f64, is_logarithmic: bool) -> Vec<f64> {
    let powers = |from: f64| (from.log10().floor() as i32..=most.log10().ceil() as i32).map(|power| 10_f64.powi(power));
    let fine = |from: f64| powers(from).flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * power));
    let within = |tick: &f64| (least..=most).contains(tick);
    if !is_logarithmic {
        let step = fine(most / 100.0).find(|step| most / step <= 8.0).unwrap_or(most);
        return (0..=8).map(|number| f64::from(number) * step).filter(within).collect();
    }
    let all: Vec<f64> = fine(least).filter(within).collect();
    if all.len() <= 8 { all } else { powers(least).filter(within).collect() }
}

fn picture<Y>(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    chart: &Chart,
    series: &[(&'static str, Points)],
    y: impl plotters::coord::ranged1d::AsRangedCoord<CoordDescType = Y, Value = f64>,
) -> Result<(), Failure>
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let failed = |error: DrawingAreaErrorKind<std::io::Error>| -> Failure { error.to_string().into() };
    let last = chart.cases.len() as f64 - 1.0;
    let mut context = ChartBuilder::on(area)
        .caption(chart.title, ("sans-serif", 18))
        .margin(12)
        .margin_right(LEGEND)
        .x_label_area_size(56)
        .y_label_area_size(72)
        .build_cartesian_2d(-0.5..last + 0.5, y)
        .map_err(failed)?;
    // The lines of the axes alone: a logarithmic one cannot be told to have no label at all.
    let nothing = |_: &f64| String::new();
    let mut axes = context.configure_mesh();
    axes.disable_mesh().x_labels(0).y_labels(0).y_label_formatter(&nothing).set_all_tick_mark_size(0);
    axes.draw().map_err(failed)?;
    grid(area, chart, &context).map_err(failed)?;
    let shown: Vec<(usize, &(&str, Points))> =
        series.iter().enumerate().filter(|(_, (_, points))| !points.is_empty()).collect();
    let each = 0.84 / shown.len() as f64;
    // ecsdb comes last, so that nobody's line hides its own.
    for (place, (index, (name, points))) in shown.iter().enumerate().rev() {
        let colour = colour(*index, name);
        if chart.across.is_some() {
            let width = if *index == 0 { 4 } else { 2 };
            context.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(width))).map_err(failed)?;
            let dots = points.iter().map(|point| Circle::new(*point, width + 1, colour.filled()));
            context.draw_series(dots).map_err(failed)?;
        } else {
            let bar = |(at, value): &(f64, f64)| {
                let left = at - 0.42 + place as f64 * each;
                Rectangle::new([(left, lowest(&context)), (left + each * 0.92, *value)], colour.filled())
            };
            let bars: Vec<_> = points.iter().map(bar).collect();
            context.draw_series(bars).map_err(failed)?;
        }
    }
    legend(area, &shown).map_err(failed)?;
    labels(area, chart, &context).map_err(failed)
}

/// Lines across, and what they mean.
fn grid<Y: Ranged<ValueType = f64>>(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    chart: &Chart,
    context: &Context<'_, Y>,
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    let style = TextStyle::from(("sans-serif", 12)).pos(Pos::new(HPos::Right, VPos::Center));
    let (across, up) = (context.x_range(), context.y_range());
    for tick in ticks(up.start, up.end, chart.is_logarithmic) {
        let ends = [across.start, across.end].map(|x| context.backend_coord(&(x, tick)));
        area.draw(&PathElement::new(ends, RGBColor(215, 215, 215)))?;
        let text = match chart.unit {
            _ if tick == 0.0 => "0".to_owned(),
            Unit::Rate => rate(1.0 / tick),
            _ => time(tick),
        };
        area.draw(&Text::new(text, (ends[0].0 - 8, ends[0].1), style.clone()))?;
    }
    Ok(())
}

/// Who has which colour, beside the picture.
fn legend(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    shown: &[(usize, &(&'static str, Points))],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let left = (SIZE.0 - LEGEND) as i32 + 8;
    for (place, (index, (name, _))) in (0..).zip(shown) {
        let top = 56 + 20 * place;
        area.draw(&Rectangle::new([(left, top), (left + 12, top + 12)], colour(*index, name).filled()))?;
        let weight = if *index == 0 { FontStyle::Bold } else { FontStyle::Normal };
        area.draw(&Text::new(*name, (left + 18, top), TextStyle::from(("sans-serif", 13, weight))))?;
    }
    Ok(())
}

/// The lower end of the axis.
fn lowest<Y: Ranged<ValueType = f64>>(context: &Context<'_, Y>) -> f64 {
    context.y_range().start
}

type Context<'a, Y> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, Y>>;

/// What stands below the axis, in two lines if it is long.
fn labels<Y: Ranged<ValueType = f64>>(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    chart: &Chart,
    context: &Context<'_, Y>,
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    let style = TextStyle::from(("sans-serif", 12)).pos(Pos::new(HPos::Center, VPos::Top));
    for (at, (text, ..)) in chart.cases.iter().enumerate() {
        let (x, y) = context.backend_coord(&(at as f64, lowest(context)));
        for (line, part) in (0..).zip(text.splitn(2, ", ")) {
            area.draw(&Text::new(part.to_owned(), (x, y + 8 + 15 * line), style.clone()))?;
        }
    }
    let scale = if chart.is_logarithmic { "scale: logarithmic" } else { "" };
    let below =
        [chart.across.unwrap_or_default(), scale].map(str::to_owned).into_iter().filter(|text| !text.is_empty());
    let middle = context.backend_coord(&((chart.cases.len() as f64 - 1.0) / 2.0, lowest(context))).0;
    area.draw(&Text::new(below.collect::<Vec<_>>().join("; "), (middle, SIZE.1 as i32 - 24), style))
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn there_are_some_lines_across_and_not_too_many() {
        let seconds = |nanoseconds: [f64; 4]| nanoseconds.map(|each| each * 1e-9);
        for most in seconds([0.7, 8.4, 99.0, 2e6]) {
            for least in [0.0, most / 3.0, most / 40.0, most / 2e5] {
                let found = ticks(least, most, least > 0.0);
                assert!((1..=9).contains(&found.len()), "{} lines from {least} to {most}", found.len());
                assert!(found.iter().all(|tick| (least..=most).contains(tick)));
            }
        }
    }
}
