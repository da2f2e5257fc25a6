//! The values of defaults: expressions that can be seen without running the program.

use core::time::Duration;

use ecsdb::Entity;
use ecsdb::schema::{Scalar, Value};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Fields, Lit, Member, Token, UnOp};

use super::consts::Constants;
use super::error::SourceError;
use super::glam::Glam;
use super::types::{Kind, Place, Types, Written};

/// The most elements that a list may be said to have by `[value; number]`.
const REPEATED_MAX: u32 = 1 << 16;

/// The types of the sources, to be asked about values.
#[derive(Clone, Copy)]
pub struct Values<'t>(pub Types<'t>);

impl<'t> Values<'t> {
    /// The value that an expression is in a type.
    pub fn value(self, expression: &Expr, place: Place<'t>, ty: Written<'t>) -> Result<Value, SourceError> {
        let expression = bare(expression);
        // A constant stands for its value, wherever it is.
        if let Expr::Path(path) = expression
            && let Some((value, place)) = Constants(self.0).constant(&path.path, place)
        {
            return self.value(value, place, ty);
        }
        let unknown = |expected: &str| Err(Constants(self.0).unknown(expression, place, expected));
        match self.0.kind(ty)? {
            Kind::Scalar(scalar) => match self.scalar(scalar, expression, place) {
                Some(value) => Ok(value),
                None => unknown(expected(scalar)),
            },
            Kind::Reference(_) => match pattern(&called(expression)) {
                Some(("to", [entity])) => match self.scalar(Scalar::Entity, bare(entity), place) {
                    Some(value) => Ok(value),
                    None => unknown(expected(Scalar::Entity)),
                },
                _ => unknown("`Ref::to(Entity::from_bits(...).unwrap())`"),
            },
            Kind::Text => match text(expression) {
                Some(text) => Ok(Value::Text(text)),
                None => unknown("a text in quotes, with `.to_owned()`, `.into()` or in `String::from(...)`"),
            },
            Kind::FixedText(_) => match fixed_text(expression) {
                Some(text) => Ok(Value::Text(text)),
                None => unknown("`FixedStr::new(\"...\").unwrap()`"),
            },
            Kind::Optional(inner) => match (pattern(&called(expression)), last_name(expression).as_deref()) {
                (Some(("Some", [value])), _) => Ok(Value::Optional(Some(Box::new(self.value(value, place, inner)?)))),
                (None, Some("None")) => Ok(Value::Optional(None)),
                (Some(("default", [])), _) => Ok(Value::Optional(None)),
                _ => unknown("`None` or `Some(...)`"),
            },
            Kind::Array(element, _) | Kind::List(element) => self.elements(expression, place, element),
            Kind::Tuple(types) => match expression {
                Expr::Tuple(tuple) if tuple.elems.len() == types.len() => {
                    let member = |(index, (value, ty)): (usize, (&Expr, &Written<'t>))| {
                        Ok((index.to_string(), self.value(value, place, *ty)?))
                    };
                    let values = tuple.elems.iter().zip(&types).enumerate().map(member).collect::<Result<_, _>>()?;
                    Ok(Value::Struct(values))
                }
                // `PhantomData`
                _ if types.is_empty() => Ok(Value::Struct(Vec::new())),
                _ => unknown("a tuple"),
            },
            Kind::Range(ty) => match expression {
                Expr::Range(range) => match (&range.start, &range.end) {
                    (Some(start), Some(end)) => Ok(Value::Struct(vec![
                        ("start".to_owned(), self.value(start, place, ty)?),
                        ("end".to_owned(), self.value(end, place, ty)?),
                    ])),
                    _ => unknown("a range with both ends"),
                },
                _ => unknown("a range"),
            },
            Kind::Glam(of) => match self.glam(of, expression, place) {
                Some(value) => Ok(value),
                None => unknown("`new(...)`, `splat(...)`, `from_array([...])`, or a constant such as `ZERO`"),
            },
            Kind::Struct(item, inside) => self.members(expression, place, &item.fields, inside).map(Value::Struct),
            Kind::Enum(item, inside) => {
                let path = match expression {
                    Expr::Path(path) => Some(&path.path),
                    Expr::Struct(value) => Some(&value.path),
                    Expr::Call(call) => match &*call.func {
                        Expr::Path(path) => Some(&path.path),
                        _ => None,
                    },
                    _ => None,
                };
                let name = path.and_then(|path| path.segments.last()).map(|last| last.ident.unraw().to_string());
                let Some(variant) =
                    item.variants.iter().find(|variant| Some(variant.ident.unraw().to_string()) == name)
                else {
                    return unknown("a variant");
                };
                let fields = self.members(expression, place, &variant.fields, inside)?;
                let keys = self.0.keys(&variant.attrs, inside)?;
                let variant = keys.rename.unwrap_or_else(|| variant.ident.unraw().to_string());
                Ok(Value::Variant { variant, fields })
            }
        }
    }

    /// The members of a struct or a variant with these fields.
    fn members(
        self,
        expression: &Expr,
        place: Place<'t>,
        fields: &'t Fields,
        inside: Place<'t>,
    ) -> Result<Vec<(String, Value)>, SourceError> {
        let unknown = |expected: &str| Err(Constants(self.0).unknown(expression, place, expected));
        let mut members = Vec::new();
        for (index, part) in self.0.parts(fields, inside)?.into_iter().enumerate() {
            let value = match expression {
                Expr::Struct(value) => {
                    value.fields.iter().find(|field| is_member(&field.member, &part.rust)).map(|field| &field.expr)
                }
                Expr::Call(call) => call.args.get(index),
                _ => None,
            };
            let Some(value) = value else { return unknown("all fields, each with its value") };
            if part.keys.stored_as.is_some() {
                return unknown("a type without `as`: what is converted before it is stored cannot be seen");
            }
            members.push((part.name, self.value(value, place, part.ty)?));
        }
        // `Idle`, `Idle {}` and `Marker`; anything else that has no members would be computed.
        let is_plain = matches!(expression, Expr::Struct(_) | Expr::Call(_) | Expr::Path(_));
        if is_plain { Ok(members) } else { unknown("the name of the type and its fields") }
    }

    fn elements(self, expression: &Expr, place: Place<'t>, element: Written<'t>) -> Result<Value, SourceError> {
        let unknown = |expected: &str| Err(Constants(self.0).unknown(expression, place, expected));
        let repeated = |value: &Expr, len: &Expr| {
            let count = Constants(self.0).length(len, place)?;
            if count > REPEATED_MAX {
                return unknown("at most 65536 elements");
            }
            let value = self.value(value, place, element)?;
            Ok(Value::Array(vec![value; count as usize]))
        };
        let all = |values: &Punctuated<Expr, Token![,]>| {
            values.iter().map(|value| self.value(value, place, element)).collect::<Result<_, _>>().map(Value::Array)
        };
        match expression {
            Expr::Array(array) => all(&array.elems),
            Expr::Repeat(repeat) => repeated(&repeat.expr, &repeat.len),
            Expr::Macro(of) if of.mac.path.segments.last().is_some_and(|last| last.ident == "vec") => {
                let tokens = of.mac.tokens.clone();
                if let Ok(values) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()) {
                    return all(&values);
                }
                let pair = |input: syn::parse::ParseStream<'_>| {
                    let value: Expr = input.parse()?;
                    input.parse::<Token![;]>()?;
                    Ok((value, input.parse::<Expr>()?))
                };
                match pair.parse2(tokens) {
                    Ok((value, len)) => repeated(&value, &len),
                    Err(_) => unknown("`vec![...]` with values"),
                }
            }
            Expr::MethodCall(of)
                if of.args.is_empty() && matches!(of.method.to_string().as_str(), "into" | "to_vec") =>
            {
                self.elements(bare(&of.receiver), place, element)
            }
            _ => match pattern(&called(expression)) {
                Some(("new" | "default", [])) => Ok(Value::Array(Vec::new())),
                Some(("from", [values])) => self.elements(bare(values), place, element),
                _ => unknown("an array, `vec![...]` or `Vec::new()`"),
            },
        }
    }

    /// A vector or a matrix.
    fn glam(self, of: Glam, expression: &Expr, place: Place<'t>) -> Option<Value> {
        let number = |expression: &Expr| self.scalar(of.number, bare(expression), place);
        let numbers: Option<Vec<Value>> = match pattern(&called(expression)) {
            Some(("new" | "from_xyzw", numbers)) => numbers.iter().map(|value| number(value)).collect(),
            Some(("splat", [value])) => number(value).map(|value| vec![value; of.len()]),
            Some(("from_array", [Expr::Array(array)])) => array.elems.iter().map(number).collect(),
            Some(_) => None,
            None => return of.constant(&last_name(expression)?),
        };
        numbers.filter(|numbers| numbers.len() == of.len()).map(|numbers| of.value(numbers))
    }

    fn scalar(self, scalar: Scalar, expression: &Expr, place: Place<'t>) -> Option<Value> {
        let is_default = matches!(pattern(&called(expression)), Some(("default", [])));
        match scalar {
            Scalar::Bool => match literal(expression) {
                Some(Lit::Bool(flag)) => Some(Value::Bool(flag.value)),
                _ => is_default.then_some(Value::Bool(false)),
            },
            Scalar::Char => match literal(expression)? {
                Lit::Char(letter) => Some(Value::Char(letter.value())),
                _ => None,
            },
            Scalar::F32 if is_default => Some(Value::F32(0.0)),
            Scalar::F64 if is_default => Some(Value::F64(0.0)),
            Scalar::F32 => float::<f32>(expression).map(Value::F32),
            Scalar::F64 => float::<f64>(expression).map(Value::F64),
            Scalar::Duration => self.duration(expression, place).map(Value::Duration),
            Scalar::Entity => match pattern(&called(without_unwrap(expression))) {
                Some(("from_bits", [bits])) => {
                    let bits = u64::try_from(Constants(self.0).integer(bits, place).ok()?).ok()?;
                    Entity::from_bits(bits).map(Value::Entity)
                }
                _ => None,
            },
            _ if is_default => Some(Value::U8(0)),
            number if number.is_never_zero() => match pattern(&called(without_unwrap(expression))) {
                Some(("new", [value])) => self.integer(value, place),
                _ if last_name(expression).as_deref() == Some("MIN") => bound(number, false),
                _ if last_name(expression).as_deref() == Some("MAX") => bound(number, true),
                _ => None,
            },
            _ => self.integer(expression, place),
        }
    }

    /// A whole number, also one that only `u128` has.
    fn integer(self, expression: &Expr, place: Place<'t>) -> Option<Value> {
        if let Some(Lit::Int(number)) = literal(expression) {
            return number.base10_parse().ok().map(Value::U128);
        }
        let is_widest = matches!(expression, Expr::Path(path) if super::types::spelled(&path.path) == "u128::MAX");
        if is_widest {
            return Some(Value::U128(u128::MAX));
        }
        Constants(self.0).integer(expression, place).ok().map(Value::I128)
    }

    fn duration(self, expression: &Expr, place: Place<'t>) -> Option<Duration> {
        let number = |expression: &Expr| u64::try_from(Constants(self.0).integer(expression, place).ok()?).ok();
        match pattern(&called(expression)) {
            Some(("from_secs", [of])) => Some(Duration::from_secs(number(of)?)),
            Some(("from_millis", [of])) => Some(Duration::from_millis(number(of)?)),
            Some(("from_micros", [of])) => Some(Duration::from_micros(number(of)?)),
            Some(("from_nanos", [of])) => Some(Duration::from_nanos(number(of)?)),
            Some(("new", [seconds, nanos])) => {
                let nanos = u32::try_from(number(nanos)?).ok()?;
                Duration::from_secs(number(seconds)?).checked_add(Duration::from_nanos(nanos.into()))
            }
            Some(("default", [])) => Some(Duration::ZERO),
            Some(_) => None,
            None => match last_name(expression)?.as_str() {
                "ZERO" => Some(Duration::ZERO),
                "MAX" => Some(Duration::MAX),
                _ => None,
            },
        }
    }
}

