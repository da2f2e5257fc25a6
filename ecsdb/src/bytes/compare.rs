//! Comparing bytes.

/// Whether these are the same bytes. Most values have as many as a register, which are compared as a number.
#[inline]
pub fn are_same(one: &[u8], other: &[u8]) -> bool {
    match (one.len(), other.len()) {
        (4, 4) => one.first_chunk::<4>() == other.first_chunk(),
        (8, 8) => one.first_chunk::<8>() == other.first_chunk(),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::are_same;

    #[test]
    fn bytes_of_every_length_are_the_same_as_themselves_only() {
        let bytes: Vec<u8> = (0..12).collect();
        for len in 0..=12 {
            for other in 0..=12 {
                assert_eq!(are_same(&bytes[..len], &bytes[..other]), len == other);
            }
            for at in 0..len {
                let mut changed = bytes[..len].to_vec();
                changed[at] ^= 0x80;
                assert!(!are_same(&bytes[..len], &changed));
            }
        }
    }
}
