//! What has no fixed form in memory cannot stand in a native row. Passing twin: `pass/layouts.rs`.

use ecsdb::{Component, Field};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Component)]
#[repr(C)]
struct Own {
    size: usize,
    difference: isize,
    text: String,
    maker: Cow<'static, str>,
    list: Vec<u32>,
    queue: VecDeque<u32>,
    duration: Duration,
    range: std::ops::Range<u32>,
    number: Option<u32>,
    flag: Option<bool>,
    float: Option<f32>,
    tuple: (u32, u32),
    sizes: [[usize; 2]; 3],
    boxed: Box<u8>,

    letter: char,
    fine: u32,
}

#[derive(Field)]
#[repr(C)]
struct Value {
    text: String,
    number: u32,
}

#[derive(Component)]
#[repr(transparent)]
struct Name(String);

#[derive(Component)]
#[repr(C)]
struct Converted {
    #[component(as = u32)]
    letter: char,
}

fn main() {}
