use ecsdb::Component;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Component)]
struct Everything {
    size: usize,
    difference: isize,
    text: String,
    list: Vec<u32>,
    boxed: Box<u32>,
    shared: Rc<u32>,
    shared_between_threads: Arc<u32>,
    map: HashMap<u32, u32>,
    set: BTreeSet<u32>,
    letter: char,
    cell: Cell<u32>,
    ref_cell: RefCell<u32>,
    mutex: Mutex<u32>,
    atomic: AtomicU32,
    duration: Duration,
    instant: Instant,
    marker: PhantomData<u32>,
    optional: Option<f32>,
    reference: &'static str,
    pointer: *const u8,
    function: fn(u32) -> u32,
    object: Box<dyn Send>,
    tuple: (u32, u32),
    unit: (),
    slices: [&'static [u8]; 3],
    sizes: [[usize; 2]; 3],
    full_path: std::string::String,

    fine: u32,
}

fn main() {}
