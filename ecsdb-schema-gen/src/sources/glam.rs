//! The types of the crate `glam`, which are field types with the feature of `ecsdb` of that name.
//!
//! A vector is a struct of its components, a matrix one of its columns as arrays.

use std::borrow::Cow;

use ecsdb::schema::{FieldType, Member, Scalar, StructType, Value};

/// Those that are field types.
const NAMES: [&str; 35] = [
    "Vec2", "Vec3", "Vec3A", "Vec4", "DVec2", "DVec3", "DVec4", "IVec2", "IVec3", "IVec4", "UVec2", "UVec3", "UVec4",
    "I64Vec2", "I64Vec3", "I64Vec4", "U64Vec2", "U64Vec3", "U64Vec4", "BVec2", "BVec3", "BVec4", "Quat", "DQuat",
    "Mat2", "Mat3", "Mat3A", "Mat4", "DMat2", "DMat3", "DMat4", "Affine2", "Affine3A", "DAffine2", "DAffine3",
];

/// What the names begin with, and the numbers that this stands for; the longer before those that they begin with.
const PREFIXES: [(&str, Scalar); 7] = [
    ("I64", Scalar::I64),
    ("U64", Scalar::U64),
    ("D", Scalar::F64),
    ("I", Scalar::I32),
    ("U", Scalar::U32),
    ("B", Scalar::Bool),
    ("", Scalar::F32),
];

/// A type of `glam`.
#[derive(Clone, Copy)]
pub struct Glam {
    name: &'static str,
    pub number: Scalar,
    /// The names of its components, or its columns.
    members: &'static [&'static str],
    /// The numbers in each column of a matrix; a vector has none.
    rows: Option<u32>,
}

impl Glam {
    /// The type with this name.
    pub fn named(name: &str) -> Option<Self> {
        let name = NAMES.into_iter().find(|known| *known == name)?;
        let (rest, number) = PREFIXES.into_iter().find_map(|(prefix, number)| {
            let rest = name.strip_prefix(prefix)?;
            rest.starts_with(['V', 'Q', 'M', 'A']).then_some((rest, number))
        })?;
        let (members, rows): (&[&str], _) = match rest {
            "Vec2" => (&["x", "y"], None),
            "Vec3" | "Vec3A" => (&["x", "y", "z"], None),
            "Vec4" | "Quat" => (&["x", "y", "z", "w"], None),
            "Mat2" => (&["x_axis", "y_axis"], Some(2)),
            "Mat3" | "Mat3A" => (&["x_axis", "y_axis", "z_axis"], Some(3)),
            "Mat4" => (&["x_axis", "y_axis", "z_axis", "w_axis"], Some(4)),
            "Affine2" => (&["x_axis", "y_axis", "translation"], Some(2)),
            _ => (&["x_axis", "y_axis", "z_axis", "translation"], Some(3)),
        };
        Some(Self { name, number, members, rows })
    }

    /// The type in the schema.
    pub fn field_type(self) -> FieldType {
        let number = FieldType::Scalar(self.number);
        let part = match self.rows {
            None => number,
            Some(len) => FieldType::Array { element: number.into(), len },
        };
        let member = |name: &&'static str| Member { name: Cow::Borrowed(name), field_type: part.clone() };
        let fields = self.members.iter().map(member).collect();
        FieldType::Struct(StructType { name: Cow::Borrowed(self.name), fields })
    }

    /// How many numbers it has.
    pub fn len(self) -> usize {
        self.members.len() * self.rows.map_or(1, |rows| rows as usize)
    }

    /// The value with these numbers, column by column.
    pub fn value(self, numbers: Vec<Value>) -> Value {
        let mut numbers = numbers.into_iter();
        let mut part = || match self.rows {
            None => numbers.next().unwrap_or(Value::Bool(false)),
            Some(rows) => Value::Array(numbers.by_ref().take(rows as usize).collect()),
        };
        Value::Struct(self.members.iter().map(|name| ((*name).to_owned(), part())).collect())
    }

    /// The value of a constant.
    pub fn constant(self, name: &str) -> Option<Value> {
        let number = |value: u8| match self.number {
            Scalar::F32 => Value::F32(value.into()),
            Scalar::F64 => Value::F64(value.into()),
            Scalar::Bool => Value::Bool(value != 0),
            // Goes into every integer type.
            _ => Value::U8(value),
        };
        let all = |value: u8| self.value(vec![number(value); self.len()]);
        let is_vector = self.rows.is_none() && !self.name.ends_with("Quat");
        match (name, self.rows) {
            ("ZERO", Some(_)) => Some(all(0)),
            ("ZERO", None) if is_vector && self.number != Scalar::Bool => Some(all(0)),
            ("ONE", None) if is_vector && self.number != Scalar::Bool => Some(all(1)),
            ("FALSE", None) if self.number == Scalar::Bool => Some(all(0)),
            ("TRUE", None) if self.number == Scalar::Bool => Some(all(1)),
            ("IDENTITY", None) if !is_vector => Some(self.value([0, 0, 0, 1].map(number).into())),
            ("IDENTITY", Some(rows)) => {
                let rows = rows as usize;
                let on_diagonal = |index: usize| u8::from(index / rows == index % rows);
                Some(self.value((0..self.len()).map(|index| number(on_diagonal(index))).collect()))
            }
            _ => None,
        }
    }
}