/// What a value would look like.
const fn expected(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "`true` or `false`",
        Scalar::Char => "a character in quotes",
        Scalar::F32 | Scalar::F64 => "a number, or a constant such as `f32::INFINITY`",
        Scalar::Duration => "`Duration::from_secs(...)` and the like",
        Scalar::Entity => "`Entity::from_bits(...).unwrap()`",
        other if other.is_never_zero() => "`NonZero::new(...).unwrap()`",
        _ => "a whole number",
    }
}

/// The expression without parentheses.
fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => bare(&inner.expr),
        Expr::Group(inner) => bare(&inner.expr),
        other => other,
    }
}

fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(literal) => Some(&literal.lit),
        _ => None,
    }
}

/// The last name of a path.
fn last_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.segments.last().map(|last| last.ident.unraw().to_string()),
        _ => None,
    }
}

/// The names of functions that are known here.
const FUNCTIONS: [&str; 15] = [
    "Some",
    "to",
    "from",
    "new",
    "default",
    "from_bits",
    "from_secs",
    "from_millis",
    "from_micros",
    "from_nanos",
    "Borrowed",
    "Owned",
    "from_xyzw",
    "splat",
    "from_array",
];

/// The function that is called, if it is known here: its last name, and what it is called with.
fn called(expression: &Expr) -> Option<(&'static str, Vec<&Expr>)> {
    let Expr::Call(call) = expression else { return None };
    let name = last_name(&call.func)?;
    let name = FUNCTIONS.into_iter().find(|known| *known == name)?;
    Some((name, call.args.iter().collect()))
}

