//! Code in the making: lines of text.

/// Lines of code.
pub struct Code(String);

impl Code {
    pub fn new() -> Self {
        Self(String::new())
    }

    pub fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    /// A description, as an attribute: a text can hold what a comment cannot.
    pub fn doc(&mut self, indent: &str, doc: &str) {
        if !doc.is_empty() {
            self.line(&format!("{indent}#[doc = {:?}]", format!(" {doc}")));
        }
    }

    pub fn append(&mut self, other: Self) {
        self.0.push_str(&other.0);
    }

    pub fn into_text(self) -> String {
        self.0
    }
}
