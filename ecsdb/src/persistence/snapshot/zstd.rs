//! Compression of frames: `zstd`, if the crate was built with it.

use std::io;

/// Replaces `out` with `bytes`, compressed.
#[cfg(feature = "zstd")]
pub fn compress(bytes: &[u8], level: i32, out: &mut Vec<u8>) -> io::Result<()> {
    out.clear();
    out.resize(::zstd::zstd_safe::compress_bound(bytes.len()), 0);
    let len = ::zstd::bulk::compress_to_buffer(bytes, out, level)?;
    out.truncate(len);
    Ok(())
}

/// Nothing asks for it: without the feature there is no setting for it.
#[cfg(not(feature = "zstd"))]
pub fn compress(_: &[u8], _: i32, _: &mut Vec<u8>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The `raw` bytes that were compressed to `bytes`; `None` if the crate was built without it.
#[cfg(feature = "zstd")]
pub fn decompress(bytes: &[u8], raw: usize) -> Option<io::Result<Vec<u8>>> {
    use std::io::Read;
    let mut out = Vec::new();
    let decoder = match ::zstd::stream::read::Decoder::new(bytes) {
        Ok(decoder) => decoder,
        Err(error) => return Some(Err(error)),
    };
    // What was promised is not allocated before it has come.
    let done = decoder.take(raw as u64 + 1).read_to_end(&mut out).and_then(|len| {
        let wrong = || io::Error::other(format!("{len} bytes came out and not {raw}"));
        if len == raw { Ok(out) } else { Err(wrong()) }
    });
    Some(done)
}

/// See above.
#[cfg(not(feature = "zstd"))]
pub fn decompress(_: &[u8], _: usize) -> Option<io::Result<Vec<u8>>> {
    None
}
