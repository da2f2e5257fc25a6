//! Texts that are put together at compile time, for the panics of compile-time checks.
//!
//! Owns one fixed buffer and how to append to it, and a number for a text.

/// A number for a text (FNV-1a), at compile time too.
pub const fn fnv1a(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x100_0000_01b3);
        index += 1;
    }
    hash
}

/// The most bytes of a text; what is longer is cut.
const TEXT_BYTES_MAX: usize = 512;

/// A text that a constant can build. Empty means that there is nothing to complain about.
pub struct Text {
    /// UTF-8 up to `len`: only whole `str`s and digits are appended.
    bytes: [u8; TEXT_BYTES_MAX],
    len: usize,
}

debug_as!(Text);

impl Text {
    /// The empty text.
    #[expect(clippy::new_without_default, reason = "nothing makes one outside a constant")]
    pub const fn new() -> Self {
        Self { bytes: [0; TEXT_BYTES_MAX], len: 0 }
    }

    /// The text with `part` at its end; left out where it does not fit.
    pub const fn str(mut self, part: &str) -> Self {
        let part = part.as_bytes();
        if self.len + part.len() <= TEXT_BYTES_MAX {
            let mut index = 0;
            while index < part.len() {
                self.bytes[self.len + index] = part[index];
                index += 1;
            }
            self.len += part.len();
        }
        self
    }

    /// The text with `number` at its end, in decimal.
    pub const fn number(self, number: usize) -> Self {
        let mut text = if number >= 10 { self.number(number / 10) } else { self };
        if text.len < TEXT_BYTES_MAX {
            text.bytes[text.len] = b'0' + (number % 10) as u8;
            text.len += 1;
        }
        text
    }

    /// The text with `count` and the noun that goes with it, such as `1 byte` and `3 bytes`.
    pub const fn bytes(self, count: usize) -> Self {
        self.number(count).str(if count == 1 { " byte" } else { " bytes" })
    }

    /// Whether there is nothing to say.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The text.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }
}

/// Stops the build with `text` at the place of the call, unless it is empty.
///
/// # Panics
/// If there is something to say.
#[track_caller]
pub const fn stop(text: Text) {
    if !text.is_empty() {
        panic!("{}", text.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_together() {
        assert_eq!(Text::new().as_str(), "");
        assert_eq!(Text::new().str("a").number(0).str("b").number(1205).as_str(), "a0b1205");
        assert_eq!(Text::new().bytes(1).str(", ").bytes(2).as_str(), "1 byte, 2 bytes");
    }

    #[test]
    #[should_panic(expected = "2 bytes")]
    fn a_text_stops_the_build() {
        stop(Text::new());
        stop(Text::new().bytes(2));
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let long = "x".repeat(TEXT_BYTES_MAX - 1);
        assert_eq!(Text::new().str(&long).str("é").number(77).as_str().len(), TEXT_BYTES_MAX);
    }
}
