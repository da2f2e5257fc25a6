//! Whole objects, compressed with zstd if the build has it.

use super::ArchiveError;

/// `bytes` compressed, if that is wanted. A build without zstd never wants it.
pub fn pack(name: &str, bytes: &[u8], level: Option<i32>) -> Result<Option<Vec<u8>>, ArchiveError> {
    #[cfg(feature = "zstd")]
    if let Some(level) = level {
        return zstd::bulk::compress(bytes, level).map(Some).map_err(ArchiveError::store("compress", name));
    }
    let _ = (name, bytes, level);
    Ok(None)
}

/// What was compressed to `object`.
#[cfg(feature = "zstd")]
pub fn unpack(name: &str, object: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    // In pieces, so that memory is taken as it is needed, not as the object says.
    zstd::stream::decode_all(object)
        .map_err(|error| ArchiveError::Damaged { name: name.to_owned(), what: error.to_string() })
}

/// What was compressed to an object is for builds that can read it.
#[cfg(not(feature = "zstd"))]
pub fn unpack(name: &str, _: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    Err(ArchiveError::Compressed { name: name.to_owned() })
}
