//! ecsdb in a directory, whose rows are found by a number, as those of the other stores are.

use std::path::Path;

use ecsdb::Db;

use super::ecsdb::{open, settle};
use super::{Does, Row, Store, portions, row};
use crate::Failure;
use crate::contenders::numbered::{self, Numbered, Numbers, numbered};

/// A database of rows with numbers.
pub struct EcsdbByNumber(Db<Numbers>);

impl Store for EcsdbByNumber {
    const NAME: &'static str = "ecsdb by number";
    const DOES: Does = Does {
        how: "the same, but rows are looked up by their numbers in a unique hash index, those of one commit or look together (`one_each`), and \
              every commit is waited for; the number is part of the row",
        ..super::Ecsdb::DOES
    };

    fn open(dir: &Path) -> Result<Self, Failure> {
        Ok(Self(open(dir)?))
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for numbers in portions(count) {
            let rows = numbers.map(|number| (numbered(number as u32, row(number)),));
            self.0.write(move |tx| Ok(tx.spawn_all(rows)?))?;
        }
        self.0.sync()?;
        Ok(())
    }

    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        let (snapshot, mut tx) = (self.0.snapshot(), self.0.begin());
        for (number, entity) in rows.iter().zip(numbered::entities(&snapshot, rows)) {
            tx.replace(entity, numbered(*number, value));
        }
        // Or it would stay, and the writer copy what is in it.
        drop(snapshot);
        if durable {
            tx.commit_durable()?
        } else {
            tx.commit_visible()?
        };
        Ok(())
    }

    fn read(&self, rows: &[u32]) -> Result<f64, Failure> {
        Ok(numbered::sum(&self.0.snapshot(), rows))
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let (mut sum, mut count) = (0.0, 0);
        self.0.snapshot().query::<&Numbered>().for_each(|row| {
            sum += f64::from(row.x);
            count += 1;
        });
        Ok((sum, count))
    }

    const COPIES: bool = true;

    fn copy(&self, to: &Path) -> Result<(), Failure> {
        // As a whole, as the others do: a checkpoint would write what has changed.
        self.0.backup(to)?;
        Ok(())
    }

    fn settle(&self) -> Result<(), Failure> {
        settle(&self.0)
    }
}
