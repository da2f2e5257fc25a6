//! The sources as a tree of modules, and what a path means in one of them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use ecsdb::schema::Location;
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Item, ItemConst, ItemEnum, ItemMod, ItemStruct, ItemType, Macro, UseTree};

use super::attrs::{is_for_tests, path_attribute};
use super::error::{SourceError, SourceErrorKind};
use super::glam::Glam;
use crate::Error;

/// How many aliases and imports a name may go through.
const STEPS_MAX: usize = 64;

/// What every module has without an import, and types are made of.
const PRELUDE: [&str; 20] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64", "bool",
    "char", "Option", "String", "Vec", "Box",
];

/// The crate of vectors and matrices.
pub const GLAM: &str = "glam";

/// The field types of `ecsdb`.
const OF_ECSDB: [&str; 3] = ["Entity", "FixedStr", "Ref"];

/// All modules.
pub struct Tree {
    /// What `ecsdb` is called in the sources.
    ecsdb: String,
    /// What each file is called in messages.
    files: Vec<String>,
    modules: Vec<Module>,
}

/// A module, in a file of its own or inside of one.
struct Module {
    file: usize,
    parent: Option<usize>,
    items: HashMap<String, Vec<Entry>>,
    children: HashMap<String, usize>,
    /// Names that are imported, and the paths that they stand for.
    uses: HashMap<String, Vec<String>>,
    /// Paths of which everything is imported.
    globs: Vec<Vec<String>>,
    macros: Vec<Macro>,
    /// The names of structs and enums, in their order.
    types: Vec<String>,
}

/// Something that a path can mean.
pub enum Entry {
    Struct(ItemStruct),
    Enum(ItemEnum),
    Alias(ItemType),
    Const(ItemConst),
}

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The entry with this name in a module.
    Entry(usize, String),
    /// A module.
    Module(usize),
    /// Something in another crate: its path from there.
    Outside(Vec<String>),
}

impl Entry {
    /// The span of its name.
    pub fn span(&self) -> Span {
        match self {
            Self::Struct(item) => item.ident.span(),
            Self::Enum(item) => item.ident.span(),
            Self::Alias(item) => item.ident.span(),
            Self::Const(item) => item.ident.span(),
        }
    }
}

impl Tree {
    pub fn new(ecsdb: &str) -> Self {
        Self { ecsdb: ecsdb.to_owned(), files: Vec::new(), modules: Vec::new() }
    }

    /// Adds a file, and the files of the modules in it. The paths of all files are noted in `read`.
    pub fn add_file(&mut self, path: &Path, read: &mut Vec<PathBuf>) -> Result<(), Error> {
        let text = read_file(path, read)?;
        let directory = directory_of_modules(path);
        self.add(&path.display().to_string(), &text, None, Some((&directory, read))).map(drop)
    }

    /// Adds a text; modules in files of their own are left out.
    pub fn add_text(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.add(name, text, None, None).map(drop)
    }

    fn add(
        &mut self,
        name: &str,
        text: &str,
        parent: Option<usize>,
        directory: Option<(&Path, &mut Vec<PathBuf>)>,
    ) -> Result<usize, Error> {
        let file = self.files.len();
        self.files.push(name.to_owned());
        let parsed = syn::parse_file(text).map_err(|error| {
            let kind = SourceErrorKind::Syntax { message: error.to_string() };
            SourceError { location: location(name, error.span()), kind }
        })?;
        let module = self.new_module(file, parent);
        self.fill(module, parsed.items, directory)?;
        Ok(module)
    }

    fn new_module(&mut self, file: usize, parent: Option<usize>) -> usize {
        self.modules.push(Module {
            file,
            parent,
            items: HashMap::new(),
            children: HashMap::new(),
            uses: HashMap::new(),
            globs: Vec::new(),
            macros: Vec::new(),
            types: Vec::new(),
        });
        self.modules.len() - 1
    }

