//! Writes the golden directories of a format, `golden FORMAT`, where they are missing. What is there stays as it is: these
//! directories are what earlier versions have left.

use std::error::Error;
use std::fs;

use ecsdb_tests::golden::{make, outcome, root};

fn main() -> Result<(), Box<dyn Error>> {
    let format = std::env::args().nth(1).ok_or("usage: golden FORMAT")?;
    for (case, files) in make() {
        let dir = root().join(&format).join(case);
        if dir.exists() {
            continue;
        }
        for (name, content) in &files {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().expect("it is in the directory"))?;
            fs::write(path, content)?;
        }
        fs::write(dir.with_extension("txt"), outcome(&files))?;
    }
    Ok(())
}
