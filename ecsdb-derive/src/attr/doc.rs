//! Doc comments, as the schema describes tables and fields.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use super::item::is;

/// The first paragraph of the doc comment in one line, or nothing.
pub fn doc(attrs: &[Attribute]) -> String {
    let mut paragraph: Vec<String> = Vec::new();
    for line in attrs.iter().filter_map(doc_text).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()) {
        let line = line.trim();
        if !line.is_empty() {
            paragraph.push(line.to_owned());
        } else if !paragraph.is_empty() {
            break;
        }
    }
    paragraph.join(" ")
}

fn doc_text(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(meta) if is(attr, "doc") => match &meta.value {
            // An empty line is an empty text: `lines` must still see it.
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(format!("{}\n", text.value())),
            _ => None,
        },
        _ => None,
    }
}