    fn fill(
        &mut self,
        module: usize,
        items: Vec<Item>,
        mut directory: Option<(&Path, &mut Vec<PathBuf>)>,
    ) -> Result<(), Error> {
        for item in items {
            let entry = match item {
                Item::Mod(item) => {
                    let directory = directory.as_mut().map(|(path, read)| (*path, &mut **read));
                    self.child(module, item, directory)?;
                    continue;
                }
                Item::Use(item) => {
                    let outside = item.leading_colon.is_some().then(String::new);
                    self.note_uses(module, item.tree, outside.into_iter().collect());
                    continue;
                }
                Item::Macro(item) => {
                    self.modules[module].macros.push(item.mac);
                    continue;
                }
                Item::Struct(item) if !is_for_tests(&item.attrs) => Entry::Struct(item),
                Item::Enum(item) if !is_for_tests(&item.attrs) => Entry::Enum(item),
                Item::Type(item) if !is_for_tests(&item.attrs) => Entry::Alias(item),
                Item::Const(item) if !is_for_tests(&item.attrs) => Entry::Const(item),
                _ => continue,
            };
            let (name, is_type) = match &entry {
                Entry::Struct(item) => (item.ident.unraw(), true),
                Entry::Enum(item) => (item.ident.unraw(), true),
                Entry::Alias(item) => (item.ident.unraw(), false),
                Entry::Const(item) => (item.ident.unraw(), false),
            };
            let module = &mut self.modules[module];
            if is_type {
                module.types.push(name.to_string());
            }
            module.items.entry(name.to_string()).or_default().push(entry);
        }
        Ok(())
    }

    /// A module inside of another one.
    fn child(
        &mut self,
        parent: usize,
        item: ItemMod,
        directory: Option<(&Path, &mut Vec<PathBuf>)>,
    ) -> Result<(), Error> {
        if is_for_tests(&item.attrs) {
            return Ok(());
        }
        let name = item.ident.unraw().to_string();
        let child = match (item.content, directory) {
            (Some((_, items)), directory) => {
                let child = self.new_module(self.modules[parent].file, Some(parent));
                let inside = directory.as_ref().map(|(path, _)| path.join(&name));
                let directory = match (&inside, directory) {
                    (Some(inside), Some((_, read))) => Some((inside.as_path(), read)),
                    _ => None,
                };
                self.fill(child, items, directory)?;
                child
            }
            (None, Some((path, read))) => {
                let file = self.module_file(parent, &item.attrs, &name, path, item.ident.span())?;
                let text = read_file(&file, read)?;
                let inside = directory_of_modules(&file);
                self.add(&file.display().to_string(), &text, Some(parent), Some((&inside, read)))?
            }
            (None, None) => return Ok(()),
        };
        self.modules[parent].children.insert(name, child);
        Ok(())
    }

    /// The file of a module that is declared in `parent`, whose modules lie in `directory`.
    fn module_file(
        &self,
        parent: usize,
        attrs: &[Attribute],
        name: &str,
        directory: &Path,
        span: Span,
    ) -> Result<PathBuf, Error> {
        let looked = match path_attribute(attrs) {
            Some(path) => {
                // It counts from the directory of the file that says it.
                let file = Path::new(&self.files[self.modules[parent].file]);
                vec![file.parent().unwrap_or(Path::new("")).join(path)]
            }
            None => vec![directory.join(format!("{name}.rs")), directory.join(name).join("mod.rs")],
        };
        match looked.iter().find(|path| path.is_file()) {
            Some(path) => Ok(path.clone()),
            None => {
                let kind = SourceErrorKind::NoModule { module: name.to_owned(), looked };
                Err(self.error(parent, span, kind).into())
            }
        }
    }

