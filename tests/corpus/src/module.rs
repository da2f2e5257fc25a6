//! A component as a module: its own declaration, and one submodule for each type that it uses.
//!
//! Owns how shapes are written as Rust. It adds nothing to a shape but derives and what the shape does not say.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use crate::names::{Index, Meaning};
use crate::shapes::{FieldShape, Kind, Shape, is_tuple};
use crate::text::{self, Path};

/// The module of one component.
pub struct Module {
    /// Its name, which is that of its file too.
    pub name: String,
    /// The file.
    pub code: String,
    /// What was made up.
    pub made_up: BTreeSet<MadeUp>,
    /// A type that could not be read. The module is not compiled.
    pub unreadable: Option<String>,
}

/// Something that the file of shapes does not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MadeUp {
    /// A type of another crate, with its real fields, or as the type of the language that it is like.
    StandIn(String),
    /// A type that nobody knows.
    Stub(String),
    /// A constant.
    Constant(String),
    /// A handle or the like: a type that is no field.
    ProcessBound(String),
}

/// Writes the module of component `shape`, which is the `number`th.
pub fn write<'c>(index: &Index<'c>, number: usize, shape: &'c Shape) -> Module {
    let name = format!("c{number:04}");
    let root = format!("crate::{name}");
    let scope = Scope::new(shape);
    let own = Declared { path: format!("{root}::{}", raw(&shape.name)), parameters: scope.declared.len() };
    let mut writer = Writer {
        index,
        root,
        code: String::new(),
        paths: BTreeMap::from([(Key::Shape(std::ptr::from_ref(shape)), own)]),
        component: shape,
        leads_back: false,
        made_up: BTreeSet::new(),
        unreadable: None,
        scope,
    };
    let mut item = writer.item(shape, "::ecsdb::Component", &raw(&shape.name));
    if writer.leads_back {
        item.insert_str(0, "#[derive(::ecsdb::Field)]\n");
    }
    let parameters = writer.scope.all();
    let mut code = format!("//! {} of {}\n\n{item}", shape.name, shape.repo.replace('\n', " "));
    // What only a use would evaluate: the schema, with all sizes and names.
    let arguments: Vec<&str> = parameters.iter().map(|parameter| parameter.argument()).collect();
    let arguments = if arguments.is_empty() { String::new() } else { format!("::<{}>", arguments.join(", ")) };
    let own = raw(&shape.name);
    code += &format!("const _: &::ecsdb::schema::TableSchema = <{own}{arguments} as ::ecsdb::Component>::SCHEMA;\n\n");
    code += &writer.code;
    Module { name, code, made_up: writer.made_up, unreadable: writer.unreadable }
}

/// A parameter of the item that is being written.
#[derive(Clone, PartialEq, Eq)]
struct Parameter {
    name: String,
    /// As it is declared.
    declared: String,
}

impl Parameter {
    /// What can stand for it.
    fn argument(&self) -> &str {
        if self.declared.starts_with('\'') {
            "'static"
        } else if self.declared.starts_with("const ") {
            "1"
        } else {
            "()"
        }
    }
}

/// The item that is being written.
struct Scope<'c> {
    owner: &'c Shape,
    /// As the shape lists them.
    declared: Vec<Parameter>,
    /// Those that the shape uses and does not list.
    implied: Vec<Parameter>,
}

impl<'c> Scope<'c> {
    fn new(owner: &'c Shape) -> Self {
        let declared = owner.generics.iter().filter_map(|text| parameter(text)).collect();
        Self { owner, declared, implied: Vec::new() }
    }

    /// All parameters, lifetimes first.
    fn all(&self) -> Vec<Parameter> {
        let mut all: Vec<Parameter> = self.declared.iter().chain(&self.implied).cloned().collect();
        all.sort_by_key(|parameter| !parameter.declared.starts_with('\''));
        all
    }

    fn has(&self, name: &str) -> bool {
        self.declared.iter().chain(&self.implied).any(|parameter| parameter.name == name)
    }
}

/// A parameter as it is listed: without bounds, which name traits that nobody has, and without its default.
fn parameter(text: &str) -> Option<Parameter> {
    let text = text.split('=').next().unwrap_or_default().trim();
    let (declared, name) = match text.strip_prefix("const ") {
        Some(constant) => (text.to_owned(), constant.split(':').next()?.trim().to_owned()),
        None => {
            let name = text.split(':').next()?.trim().to_owned();
            (name.clone(), name)
        }
    };
    (!name.is_empty()).then(|| Parameter { name: name.trim_start_matches('\'').to_owned(), declared })
}