/// A call, to be matched.
fn pattern<'a, 'e>(call: &'a Option<(&'static str, Vec<&'e Expr>)>) -> Option<(&'static str, &'a [&'e Expr])> {
    call.as_ref().map(|(name, arguments)| (*name, &arguments[..]))
}

/// What stands before `.unwrap()` or `.expect(...)`.
fn without_unwrap(expression: &Expr) -> &Expr {
    match expression {
        Expr::MethodCall(of) if matches!(of.method.to_string().as_str(), "unwrap" | "expect") => bare(&of.receiver),
        other => other,
    }
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(_) => match literal(expression)? {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::MethodCall(of)
            if matches!(of.method.to_string().as_str(), "into" | "to_owned" | "to_string" | "try_into" | "parse") =>
        {
            text(bare(&of.receiver))
        }
        _ => match pattern(&called(expression)) {
            Some(("new" | "default", [])) => Some(String::new()),
            Some(("from" | "Borrowed" | "Owned", [inner])) => text(bare(inner)),
            _ => None,
        },
    }
}

fn fixed_text(expression: &Expr) -> Option<String> {
    let inner = without_unwrap(expression);
    match pattern(&called(inner)) {
        Some(("new", [value])) => text(bare(value)),
        Some(("default", [])) => Some(String::new()),
        _ if last_name(inner).as_deref() == Some("EMPTY") => Some(String::new()),
        _ => text(inner),
    }
}