    fn note_uses(&mut self, module: usize, tree: UseTree, mut before: Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.unraw().to_string());
                self.note_uses(module, *path.tree, before);
            }
            UseTree::Name(name) => {
                let name = name.ident.unraw().to_string();
                // `use a::b::{self}` brings in `b`.
                let name = if name == "self" {
                    before.last().cloned().unwrap_or_default()
                } else {
                    before.push(name.clone());
                    name
                };
                self.modules[module].uses.insert(name, before);
            }
            UseTree::Rename(rename) => {
                let name = rename.ident.unraw().to_string();
                if name != "self" {
                    before.push(name);
                }
                self.modules[module].uses.insert(rename.rename.unraw().to_string(), before);
            }
            UseTree::Glob(_) => self.modules[module].globs.push(before),
            UseTree::Group(group) => {
                group.items.into_iter().for_each(|tree| self.note_uses(module, tree, before.clone()));
            }
        }
    }

    /// An error at a place in a module.
    pub fn error(&self, module: usize, span: Span, kind: SourceErrorKind) -> SourceError {
        SourceError { location: self.location(module, span), kind }
    }

    /// A place in a module.
    pub fn location(&self, module: usize, span: Span) -> Location {
        location(&self.files[self.modules[module].file], span)
    }

    /// The file of the first module, for what is about the sources as a whole.
    pub fn whole(&self) -> Location {
        Location { file: self.files.first().cloned().unwrap_or_default(), line: 0, column: 0 }
    }

    /// All modules, by number.
    pub fn modules(&self) -> impl Iterator<Item = usize> {
        0..self.modules.len()
    }

    /// The macros that are called in a module.
    pub fn macros(&self, module: usize) -> &[Macro] {
        &self.modules[module].macros
    }

    /// The structs and enums of a module, in their order.
    pub fn types(&self, module: usize) -> &[String] {
        &self.modules[module].types
    }

    /// What has this name in a module; several where conditions tell them apart.
    pub fn entries(&self, module: usize, name: &str) -> &[Entry] {
        self.modules[module].items.get(name).map_or(&[], Vec::as_slice)
    }

    /// What a path means in a module.
    pub fn resolve(&self, module: usize, path: &syn::Path) -> Result<Target, SourceError> {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect();
        let written = || segments.join("::");
        if path.leading_colon.is_some() {
            return Ok(Target::Outside(segments));
        }
        match self.find(module, &segments, STEPS_MAX) {
            Some(target) => Ok(target),
            None if self.is_outside(&segments) => Ok(Target::Outside(segments)),
            None if self.is_glob_of_glam(module, &segments) => {
                Ok(Target::Outside([GLAM.to_owned()].into_iter().chain(segments).collect()))
            }
            None if self.is_glob_of_ecsdb(module, &segments) => Ok(Target::Outside(segments)),
            None => match self.by_last_name(&segments)[..] {
                // Whole crates are seldom given: a name that there is only once is that one.
                [only] => Ok(Target::Entry(only, segments.last().cloned().unwrap_or_default())),
                [] => Ok(Target::Outside(segments)),
                ref several => {
                    let name = segments.last().map_or("", String::as_str);
                    let span = |module: usize| self.entries(module, name)[0].span();
                    let places =
                        several.iter().map(|module| self.location(*module, span(*module)).to_string()).collect();
                    Err(self.error(module, path.span(), SourceErrorKind::Ambiguous { name: written(), places }))
                }
            },
        }
    }

    /// Whether a path that was not found is known to lead out of these sources.
    fn is_outside(&self, segments: &[String]) -> bool {
        match segments {
            [only] => PRELUDE.contains(&only.as_str()),
            [first, ..] => self.is_known_crate(first),
            [] => false,
        }
    }

    /// Whether a name that was not found comes with everything of `ecsdb`.
    fn is_glob_of_ecsdb(&self, module: usize, segments: &[String]) -> bool {
        let is_known = matches!(segments, [only] if OF_ECSDB.contains(&only.as_str()));
        is_known && self.outside_globs(module).any(|glob| glob == [self.ecsdb.as_str()])
    }

    /// Whether a name that was not found comes with everything of `glam`.
    fn is_glob_of_glam(&self, module: usize, segments: &[String]) -> bool {
        let is_known = matches!(segments, [only] if Glam::named(only).is_some());
        is_known && self.outside_globs(module).any(|glob| glob == [GLAM])
    }

    /// Whether this is the crate that field types come from, or the standard library.
    pub fn is_known_crate(&self, name: &str) -> bool {
        matches!(name, "std" | "core" | "alloc") || name == GLAM || name == self.ecsdb
    }

    /// The modules with an entry of the last name of a path.
    fn by_last_name(&self, segments: &[String]) -> Vec<usize> {
        let Some(name) = segments.last() else { return Vec::new() };
        self.modules().filter(|module| !self.entries(*module, name).is_empty()).collect()
    }

    fn find(&self, module: usize, segments: &[String], steps: usize) -> Option<Target> {
        let (first, rest) = segments.split_first()?;
        let steps = steps.checked_sub(1)?;
        let mut target = match first.as_str() {
            // `use ::a::B`
            "" => return Some(Target::Outside(rest.to_vec())),
            "crate" => Target::Module(self.root(module)),
            "self" => Target::Module(module),
            "super" => Target::Module(self.modules[module].parent?),
            name => self.name(module, name, steps)?,
        };
        for segment in rest {
            target = match target {
                Target::Module(inner) if segment == "super" => Target::Module(self.modules[inner].parent?),
                Target::Module(inner) => self.name(inner, segment, steps)?,
                Target::Outside(mut path) => {
                    path.push(segment.clone());
                    Target::Outside(path)
                }
                // A variant, or something associated: whoever asks looks at the last name himself.
                Target::Entry(..) => return None,
            };
        }
        Some(target)
    }

    fn root(&self, mut module: usize) -> usize {
        while let Some(parent) = self.modules[module].parent {
            module = parent;
        }
        module
    }

    /// What a single name means in a module.
    fn name(&self, module: usize, name: &str, steps: usize) -> Option<Target> {
        let of = &self.modules[module];
        if of.items.contains_key(name) {
            return Some(Target::Entry(module, name.to_owned()));
        }
        if let Some(child) = of.children.get(name) {
            return Some(Target::Module(*child));
        }
        if let Some(path) = of.uses.get(name) {
            // `use ecsdb;`, and paths that leave these sources.
            let is_itself = path.first().is_some_and(|first| first == name);
            let found = if is_itself { None } else { self.find(module, path, steps.checked_sub(1)?) };
            return found.or_else(|| Self::outside(path));
        }
        let steps = steps.checked_sub(1)?;
        of.globs.iter().find_map(|glob| match self.find(module, glob, steps) {
            Some(Target::Module(inner)) if inner != module => self.name(inner, name, steps),
            // What is in another crate cannot be seen.
            _ => None,
        })
    }

    /// A path into another crate. What begins in this one is none.
    fn outside(path: &[String]) -> Option<Target> {
        let is_own = matches!(path.first()?.as_str(), "crate" | "self" | "super");
        (!is_own).then(|| Target::Outside(path.iter().filter(|segment| !segment.is_empty()).cloned().collect()))
    }

    /// The paths of other crates of which everything is imported in a module.
    fn outside_globs(&self, module: usize) -> impl Iterator<Item = &[String]> {
        self.modules[module].globs.iter().map(Vec::as_slice).filter(move |glob| {
            !matches!(glob.first().map(String::as_str), Some("crate" | "self" | "super"))
                && self.find(module, glob, STEPS_MAX).is_none()
        })
    }
}

/// A place in a file.
fn location(file: &str, span: Span) -> Location {
    let start = span.start();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Location { file: file.to_owned(), line: count(start.line), column: count(start.column.saturating_add(1)) }
}

fn read_file(path: &Path, read: &mut Vec<PathBuf>) -> Result<String, Error> {
    read.push(path.to_owned());
    fs::read_to_string(path).map_err(|error| Error::Read { path: path.to_owned(), error })
}

/// Where the modules lie that a file declares.
fn directory_of_modules(path: &Path) -> PathBuf {
    let directory = path.parent().unwrap_or(Path::new(""));
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main" | "mod") | None => directory.to_owned(),
        Some(stem) => directory.join(stem),
    }
}
