//! `cargo run --release -p ecsdb-examples --bin ticks -- --rate 60`: how well a loop keeps its beat on this machine, with a
//! world of moving things and a thread that writes beside it.

#![expect(clippy::print_stdout, reason = "a program for people to look at")]

use std::error::Error;
use std::time::{Duration, Instant};

use clap::Parser;
use ecsdb::stats::Percentiles;
use ecsdb::{Component, Db, TickLoop};

#[derive(Component)]
#[repr(C)]
struct Pos {
    x: f32,
    y: f32,
}

#[derive(Component)]
#[repr(C)]
struct Vel {
    x: f32,
    y: f32,
}

ecsdb::schema! { World: Pos, Vel }

/// Plays a loop, and tells how well it has kept its beat.
#[derive(Parser)]
struct Options {
    /// Ticks in a second.
    #[arg(long, default_value_t = 60)]
    rate: u32,
    /// Things that move.
    #[arg(long, default_value_t = 100_000)]
    entities: u32,
    /// How long, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let db = Db::<World>::in_memory()?;
    let count = options.entities;
    let things = db.write(move |tx| {
        Ok(tx.spawn_all((0..count).map(|n| (Pos { x: n as f32, y: 0.0 }, Vel { x: 1.0, y: -1.0 })))?)
    })?;

    let ticks = TickLoop::builder(&db, options.rate)
        .handler("move", |tx, tick| {
            let dt = tick.delta.as_secs_f32();
            tx.update_all(move |pos: &mut Pos, vel: &Vel| {
                pos.x += vel.x * dt;
                pos.y += vel.y * dt;
            })?;
            Ok(())
        })
        .start()?;

    // Somebody turns one thing after the other meanwhile.
    let end = Instant::now() + Duration::from_secs(options.seconds.into());
    let mut turned = 0_u64;
    for thing in things.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        db.update(*thing, Vel::C.x.set(-1.0))?;
        turned += 1;
    }

    let stats = ticks.stats();
    println!("rate            {:.3} Hz of {} Hz", stats.rate_hz, options.rate);
    println!(
        "ticks           {}, {} late, {} skipped, {} failed",
        stats.ticks, stats.overruns, stats.skipped, stats.failed
    );
    let row = |name: &str, Percentiles { p50, p90, p99, max, .. }: Percentiles| {
        println!("{name:<16}p50 {p50:?}  p90 {p90:?}  p99 {p99:?}  max {max:?}");
    };
    row("tick", stats.duration);
    row("begun late by", stats.jitter);
    println!("meanwhile       {turned} transactions of another thread");
    Ok(())
}
