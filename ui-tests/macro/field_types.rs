//! Types that cannot be stored, each with what to write instead. Passing twin: `pass/values.rs`.

use ecsdb::{Component, Field};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, LinkedList};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[derive(Component)]
struct Everything {
    boxed: Box<u32>,
    text: Box<str>,
    elements: Box<[u32]>,
    object: Box<dyn Send>,
    shared: Rc<u32>,
    shared_between_threads: Arc<u32>,
    shared_text: Arc<str>,
    shared_elements: Rc<[u32]>,
    shared_object: Arc<dyn Send>,
    map: HashMap<u32, u32>,
    set: BTreeSet<u32>,
    chain: LinkedList<u32>,
    path: PathBuf,
    borrowed: Cow<'static, [u8]>,
    cell: Cell<u32>,
    ref_cell: RefCell<u32>,
    mutex: Mutex<u32>,
    atomic: AtomicU32,
    atomic_flag: AtomicBool,
    instant: Instant,
    reference: &'static u32,
    text_reference: &'static str,
    list_reference: &'static [u32],
    pointer: *const u8,
    function: fn(u32) -> u32,
    slices: [&'static [u8]; 3],
    full_path: std::boxed::Box<u8>,
    optional: Option<Box<u32>>,
    list: Vec<HashMap<u8, u8>>,
    tuple: (u32, Rc<u32>),
    deep: [Option<Vec<(u8, Cell<u8>)>>; 2],

    fine: Option<Vec<(u32, String)>>,
}

/// What is converted may be anything, not what it becomes.
#[derive(Component)]
struct Converted {
    #[component(as = Box<u32>)]
    a: HashMap<u8, u8>,
}

#[derive(Field)]
struct Value(Box<u32>, Vec<Rc<u8>>);

#[derive(Component, Field)]
enum State {
    Idle,
    Waiting(Instant),
    Talking { to: Arc<str>, about: &'static str },
}

fn main() {}