/// Which type of the module it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// That of this shape.
    Shape(*const Shape),
    /// A type that is made up, for a text.
    MadeUp(String),
}

/// Where a type of the module is.
#[derive(Clone)]
struct Declared {
    path: String,
    /// How many parameters it has.
    parameters: usize,
}

/// A module on its way.
struct Writer<'i, 'c> {
    index: &'i Index<'c>,
    root: String,
    /// The submodules.
    code: String,
    /// The types that are declared, or about to be.
    paths: BTreeMap<Key, Declared>,
    component: &'c Shape,
    /// Whether a type of the component has the component in it.
    leads_back: bool,
    made_up: BTreeSet<MadeUp>,
    unreadable: Option<String>,
    scope: Scope<'c>,
}

impl<'c> Writer<'_, 'c> {
    /// The declaration of a shape, under `name`.
    fn item(&mut self, shape: &'c Shape, derive: &str, name: &str) -> String {
        let body = match shape.sort() {
            Kind::Alias => {
                let ty = self.ty(shape.alias.as_deref().unwrap_or("()"));
                return format!("pub type {name}{} = {ty};\n", self.parameters());
            }
            Kind::Unit => ";".to_owned(),
            Kind::Tuple => format!("{};", self.fields(&shape.fields.iter().collect::<Vec<_>>(), "pub ")),
            Kind::Struct => self.fields(&shape.fields.iter().collect::<Vec<_>>(), "pub "),
            Kind::Enum => {
                let variants: Vec<String> = shape
                    .variants()
                    .into_iter()
                    .map(|(variant, fields)| {
                        let fields = if fields.is_empty() { String::new() } else { self.fields(&fields, "") };
                        format!("    {}{fields},\n", raw(variant))
                    })
                    .collect();
                format!(" {{\n{}}}", variants.concat())
            }
        };
        let keyword = if shape.sort() == Kind::Enum { "enum" } else { "struct" };
        format!("#[derive({derive})]\npub {keyword} {name}{}{body}\n", self.parameters())
    }

    fn parameters(&self) -> String {
        let declared: Vec<String> = self.scope.all().into_iter().map(|parameter| parameter.declared).collect();
        if declared.is_empty() { String::new() } else { format!("<{}>", declared.join(", ")) }
    }

    /// Fields in their brackets.
    fn fields(&mut self, fields: &[&FieldShape], vis: &str) -> String {
        if is_tuple(fields) {
            let types: Vec<String> = fields.iter().map(|field| format!("{vis}{}", self.ty(&field.ty))).collect();
            return format!("({})", types.join(", "));
        }
        let fields: Vec<String> =
            fields.iter().map(|field| format!("    {vis}{}: {},\n", raw(&field.name), self.ty(&field.ty))).collect();
        format!(" {{\n{}}}", fields.concat())
    }

    fn ty(&mut self, text: &str) -> String {
        match text::translate(text, self) {
            Some(ty) if !ty.is_empty() => ty,
            _ => {
                self.unreadable.get_or_insert_with(|| text.to_owned());
                "()".to_owned()
            }
        }
    }

    /// The path of a shape, which is declared if it is not yet.
    fn shape(&mut self, shape: &'c Shape, path: &Path) -> String {
        let key = Key::Shape(std::ptr::from_ref(shape));
        self.leads_back |= std::ptr::eq(shape, self.component);
        let declared = match self.paths.get(&key) {
            Some(declared) => declared.clone(),
            None => {
                let place = format!("t{}", self.paths.len());
                let name = raw(&shape.name);
                let at = Declared { path: format!("{}::{place}::{name}", self.root), parameters: 0 };
                // Before its fields are read: they may lead back here.
                let listed = Scope::new(shape);
                self.paths.insert(key.clone(), Declared { parameters: listed.declared.len(), ..at.clone() });
                let outer = mem::replace(&mut self.scope, listed);
                let item = self.item(shape, "::ecsdb::Field", &name);
                let parameters = mem::replace(&mut self.scope, outer).all().len();
                self.declare(&place, &item);
                let at = Declared { parameters, ..at };
                self.paths.insert(key, at.clone());
                at
            }
        };
        let mut arguments: Vec<&str> =
            path.arguments.iter().map(text::Argument::text).take(declared.parameters).collect();
        arguments.resize(declared.parameters, "()");
        let arguments = if arguments.is_empty() { String::new() } else { format!("<{}>", arguments.join(", ")) };
        format!("{}{arguments}", declared.path)
    }

    /// The path of a type that is made up, which is declared if it is not yet.
    fn made_up(&mut self, what: MadeUp, name: &str, text: &str, item: &str) -> String {
        self.made_up.insert(what);
        let key = Key::MadeUp(text.to_owned());
        if let Some(declared) = self.paths.get(&key) {
            return declared.path.clone();
        }
        let place = format!("t{}", self.paths.len());
        let path = format!("{}::{place}::{}", self.root, raw(name));
        self.paths.insert(key, Declared { path: path.clone(), parameters: 0 });
        self.declare(&place, item);
        path
    }

    fn declare(&mut self, place: &str, item: &str) {
        self.code += &format!("pub mod {place} {{\n{item}}}\n\n");
    }

    /// The arguments of a made-up type: without those that only the item around it knows.
    fn free_arguments(&self, path: &Path) -> Vec<String> {
        let is_bound = |text: &str| {
            text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| self.scope.has(word) || word == "Self")
        };
        path.types().into_iter().filter(|text| !is_bound(text)).map(str::to_owned).collect()
    }
}