/// The numbers and constants of `f32` and `f64`.
trait Float: core::str::FromStr + core::ops::Neg<Output = Self> {
    const CONSTANTS: [(&'static str, Self); 6];
}

macro_rules! floats {
    ($($ty:ident),+) => {$(
        impl Float for $ty {
            const CONSTANTS: [(&'static str, Self); 6] = [
                ("INFINITY", $ty::INFINITY),
                ("NEG_INFINITY", $ty::NEG_INFINITY),
                ("NAN", $ty::NAN),
                ("MAX", $ty::MAX),
                ("MIN", $ty::MIN),
                ("EPSILON", $ty::EPSILON),
            ];
        }
    )+};
}
floats!(f32, f64);

fn float<F: Float>(expression: &Expr) -> Option<F> {
    match expression {
        Expr::Lit(_) => match literal(expression)? {
            Lit::Float(number) => number.base10_digits().parse().ok(),
            // `1_f32` is a float too.
            Lit::Int(number) => number.base10_digits().parse().ok(),
            _ => None,
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Some(-float::<F>(bare(&unary.expr))?),
        _ => {
            let name = last_name(expression)?;
            F::CONSTANTS.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
        }
    }
}

/// The least or the greatest number of a type that is never zero.
fn bound(scalar: Scalar, greatest: bool) -> Option<Value> {
    let number = scalar.number()?;
    if !number.name().starts_with('i') && !greatest {
        return Some(Value::U8(1));
    }
    let bits = 8 * number.size() as u32;
    let all = u128::MAX >> (128 - bits);
    Some(match (number.name().starts_with('i'), greatest) {
        (false, _) => Value::U128(all),
        (true, true) => Value::U128(all >> 1),
        (true, false) => Value::I128(-((all >> 1) as i128) - 1),
    })
}

/// Whether a field of an expression is this one.
fn is_member(member: &Member, name: &str) -> bool {
    match member {
        Member::Named(ident) => ident.unraw() == name,
        Member::Unnamed(index) => index.index.to_string() == name,
    }
}
