//! What is looked for: a key of some columns, and a range between two such keys.

use core::ops::Bound;

use super::part::{Form, Part, text};
use super::{KeyBuf, KeySpec};
use crate::bytes::RowBytes;

/// The values of the first columns of a key, or of all of them, to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// As far as keys decide.
    key: KeyBuf,
    /// With all bytes of all texts.
    full: KeyBuf,
    /// The bytes of the values as they stand in a row, if these say everything.
    plain: Option<KeyBuf>,
    /// Whether keys that begin with `key` may belong to other values.
    is_cut: bool,
    /// How many columns it has values for.
    columns: usize,
    /// Whether one of the values is none.
    has_none: bool,
}

impl Probe {
    pub(super) fn new<'v>(spec: &KeySpec, values: impl Iterator<Item = RowBytes<'v>>) -> Self {
        let mut probe = Self {
            key: KeyBuf::new(),
            full: KeyBuf::new(),
            plain: spec.is_plain.then(KeyBuf::new),
            is_cut: false,
            columns: 0,
            has_none: false,
        };
        for (value, column) in values.zip(&spec.columns) {
            let full = probe.full.len();
            probe.columns += 1;
            if let Some(plain) = &mut probe.plain {
                plain.extend_from_slice(&value.row[..column.row_bytes]);
            }
            column.part.encode(value.row, value.heap, Form::Full, &mut probe.full);
            probe.has_none |= column.part.is_optional() && probe.full[full] == 0;
            if probe.is_cut {
                continue;
            }
            let start = probe.key.len();
            column.part.encode(value.row, value.heap, Form::Cut, &mut probe.key);
            let ends = column.part.texts().map(|at| start + at + super::TEXT_KEY_BYTES);
            if let Some(end) = ends.into_iter().find(|end| probe.key[end - 1] != 0) {
                probe.key.truncate(end);
                probe.is_cut = true;
            }
        }
        probe
    }

    /// What keys of all texts begin with that begin with `prefix`, in the column number `column`, the one behind those of this
    /// probe, which is a text.
    #[must_use]
    pub fn with_text_prefix(mut self, spec: &KeySpec, column: usize, prefix: &str) -> Self {
        let mut part = spec.columns.get(column).map(|column| &column.part);
        if let Some(Part::Optional { inner, .. }) = part {
            self.push(&[1]);
            part = Some(inner);
        }
        if let Some(Part::FixedText { bytes }) = part {
            // What is longer than the column would go on in the next one. No text begins with it, as a look at the rows shows.
            self.push(&prefix.as_bytes()[..prefix.len().min(*bytes)]);
            return self;
        }
        let mut bytes = KeyBuf::new();
        text(prefix.as_bytes(), Form::Full, &mut bytes);
        // The end belongs to the prefix only.
        bytes.pop();
        self.full.extend_from_slice(&bytes);
        if !self.is_cut {
            bytes.truncate(super::TEXT_KEY_BYTES);
            self.key.extend_from_slice(&bytes);
            self.is_cut = prefix.len() >= super::TEXT_KEY_BYTES;
        }
        self
    }

    fn push(&mut self, bytes: &[u8]) {
        self.full.extend_from_slice(bytes);
        if !self.is_cut {
            self.key.extend_from_slice(bytes);
        }
    }

    /// What keys of these values begin with.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// What full keys of these values begin with.
    pub fn full(&self) -> &[u8] {
        &self.full
    }

    /// The [identity](KeySpec::identities) of the key, if there are values for all columns.
    pub fn identity(&self) -> &[u8] {
        self.plain.as_ref().unwrap_or(&self.full)
    }

    /// As [`Self::identity`].
    pub fn into_identity(self) -> KeyBuf {
        self.plain.unwrap_or(self.full)
    }

    /// How many columns it has values for.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether one of the values is none.
    pub fn has_none(&self) -> bool {
        self.has_none
    }

    /// Whether keys that begin with [`Self::key`] may belong to other values, so that rows have to be looked at.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }
}

/// Keys between two ends.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a look-up has one, and allocates nothing")]
pub enum KeyRange {
    /// Those that begin with these values.
    Equal(Probe),
    /// Those between two ends, see [`KeyRange::new`].
    Between(Bound<Probe>, Bound<Probe>),
}

impl KeyRange {
    /// All keys.
    pub const ALL: Self = Self::Between(Bound::Unbounded, Bound::Unbounded);

    /// The keys between two ends. An end that names the first columns only stands for all keys that begin with these values: as
    /// a whole they are in the range or outside of it.
    pub fn new(from: Bound<Probe>, to: Bound<Probe>) -> Self {
        match (from, to) {
            (Bound::Included(from), Bound::Included(to)) if from == to => Self::Equal(from),
            (from, to) => Self::Between(from, to),
        }
    }

    /// The ends.
    fn bounds(&self) -> (Bound<&Probe>, Bound<&Probe>) {
        match self {
            Self::Equal(probe) => (Bound::Included(probe), Bound::Included(probe)),
            Self::Between(from, to) => (from.as_ref(), to.as_ref()),
        }
    }

    /// Whether a row whose full key this is is in the range.
    pub fn contains(&self, full: &[u8]) -> bool {
        let (from, to) = self.bounds();
        let from = match from {
            Bound::Unbounded => true,
            Bound::Included(probe) => *full >= *probe.full,
            Bound::Excluded(probe) => *full > *probe.full && !full.starts_with(&probe.full),
        };
        from && match to {
            Bound::Unbounded => true,
            Bound::Included(probe) => *full < *probe.full || full.starts_with(&probe.full),
            Bound::Excluded(probe) => *full < *probe.full,
        }
    }

    /// Whether a key that lies between the [ends](Self::ends) may belong to a row that is not in the range.
    pub fn is_cut(&self) -> bool {
        let is_cut = |bound: Bound<&Probe>| match bound {
            Bound::Unbounded => false,
            Bound::Included(probe) | Bound::Excluded(probe) => probe.is_cut,
        };
        let (from, to) = self.bounds();
        is_cut(from) || is_cut(to)
    }

    /// The range as bytes of `width`, a key and what follows it: from the first bytes on, and before the second ones. All keys
    /// of the range lie between, and of others only such that have to be compared with [`Self::contains`].
    ///
    /// No stored bytes are all ones behind a key.
    pub fn ends(&self, width: usize) -> (KeyBuf, KeyBuf) {
        let filled = |probe: &Probe, with: u8| {
            let mut bytes = probe.key.clone();
            bytes.resize(width, with);
            bytes
        };
        let (from, to) = self.bounds();
        let from = match from {
            Bound::Unbounded => KeyBuf::from_elem(0, width),
            Bound::Included(probe) => filled(probe, 0),
            Bound::Excluded(probe) => filled(probe, if probe.is_cut { 0 } else { u8::MAX }),
        };
        let to = match to {
            Bound::Unbounded => KeyBuf::from_elem(u8::MAX, width),
            Bound::Included(probe) => filled(probe, u8::MAX),
            Bound::Excluded(probe) => filled(probe, if probe.is_cut { u8::MAX } else { 0 }),
        };
        (from, to)
    }
}
