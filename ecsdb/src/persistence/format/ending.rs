//! What a log had when it was closed, in a file of its own: [`Directory::ending`](super::super::directory::Directory::ending).
//!
//! A log that ends too early looks like one that was being written when the machine stopped. After a close it is none, and this says so.

/// What a file of this kind begins with.
const MAGIC: [u8; 8] = *b"ecsdbEND";

/// The length of the file.
const BYTES: usize = MAGIC.len() + 3 * 8 + 4;

/// Where the log ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The last version.
    pub version: u64,
    /// The timeline of the last segment.
    pub timeline: u64,
    /// Its number.
    pub sequence: u64,
}

impl Ending {
    /// The bytes of the file.
    pub fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let (body, crc) = bytes.split_at_mut(BYTES - 4);
        body[..MAGIC.len()].copy_from_slice(&MAGIC);
        for (place, number) in body[MAGIC.len()..].chunks_exact_mut(8).zip([self.version, self.timeline, self.sequence])
        {
            place.copy_from_slice(&number.to_le_bytes());
        }
        crc.copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
        bytes
    }

    /// What `bytes` say; nothing if they are not as they were written.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(BYTES - 4)?;
        if crc != crc32c::crc32c(body).to_le_bytes() || !body.starts_with(&MAGIC) {
            return None;
        }
        let number = |at: usize| {
            let from = MAGIC.len() + at * 8;
            Some(u64::from_le_bytes(body.get(from..from + 8)?.try_into().ok()?))
        };
        Some(Self { version: number(0)?, timeline: number(1)?, sequence: number(2)? })
    }

    /// Whether a log that ends with version `version`, in segment `sequence` of `timeline`, has lost something since.
    ///
    /// Segments count upwards, and another timeline begins with another segment: so a log that has come further since is one that
    /// was opened again.
    pub fn is_missed_by(self, version: u64, timeline: u64, sequence: u64) -> bool {
        sequence < self.sequence || timeline == self.timeline && version < self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_as_it_was_written_says_nothing() {
        let ending = Ending { version: 337, timeline: u64::MAX, sequence: 5 };
        let bytes = ending.to_bytes();
        assert_eq!(Ending::from_bytes(&bytes), Some(ending));
        for at in 0..bytes.len() {
            let mut flipped = bytes;
            flipped[at] ^= 1;
            assert_eq!(Ending::from_bytes(&flipped), None, "byte {at}");
            assert_eq!(Ending::from_bytes(&bytes[..at]), None, "cut off at {at}");
        }
    }

    #[test]
    fn a_log_that_was_opened_again_misses_nothing() {
        let ending = Ending { version: 300, timeline: 7, sequence: 5 };
        assert!(!ending.is_missed_by(300, 7, 5));
        assert!(!ending.is_missed_by(310, 7, 5));
        assert!(!ending.is_missed_by(305, 8, 6), "another timeline, which began later");
        assert!(ending.is_missed_by(299, 7, 5));
        assert!(ending.is_missed_by(270, 7, 4));
        assert!(ending.is_missed_by(270, 6, 4), "the segment in which the timeline began is missing");
    }
}
