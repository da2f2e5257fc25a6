//! What a crash leaves of a state.
//!
//! Anything that the contract of [`ecsdb::media`] allows may come out, and nothing else. The same seed gives the same image.

use std::sync::Arc;

use fastrand::Rng;

use super::state::{Change, File, Piece, State, write};

/// What survives of all that was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Nothing: what is left is what was synced.
    Nothing,
    /// Everything: as if only the process had been killed.
    Everything,
    /// Some of it, each write and each name by itself, whole or torn.
    Random {
        /// Chooses.
        seed: u64,
        /// The unit in bytes that is written as a whole or not at all: 1, or that of a sector or a page. Files are divided
        /// from their start.
        unit: usize,
    },
}

impl State {
    /// The state that is found after a crash. All of it is durable.
    pub fn image(&self, survival: Survival) -> Self {
        let mut chance = match survival {
            Survival::Nothing => Chance::Never,
            Survival::Everything => Chance::Always,
            Survival::Random { seed, unit } => {
                let mut rng = Rng::with_seed(seed);
                // So that images with few losses occur, and some with few survivors.
                let percent = rng.choice([10, 50, 90]).unwrap_or(50);
                Chance::Sometimes { rng, percent, unit }
            }
        };
        let mut names = self.durable_names.clone();
        for change in &self.name_changes {
            if chance.keeps_name() {
                change.apply(&mut names);
            }
        }
        let files = self.files.iter().map(|file| File::synced(chance.content(file))).collect();
        Self { dirs: self.dirs.clone(), files, names: names.clone(), durable_names: names, name_changes: Vec::new() }
    }
}

/// Decides what survives.
enum Chance {
    Never,
    Always,
    Sometimes { rng: Rng, percent: u8, unit: usize },
}

impl Chance {
    fn keeps_name(&mut self) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Sometimes { rng, percent, .. } => rng.u8(..100) < *percent,
        }
    }

    fn content(&mut self, file: &File) -> Arc<Vec<u8>> {
        let (rng, percent, unit) = match self {
            _ if file.pieces.is_empty() => return Arc::clone(&file.durable),
            Self::Never => return Arc::clone(&file.durable),
            Self::Always => return Arc::clone(&file.live),
            Self::Sometimes { rng, percent, unit } => (rng, *percent, *unit),
        };
        let mut content = Vec::clone(&file.durable);
        for Piece { change, .. } in &file.pieces {
            let survives = rng.u8(..100) < percent;
            match change {
                Change::Write { offset, bytes } if survives && rng.bool() => {
                    tear(rng, unit, &mut content, *offset, bytes);
                }
                _ if survives => change.apply(&mut content),
                _ => {}
            }
            // The new length can be written before what stands there.
            if let Change::Write { offset, bytes } = change
                && rng.bool()
            {
                let len = content.len().max(offset + bytes.len());
                content.resize(len, 0);
            }
        }
        Arc::new(content)
    }
}

/// Writes a part of `bytes`: a beginning, an end, or some of the units.
fn tear(rng: &mut Rng, unit: usize, content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    // Where units end within the bytes, and the first start.
    let first = offset / unit + 1;
    let bounds = |number: usize| (number * unit).clamp(offset, end);
    let units = end.div_ceil(unit) - offset / unit;
    match rng.u8(..4) {
        0 | 1 => {
            let cut = bounds(first + rng.usize(..units.max(1)));
            write(content, offset, &bytes[..cut - offset]);
        }
        2 => {
            let cut = bounds(first + rng.usize(..units.max(1)));
            write(content, cut, &bytes[cut - offset..]);
        }
        _ => {
            for number in first..first + units {
                if rng.bool() {
                    let (from, to) = (bounds(number - 1), bounds(number));
                    write(content, from, &bytes[from - offset..to - offset]);
                }
            }
        }
    }
}
