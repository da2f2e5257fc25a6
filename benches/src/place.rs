//! Where the files of a benchmark lie while it runs.
//!
//! A log is only as fast as its disk, so they must not lie in memory by accident: the default is the target directory, and
//! the report says which file system that is.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A directory of one run, removed at its end.
pub struct Place {
    path: PathBuf,
    given: Cell<usize>,
}

impl Place {
    /// A new directory within the one that the argument `--dir=PATH` names, or within `default`.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(default: &str) -> io::Result<Self> {
        let named = std::env::args().find_map(|argument| argument.strip_prefix("--dir=").map(PathBuf::from));
        let path = named.unwrap_or_else(|| default.into()).join(format!("durable-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self { path: path.canonicalize()?, given: Cell::new(0) })
    }

    /// A path in it that was not given out before and does not exist.
    pub fn fresh(&self, name: &str) -> PathBuf {
        let number = self.given.get();
        self.given.set(number + 1);
        self.path.join(format!("{number}-{name}"))
    }

    /// The kind of file system, as the system calls it, if it says.
    pub fn file_system(&self) -> String {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        kind_of(&mounts, &self.path).unwrap_or("an unknown file system").to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed lies where temporary files lie.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The kind of the file system that is mounted the deepest on the way to `path`: of several at one place the last.
fn kind_of<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let (at, kind) = (Path::new(words.next()?), words.next()?);
            path.starts_with(at).then_some((at.components().count(), kind))
        })
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::kind_of;

    #[test]
    fn the_deepest_mount_counts() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/x xfs rw 0 0\n";
        assert_eq!(kind_of(mounts, Path::new("/home/me")), Some("ext4"));
        assert_eq!(kind_of(mounts, Path::new("/tmp/y")), Some("tmpfs"));
        assert_eq!(kind_of(mounts, Path::new("/tmp/x/z")), Some("xfs"));
        assert_eq!(kind_of(mounts, Path::new("/tmpx")), Some("ext4"));
        assert_eq!(kind_of("", Path::new("/")), None);
    }
}
