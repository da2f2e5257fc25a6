//! Texts that are put together at compile time, for the messages of checks that the compiler runs.

/// More than the longest message: two paths of types and two names. What does not fit is cut off.
const CAPACITY: usize = 1024;

/// A text of up to [`CAPACITY`] bytes.
#[derive(Clone, Copy)]
pub(super) struct Text {
    /// Only the first `len` bytes are in use; they are UTF-8.
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Text {
    pub const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    /// The text with `more` after it, or as much of it as fits.
    pub const fn str(mut self, more: &str) -> Self {
        let mut end = more.len();
        if end > CAPACITY - self.len {
            end = CAPACITY - self.len;
            while !more.is_char_boundary(end) {
                end -= 1;
            }
        }
        let mut index = 0;
        while index < end {
            self.bytes[self.len + index] = more.as_bytes()[index];
            index += 1;
        }
        self.len += end;
        self
    }

    /// The text with `number` after it, in decimal.
    pub const fn number(self, number: u64) -> Self {
        let mut digits = [b'0'; 20];
        let (mut start, mut rest) = (digits.len(), number);
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        match core::str::from_utf8(digits.split_at(start).1) {
            Ok(digits) => self.str(digits),
            Err(_) => unreachable!(),
        }
    }

    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => unreachable!(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_together_and_cut_between_letters() {
        assert_eq!(Text::new().str("ä ").number(0).str(" ").number(u64::MAX).as_str(), "ä 0 18446744073709551615");
        let long = "ä".repeat(CAPACITY);
        assert_eq!(Text::new().str("a").str(&long).as_str(), "a".to_owned() + &long[..CAPACITY - 2]);
    }
}
