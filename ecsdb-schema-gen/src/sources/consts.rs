//! Whole numbers that can be seen without running the program: lengths of arrays, tags, and constants.

use syn::{BinOp, Expr, Lit, UnOp};

use super::error::{SourceError, SourceErrorKind};
use super::tree::{Entry, Target};
use super::types::{Place, Types, spelled};

/// How many constants may stand for each other.
const STEPS_MAX: usize = 64;

/// The types of the sources, to be asked about numbers.
#[derive(Clone, Copy)]
pub struct Constants<'t>(pub Types<'t>);

impl<'t> Constants<'t> {
    /// The number of elements or bytes that an expression is.
    pub fn length(self, expression: &Expr, place: Place<'t>) -> Result<u32, SourceError> {
        let number = self.integer(expression, place)?;
        u32::try_from(number).map_err(|_| self.unknown(expression, place, "a number from 0 to 4294967295"))
    }

    /// The number that a constant is.
    pub fn named_length(self, path: &syn::Path, place: Place<'t>) -> Result<u32, SourceError> {
        let path = syn::ExprPath { attrs: Vec::new(), qself: None, path: path.clone() };
        self.length(&Expr::Path(path), place)
    }

    /// The number that an expression is.
    pub fn integer(self, expression: &Expr, place: Place<'t>) -> Result<i128, SourceError> {
        self.number(expression, place, STEPS_MAX).ok_or_else(|| {
            let expected = "a whole number, a constant of these sources, or `+`, `-`, `*`, `/`, `%` and shifts of such";
            self.unknown(expression, place, expected)
        })
    }

    pub fn unknown(self, expression: &Expr, place: Place<'t>, expected: &str) -> SourceError {
        let kind = SourceErrorKind::Value { expression: spelled(expression), expected: expected.to_owned() };
        self.0.tree.error(place.module, syn::spanned::Spanned::span(expression), kind)
    }

    fn number(self, expression: &Expr, place: Place<'t>, steps: usize) -> Option<i128> {
        let steps = steps.checked_sub(1)?;
        match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) => number.base10_parse().ok(),
                Lit::Byte(byte) => Some(byte.value().into()),
                _ => None,
            },
            Expr::Paren(inner) => self.number(&inner.expr, place, steps),
            Expr::Group(inner) => self.number(&inner.expr, place, steps),
            // A number that loses digits is for the compiler to see; here it must fit anyway.
            Expr::Cast(inner) => self.number(&inner.expr, place, steps),
            Expr::Block(block) => match &block.block.stmts[..] {
                [syn::Stmt::Expr(inner, None)] => self.number(inner, place, steps),
                _ => None,
            },
            Expr::Unary(unary) => match unary.op {
                UnOp::Neg(_) => self.number(&unary.expr, place, steps)?.checked_neg(),
                _ => None,
            },
            Expr::Binary(binary) => {
                let left = self.number(&binary.left, place, steps)?;
                let right = self.number(&binary.right, place, steps)?;
                match binary.op {
                    BinOp::Add(_) => left.checked_add(right),
                    BinOp::Sub(_) => left.checked_sub(right),
                    BinOp::Mul(_) => left.checked_mul(right),
                    BinOp::Div(_) => left.checked_div(right),
                    BinOp::Rem(_) => left.checked_rem(right),
                    BinOp::Shl(_) => shift(right).and_then(|bits| left.checked_mul(1_i128.checked_shl(bits)?)),
                    BinOp::Shr(_) => shift(right).map(|bits| left >> bits),
                    BinOp::BitOr(_) => Some(left | right),
                    BinOp::BitAnd(_) => Some(left & right),
                    _ => None,
                }
            }
            Expr::Path(path) if path.qself.is_none() => match self.constant(&path.path, place) {
                Some((value, place)) => self.number(value, place, steps),
                None => bound(&path.path),
            },
            _ => None,
        }
    }

    /// The expression of the constant that a path names, and where it stands.
    pub fn constant(self, path: &syn::Path, place: Place<'t>) -> Option<(&'t Expr, Place<'t>)> {
        match self.0.tree.resolve(place.module, path).ok()? {
            Target::Entry(module, name) => match self.0.tree.entries(module, &name) {
                [Entry::Const(item)] => Some((&*item.expr, place.beyond(module, None)?)),
                _ => None,
            },
            Target::Module(_) | Target::Outside(_) => None,
        }
    }
}

fn shift(bits: i128) -> Option<u32> {
    u32::try_from(bits).ok().filter(|bits| *bits < 127)
}

/// `u32::MAX` and its neighbours.
fn bound(path: &syn::Path) -> Option<i128> {
    let mut names = path.segments.iter().rev().map(|segment| segment.ident.to_string());
    let (constant, of) = (names.next()?, names.next()?);
    macro_rules! bounds {
        ($($ty:ident),+) => {
            match (of.as_str(), constant.as_str()) {
                $(
                    (stringify!($ty), "MIN") => Some($ty::MIN.into()),
                    (stringify!($ty), "MAX") => Some($ty::MAX.into()),
                    (stringify!($ty), "BITS") => Some($ty::BITS.into()),
                )+
                _ => None,
            }
        };
    }
    bounds!(u8, u16, u32, u64, i8, i16, i32, i64, i128)
}
