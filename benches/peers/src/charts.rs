//! The report as pictures: bars for cases, lines for what grows, as SVG.
//!
//! Owns which cases are shown together. It draws what was measured, and leaves out charts without figures.

use std::fs;
use std::path::Path;

use ecsdb_benches::report::{rate, time};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::Failure;
use crate::cases::shared::company;
use crate::cases::{Unit, growth};
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
    RGBColor(120, 120, 120),
];

/// Pixels.
const SIZE: (u32, u32) = (900, 420);

fn bars(file: &'static str, title: &'static str, group: &'static str, is_logarithmic: bool, cases: &[&str]) -> Chart {
    let cases = cases.iter().enumerate().map(|(at, case)| ((*case).to_owned(), at as f64, (*case).to_owned()));
    Chart { file, title, unit: Unit::Time, is_logarithmic, across: None, cases: cases.collect(), group }
}

fn lines(
    file: &'static str,
    title: &'static str,
    group: &'static str,
    (across, unit): (&'static str, Unit),
    cases: impl Iterator<Item = (usize, String)>,
) -> Chart {
    let cases = cases.map(|(at, key)| (growth::short(at), at as f64, key));
    Chart { file, title, unit, is_logarithmic: true, across: Some(across), cases: cases.collect(), group }
}

/// All charts.
fn charts(plan: &Plan) -> Vec<Chart> {
    let sizes = |key: &'static str| plan.scale.sizes.iter().map(move |size| (*size, format!("{key}, {size} entities")));
    let readers = |key: &'static str| {
        [0, 1, 2, 4, 8].map(|readers| (readers, format!("{key}, {}", company((readers, 0))))).into_iter()
    };
    let held = (0..5).map(|held| (held, format!("writer, {}", company((1, held)))));
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
    vec![
        bars("iteration.svg", "Iteration, time an entity", "entities", false, &walks),
        bars("handles.svg", "One entity after the other, time an entity", "entities", false, &handles),
        bars("changes.svg", "Components and entities that come and go, time an entity", "entities", true, &changes),
        lines(
            "growth-scan.svg",
            "Sum over one component, time an entity",
            "growth",
            ("entities", Unit::Time),
            sizes("scan"),
        ),
        lines("growth-get.svg", "A component of an entity at random", "growth", ("entities", Unit::Time), sizes("get")),
        lines(
            "growth-kinds.svg",
            "Sum over one component, time an entity",
            "growth",
            ("kinds of entities", Unit::Time),
            kinds,
        ),
        bars("commits.svg", "Commits, time a row", "stores", true, &commits),
        lines(
            "writer.svg",
            "Commit of one row, processor time of the writer",
            "shared",
            ("readers", Unit::Time),
            readers("writer"),
        ),
        lines("held.svg", "The same with one reader", "shared", ("versions held", Unit::Time), held),
        lines(
            "reads.svg",
            "Rows read beside the writer, all readers together",
            "shared",
            ("readers", Unit::Rate),
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
            picture(&area, &chart, &series, 0.0..most * 1.05)?;
        }
        area.present()?;
        drawn.push((chart.file.to_owned(), chart.title.to_owned()));
    }
    Ok(drawn)
}

/// For each contender where its figures stand, and what they are.
fn series(chart: &Chart, measured: &Measured) -> Vec<(&'static str, Vec<(f64, f64)>)> {
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

fn picture<Y>(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    chart: &Chart,
    series: &[(&'static str, Vec<(f64, f64)>)],
    y: impl plotters::coord::ranged1d::AsRangedCoord<CoordDescType = Y, Value = f64>,
) -> Result<(), Failure>
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let failed = |error: DrawingAreaErrorKind<std::io::Error>| -> Failure { error.to_string().into() };
    let count = chart.cases.len() as f64;
    let mut context = ChartBuilder::on(area)
        .caption(chart.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(56)
        .y_label_area_size(72)
        .build_cartesian_2d(-0.5..count - 0.5, y)
        .map_err(failed)?;
    let label = |value: &f64| if chart.unit == Unit::Rate { rate(1.0 / value) } else { time(*value) };
    let mut mesh = context.configure_mesh();
    mesh.disable_x_mesh().x_labels(0).y_label_formatter(&label).light_line_style(WHITE).draw().map_err(failed)?;
    let each = 0.84 / series.len() as f64;
    for (index, (name, points)) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let drawn = if chart.across.is_some() {
            let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3);
            context.draw_series(line).map_err(failed)?
        } else {
            let bar = |(at, value): &(f64, f64)| {
                let left = at - 0.42 + index as f64 * each;
                Rectangle::new([(left, lowest(&context)), (left + each * 0.92, *value)], colour.filled())
            };
            let bars: Vec<_> = points.iter().map(bar).collect();
            context.draw_series(bars).map_err(failed)?
        };
        drawn.label(*name).legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
    }
    let mut legend = context.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).draw().map_err(failed)?;
    labels(area, chart, &context).map_err(failed)
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
    if let Some(across) = chart.across {
        area.draw(&Text::new(across, (SIZE.0 as i32 / 2, SIZE.1 as i32 - 24), style))?;
    }
    Ok(())
}
