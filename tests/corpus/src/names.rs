//! What the names in types mean: types of the language, of the file of shapes, of other crates, or nobody's.
//!
//! Owns the order in which a name is looked for. How a found shape is written down is told by `module`.

use std::collections::HashMap;

use crate::shapes::{Corpus, Kind, Shape};
use crate::text::Path;

/// All shapes by name.
pub struct Index<'c> {
    /// Support types before components, in the order of the file.
    by_name: HashMap<&'c str, Vec<&'c Shape>>,
}

/// What a path to a type means.
pub enum Meaning<'c> {
    /// The text is this.
    Known(String),
    /// A shape of the file.
    Shape(&'c Shape),
    /// A type of another crate, which has a stand-in: its declaration.
    StandIn(String),
    /// A type of another crate that is stored as one of the language.
    Instead(String),
    /// A type that cannot mean anything in a saved row.
    ProcessBound,
    /// A name that nobody knows.
    Unknown,
}

impl<'c> Index<'c> {
    /// Of all shapes of the file.
    pub fn new(corpus: &'c Corpus) -> Self {
        let mut by_name: HashMap<&str, Vec<&Shape>> = HashMap::new();
        for shape in corpus.support_types.iter().chain(&corpus.components) {
            by_name.entry(&shape.name).or_default().push(shape);
        }
        Self { by_name }
    }

    /// What `path` means in a type that `owner` has.
    pub fn look_up(&self, path: &Path, owner: &'c Shape) -> Meaning<'c> {
        let name = path.name();
        if let Some(text) = of_the_language(path) {
            return Meaning::Known(text);
        }
        if path.segments.len() == 1 && name == owner.name && owner.sort() != Kind::Alias {
            return Meaning::Shape(owner);
        }
        let shapes = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        if let Some(shape) = shapes.iter().find(|shape| shape.repo == owner.repo) {
            return Meaning::Shape(shape);
        }
        let types = path.types();
        if let Some(text) = of_the_standard_library(path).or_else(|| crate::foreign::glam(path)) {
            return Meaning::Known(text);
        }
        if let Some(text) = crate::foreign::instead(name, &types) {
            return Meaning::Instead(text);
        }
        if let Some(declaration) = crate::foreign::stand_in(name, &types) {
            return Meaning::StandIn(declaration);
        }
        if crate::foreign::is_process_bound(name) {
            return Meaning::ProcessBound;
        }
        match shapes.iter().find(|shape| shape.class.is_empty()) {
            Some(shape) => Meaning::Shape(shape),
            None => Meaning::Unknown,
        }
    }
}

/// Names that mean the same everywhere.
fn of_the_language(path: &Path) -> Option<String> {
    const PRIMITIVES: &[&str] = &[
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64", "bool",
        "char", "str", "Self",
    ];
    if let [first, .., last] = &*path.segments
        && matches!(first.as_str(), "std" | "core" | "alloc")
    {
        let is_ours = PRIMITIVES.contains(&last.as_str());
        return Some(if is_ours {
            last.clone()
        } else {
            format!("::{}{}", path.segments.join("::"), path.in_brackets())
        });
    }
    let [name] = &*path.segments else { return None };
    let prelude = match name.as_str() {
        name if PRIMITIVES.contains(&name) => return Some(name.to_owned()),
        "Option" => "::core::option::Option",
        "Vec" => "::std::vec::Vec",
        "String" => "::std::string::String",
        "Box" => "::std::boxed::Box",
        _ => return None,
    };
    Some(format!("{prelude}{}", path.in_brackets()))
}

/// Names that mean types of the standard library, or entities, unless the game has types of these names.
fn of_the_standard_library(path: &Path) -> Option<String> {
    let text = match path.name() {
        "Entity" | "EcsEntity" => return Some("::ecsdb::Entity".to_owned()),
        "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" | "VecDeque" | "BinaryHeap" | "LinkedList" => {
            format!("::std::collections::{}", path.name())
        }
        "Range" | "RangeInclusive" | "Bound" => format!("::core::ops::{}", path.name()),
        "Duration" | "Instant" | "SystemTime" => format!("::std::time::{}", path.name()),
        "Arc" | "Mutex" | "RwLock" | "OnceLock" => format!("::std::sync::{}", path.name()),
        "Rc" => "::std::rc::Rc".to_owned(),
        "Weak" => "::std::sync::Weak".to_owned(),
        "Cell" | "RefCell" | "UnsafeCell" | "OnceCell" => format!("::core::cell::{}", path.name()),
        "Cow" => "::std::borrow::Cow".to_owned(),
        "PhantomData" => "::core::marker::PhantomData".to_owned(),
        "PathBuf" => "::std::path::PathBuf".to_owned(),
        "OsString" => "::std::ffi::OsString".to_owned(),
        "Ordering" => "::core::cmp::Ordering".to_owned(),
        "Reverse" => "::core::cmp::Reverse".to_owned(),
        "Wrapping" | "Saturating" | "NonZero" => format!("::core::num::{}", path.name()),
        "TypeId" => "::core::any::TypeId".to_owned(),
        "Result" if path.arguments.len() == 2 => "::core::result::Result".to_owned(),
        "SocketAddr" | "IpAddr" | "Ipv4Addr" | "Ipv6Addr" => format!("::std::net::{}", path.name()),
        name if name.starts_with("NonZeroU") || name.starts_with("NonZeroI") => format!("::core::num::{name}"),
        name if is_atomic(name) => format!("::core::sync::atomic::{name}"),
        _ => return None,
    };
    Some(format!("{text}{}", path.in_brackets()))
}

fn is_atomic(name: &str) -> bool {
    let of = name.strip_prefix("Atomic").unwrap_or_default();
    matches!(of, "Bool" | "U8" | "U16" | "U32" | "U64" | "Usize" | "I8" | "I16" | "I32" | "I64" | "Isize" | "Ptr")
}
