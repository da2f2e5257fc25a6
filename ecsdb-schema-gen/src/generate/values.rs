//! Values as expressions in Rust: the defaults of fields.

use ecsdb::schema::{FieldType, Member, Scalar, Value};

use super::types::{Place, is_plain_tuple, is_tuple, name_of, scalar_name};
use crate::names::{field_name, type_name, variant_name};

/// The expression for a value of a type that stands at `place`. It needs nothing in scope.
pub fn expression(value: &Value, field_type: &FieldType, place: &Place) -> String {
    match (field_type, value) {
        (FieldType::Scalar(scalar), value) => scalar_expression(*scalar, value),
        (FieldType::Reference { table }, value) => {
            format!("::ecsdb::Ref::<{}>::to({})", type_name(table), scalar_expression(Scalar::Entity, value))
        }
        (FieldType::Optional(inner), Value::Optional(Some(value))) => {
            format!("::core::option::Option::Some({})", expression(value, inner, place))
        }
        (FieldType::Optional(_), _) => "::core::option::Option::None".to_owned(),
        (FieldType::Array { element, .. }, Value::Array(values)) => format!("[{}]", elements(values, element, place)),
        (FieldType::List(_), Value::Array(values)) if values.is_empty() => "::std::vec::Vec::new()".to_owned(),
        (FieldType::List(element), Value::Array(values)) => {
            format!("::std::vec![{}]", elements(values, element, place))
        }
        (FieldType::Text, Value::Text(text)) => format!("::std::string::String::from({text:?})"),
        (FieldType::FixedText { bytes }, Value::Text(text)) => {
            format!("::ecsdb::FixedStr::<{bytes}>::new({text:?}).unwrap()")
        }
        (FieldType::Struct(of), Value::Struct(values)) if is_plain_tuple(of) => {
            let values = member_values(values, &of.fields, place);
            format!("({})", values.iter().map(|value| format!("{value},")).collect::<Vec<_>>().join(" "))
        }
        (FieldType::Struct(of), Value::Struct(values)) => members(&name_of(&of.name, place), values, &of.fields, place),
        (FieldType::Enum(of), Value::Variant { variant, fields }) => {
            let members_of = of.named(variant).map_or(&[][..], |variant| &variant.fields);
            let (rust, _) = variant_name(variant);
            let path = format!("{}::{rust}", name_of(&of.name, place));
            members(&path, fields, members_of, &place.inside(variant))
        }
        // A default is a value of its type.
        (_, value) => value.to_string(),
    }
}

fn elements(values: &[Value], element: &FieldType, place: &Place) -> String {
    values.iter().map(|value| expression(value, element, place)).collect::<Vec<_>>().join(", ")
}

/// The expressions for the members, in their order.
fn member_values(values: &[(String, Value)], members: &[Member], place: &Place) -> Vec<String> {
    let of = |member: &Member| {
        let (_, value) = values.iter().find(|(name, _)| *name == member.name)?;
        Some(expression(value, &member.field_type, &place.inside(&member.name)))
    };
    members.iter().filter_map(of).collect()
}

/// The expression for a struct or a variant.
fn members(path: &str, values: &[(String, Value)], members: &[Member], place: &Place) -> String {
    let values = member_values(values, members, place);
    if members.is_empty() {
        return path.to_owned();
    }
    if is_tuple(members) {
        return format!("{path}({})", values.join(", "));
    }
    let field = |(member, value): (&Member, String)| format!("{}: {value}", field_name(&member.name).0);
    let fields: Vec<String> = members.iter().zip(values).map(field).collect();
    format!("{path} {{ {} }}", fields.join(", "))
}

fn scalar_expression(scalar: Scalar, value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Char(value) => format!("{value:?}"),
        Value::F32(value) if value.is_finite() => format!("{value:?}f32"),
        Value::F32(value) => format!("f32::from_bits({:#010x})", value.to_bits()),
        Value::F64(value) if value.is_finite() => format!("{value:?}f64"),
        Value::F64(value) => format!("f64::from_bits({:#018x})", value.to_bits()),
        Value::Duration(value) => {
            format!("::core::time::Duration::new({}, {})", value.as_secs(), value.subsec_nanos())
        }
        Value::Entity(entity) => format!("::ecsdb::Entity::from_bits({}).unwrap()", entity.to_bits()),
        number => match scalar.name().strip_prefix("nonzero_") {
            Some(inner) => format!("::core::num::NonZero::new({number}{inner}).unwrap()"),
            None => format!("{number}{}", scalar_name(scalar)),
        },
    }
}

#[cfg(test)]
mod tests {
    use ecsdb::schema::DatabaseSchema;

    use super::*;

    /// The expression for the default of a field.
    fn default(field_type: &str, default: &str) -> String {
        let fields = format!("{{ name = \"f\", type = \"{field_type}\", default = {default} }}");
        let text = format!("[database]\nname = \"x\"\n[tables.t]\nfields = [{fields}]");
        let schema = DatabaseSchema::from_toml(&text, "x.toml").unwrap();
        let field = &schema.tables()[0].fields[0];
        let value = field.default.as_ref().unwrap().encoded().to_value(&field.field_type);
        expression(&value, &field.field_type, &Place::field("t", "f"))
    }

    #[test]
    fn defaults_are_expressions() {
        assert_eq!(default("u8", "7"), "7u8");
        assert_eq!(default("i128", "-5"), "-5i128");
        assert_eq!(default("nonzero_u16", "7"), "::core::num::NonZero::new(7u16).unwrap()");
        assert_eq!(default("f32", "1"), "1.0f32");
        assert_eq!(default("f64", "nan"), "f64::from_bits(0x7ff8000000000000)");
        assert_eq!(default("char", "'\"'"), "'\"'");
        assert_eq!(default("string", "'a\"b'"), "::std::string::String::from(\"a\\\"b\")");
        assert_eq!(default("u8?", "'none'"), "::core::option::Option::None");
        assert_eq!(default("[[u8; 2]]", "[[1, 2]]"), "::std::vec![[1u8, 2u8]]");
        assert_eq!(default("(u8)", "[1]"), "(1u8,)");
        assert_eq!(default("()", "[]"), "()");
        assert_eq!(default("struct P { x: u8, type: bool }", "{ type = true, x = 1 }"), "P { x: 1u8, r#type: true }");
        assert_eq!(default("struct { x: enum { A(u8) } }", "{ x = { A = [1] } }"), "TF { x: TFX::A(1u8) }");
        assert_eq!(default("duration", "'1.5s'"), "::core::time::Duration::new(1, 500000000)");
        assert_eq!(
            default("ref<t>", "'3v1'"),
            "::ecsdb::Ref::<T>::to(::ecsdb::Entity::from_bits(4294967299).unwrap())"
        );
    }
}
