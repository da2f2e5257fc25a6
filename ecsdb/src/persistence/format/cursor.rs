//! Reading numbers from bytes, front to back.

use thiserror::Error;

/// Bytes that are not what the format says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what}")]
pub struct Malformed {
    /// Where they stand, counted from the first byte that was read.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

/// What is left to read.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Reads `bytes`, which stand at `at`.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { rest: bytes, at }
    }

    /// Where the next byte stands.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// An error about the next byte.
    pub fn malformed(&self, what: impl Into<String>) -> Malformed {
        Malformed { at: self.at, what: what.into() }
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let Some((bytes, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.malformed(format!("{len} bytes are expected, {} are left", self.rest.len())));
        };
        self.rest = rest;
        self.at += len;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    /// The next two bytes as a number.
    pub fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// The next four bytes as a number.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// The next eight bytes as a number.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A name: its length in two bytes, and then its text.
    pub fn name(&mut self) -> Result<&'a str, Malformed> {
        let at = self.at;
        let len = self.u16()?;
        core::str::from_utf8(self.bytes(len.into())?).map_err(|_| Malformed { at, what: "a name is not UTF-8".into() })
    }
}
