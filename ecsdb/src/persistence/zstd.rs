//! Compression with zstd, if the crate was built with it: of frames of snapshot files, and of objects in archives.
//!
//! What was compressed comes from outside, and what it says of its length is not believed: memory is taken as bytes come out, and what
//! zstd itself looks back on is limited by what so many bytes can come to.

use std::io;

/// Whether the crate was built with it.
pub const IS_THERE: bool = cfg!(feature = "zstd");

/// Replaces `out` with `bytes`, compressed.
#[cfg(feature = "zstd")]
pub fn compress(bytes: &[u8], level: i32, out: &mut Vec<u8>) -> io::Result<()> {
    out.clear();
    out.resize(::zstd::zstd_safe::compress_bound(bytes.len()), 0);
    let len = ::zstd::bulk::compress_to_buffer(bytes, out, level)?;
    out.truncate(len);
    Ok(())
}

/// Nothing asks for it where it [is not there](IS_THERE).
#[cfg(not(feature = "zstd"))]
pub fn compress(_: &[u8], _: i32, _: &mut Vec<u8>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What was compressed to `bytes`, if that is `most` bytes or fewer; `None` if the crate was built without it.
#[cfg(feature = "zstd")]
pub fn decompress(bytes: &[u8], most: usize) -> Option<io::Result<Vec<u8>>> {
    Some(unpack(bytes, most))
}

/// See above.
#[cfg(not(feature = "zstd"))]
pub fn decompress(_: &[u8], _: usize) -> Option<io::Result<Vec<u8>>> {
    None
}

#[cfg(feature = "zstd")]
fn unpack(bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
    use std::io::Read;
    /// Bytes of a block of zstd at least, and what comes out of it at most.
    const BLOCK: (usize, usize) = (4, 128 << 10);
    /// How far zstd can look back at least and at most, as powers of two: what it does not read otherwise.
    const WINDOWS: (u32, u32) = (10, 27);

    let possible = (bytes.len() / BLOCK.0 + 1).saturating_mul(BLOCK.1).min(most).max(1);
    let mut decoder = ::zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max((possible - 1).checked_ilog2().map_or(0, |log| log + 1).clamp(WINDOWS.0, WINDOWS.1))?;
    let mut out = Vec::new();
    // What was promised is not allocated before it has come.
    let len = decoder.take((most as u64).saturating_add(1)).read_to_end(&mut out)?;
    if len > most {
        return Err(io::Error::other(format!("more than {most} bytes come out of it")));
    }
    Ok(out)
}

#[cfg(all(test, feature = "zstd"))]
mod tests {
    use super::*;

    fn packed(bytes: &[u8], level: i32) -> Vec<u8> {
        let mut out = vec![1, 2, 3];
        compress(bytes, level, &mut out).unwrap();
        out
    }

    fn unpacked(bytes: &[u8], most: usize) -> io::Result<Vec<u8>> {
        decompress(bytes, most).unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let mixed = |len: usize| -> Vec<u8> { (0..len).map(|at| (at * at / 7) as u8).collect() };
        for bytes in [Vec::new(), vec![7], vec![7; 5_000_000], mixed(1000), mixed(400_000)] {
            for level in [1, 3, 19, 22] {
                let packed = packed(&bytes, level);
                assert_eq!(unpacked(&packed, bytes.len()).unwrap(), bytes, "{} bytes", bytes.len());
                assert_eq!(unpacked(&packed, usize::MAX).unwrap(), bytes);
                if !bytes.is_empty() {
                    assert!(unpacked(&packed, bytes.len() - 1).is_err(), "more than was allowed");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_changed_is_an_error_or_something_else() {
        let bytes: Vec<u8> = (0..3000_u32).flat_map(u32::to_le_bytes).collect();
        let packed = packed(&bytes, 3);
        for len in 0..packed.len() {
            assert!(unpacked(&packed[..len], bytes.len()).map_or(true, |found| found != bytes), "{len} bytes");
        }
        for at in 0..packed.len() {
            let mut changed = packed.clone();
            changed[at] ^= 0x10;
            assert!(unpacked(&changed, bytes.len()).is_err() || at > 0, "byte {at}");
        }
    }
}