impl text::Meaning for Writer<'_, '_> {
    fn path(&mut self, path: &Path) -> String {
        if let Some(name) = path.single() {
            if self.scope.has(name) {
                return name.to_owned();
            }
            // A parameter that the shape does not list.
            if name.len() == 1 && matches!(self.index.look_up(path, self.scope.owner), Meaning::Unknown) {
                self.scope.implied.push(Parameter { name: name.to_owned(), declared: name.to_owned() });
                return name.to_owned();
            }
        }
        let name = path.name().to_owned();
        let meaning = self.index.look_up(path, self.scope.owner);
        let arguments = self.free_arguments(path);
        let brackets = if arguments.is_empty() { String::new() } else { format!("<{}>", arguments.join(", ")) };
        let text = format!("{}{brackets}", path.segments.join("::"));
        match meaning {
            Meaning::Known(text) => text,
            Meaning::Shape(shape) => self.shape(shape, path),
            Meaning::Instead(ty) => {
                self.made_up.insert(MadeUp::StandIn(name));
                ty
            }
            Meaning::StandIn(item) => {
                let item = format!("#[derive(::ecsdb::Field)]\n{item}\n");
                self.made_up(MadeUp::StandIn(name.clone()), &name, &text, &item)
            }
            Meaning::ProcessBound => {
                let item = format!("pub struct {}(pub *const u8);\n", raw(&name));
                self.made_up(MadeUp::ProcessBound(name.clone()), &name, &text, &item)
            }
            Meaning::Unknown => {
                let fields = if arguments.is_empty() {
                    "pub u32".to_owned()
                } else {
                    format!("pub {}", arguments.join(", pub "))
                };
                let item = format!("#[derive(::ecsdb::Field)]\npub struct {}({fields});\n", raw(&name));
                self.made_up(MadeUp::Stub(name.clone()), &name, &text, &item)
            }
        }
    }

    fn constant(&mut self, segments: &[String]) -> String {
        let name = segments.join("_");
        if let [single] = segments {
            if let Some(parameter) = self.scope.declared.iter_mut().find(|parameter| parameter.name == *single) {
                parameter.declared = format!("const {single}: usize");
                return name;
            }
            if self.scope.has(single) || matches!(single.as_str(), "true" | "false") {
                return name;
            }
        }
        if let [ty, limit] = segments
            && ty.starts_with(['u', 'i'])
            && matches!(limit.as_str(), "MAX" | "MIN" | "BITS")
        {
            return segments.join("::");
        }
        let name: String = name.to_uppercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        let item = format!("pub const {name}: usize = 4;\n");
        self.made_up(MadeUp::Constant(segments.join("::")), &name, &format!("const {name}"), &item)
    }

    fn is_constant(&self, name: &str) -> bool {
        if let Some(parameter) = self.scope.declared.iter().find(|parameter| parameter.name == name) {
            return parameter.declared.starts_with("const ");
        }
        name.len() > 3 && name.contains('_') && !name.contains(char::is_lowercase)
    }

    fn lifetime(&mut self, name: &str) {
        if !matches!(name, "static" | "_") && !self.scope.has(name) {
            self.scope.implied.push(Parameter { name: name.to_owned(), declared: format!("'{name}") });
        }
    }
}

/// The name as an identifier: with `r#` if it is a keyword.
fn raw(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "as", "break", "const", "continue", "dyn", "else", "enum", "extern", "false", "fn", "for", "if", "impl", "in",
        "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static", "struct", "trait", "true",
        "type", "unsafe", "use", "where", "while", "async", "await", "abstract", "become", "box", "do", "final",
        "macro", "override", "priv", "typeof", "unsized", "virtual", "yield", "try", "gen",
    ];
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}
