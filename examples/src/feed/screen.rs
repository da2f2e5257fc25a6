//! The screen: lines that follow the table of fighters by what has changed.

use std::collections::BTreeMap;
use std::fmt;

use ecsdb::changes::{Changes, Event};
use ecsdb::error::{Lagged, RecvError};
use ecsdb::{Db, Entity, Snapshot, Subscription, TransactionError};

use super::arena::{Fighter, FighterRef, Pit};

/// Below this a fighter is in danger.
const DANGER: u32 = 6;

/// What one commit did to the screen, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// A line is new, other or gone: as it is now.
    Line(String),
    /// The screen was too slow, and was drawn anew.
    Redrawn(Lagged),
}

impl fmt::Display for Touched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => f.write_str(line),
            Self::Redrawn(lagged) => write!(f, "(drawn anew: {lagged})"),
        }
    }
}

/// A list of all fighters, and one of those in danger.
pub struct Screen {
    fighters: Subscription<Pit, Fighter>,
    danger: Subscription<Pit, Fighter>,
    lines: BTreeMap<Entity, String>,
    in_danger: BTreeMap<Entity, String>,
}

fn line(fighter: FighterRef<'_>) -> String {
    let bar = "#".repeat(fighter.hp() as usize);
    format!("{:<10}{bar:<20} {:>2} hp, {} beaten", fighter.name(), fighter.hp(), fighter.wins())
}

impl Screen {
    /// A screen that follows `db`.
    ///
    /// # Errors
    /// If the database is closed.
    pub fn new(db: &Db<Pit>) -> Result<Self, TransactionError> {
        let fighters = db.subscribe::<Fighter>()?;
        let danger = db.subscribe::<Fighter>()?.filter(Fighter::C.hp.lt(DANGER));
        let mut screen = Self { fighters, danger, lines: BTreeMap::new(), in_danger: BTreeMap::new() };
        screen.draw();
        screen.draw_danger();
        Ok(screen)
    }

    /// Draws everything, as it is now. What comes after comes as changes.
    fn draw(&mut self) {
        let snapshot: Snapshot<Pit> = self.fighters.resync();
        self.lines = snapshot.table::<Fighter>().iter().map(|(entity, fighter)| (entity, line(fighter))).collect();
    }

    fn draw_danger(&mut self) {
        let snapshot: Snapshot<Pit> = self.danger.resync();
        let query = snapshot.query::<(Entity, FighterRef<'_>)>().filter(Fighter::C.hp.lt(DANGER));
        self.in_danger = query.iter().map(|(entity, fighter)| (entity, fighter.name().to_owned())).collect();
    }

    /// Waits for the next commit and changes the lines that it is about. `None` if there will be none.
    pub fn follow(&mut self) -> Option<Vec<Touched>> {
        let touched = match self.fighters.recv() {
            Ok(changes) => self.change(&changes),
            Err(RecvError::Lagged(lagged)) => {
                self.draw();
                vec![Touched::Redrawn(lagged)]
            }
            Err(_) => {
                self.follow_danger();
                return None;
            }
        };
        self.follow_danger();
        Some(touched)
    }

    fn change(&mut self, changes: &Changes<Fighter>) -> Vec<Touched> {
        let change = |event: Event<'_, Fighter>| match event {
            Event::Added { entity, new } => {
                self.lines.insert(entity, line(new));
                Touched::Line(format!("+ {}", new.name()))
            }
            Event::Changed { entity, columns, old, new } => {
                self.lines.insert(entity, line(new));
                Touched::Line(if columns.contains(Fighter::C.hp) {
                    format!("  {}: {} hp, was {}", new.name(), new.hp(), old.hp())
                } else {
                    format!("  {} has beaten {}", new.name(), new.wins())
                })
            }
            Event::Removed { entity, old } => {
                self.lines.remove(&entity);
                Touched::Line(format!("- {}", old.name()))
            }
        };
        changes.iter().map(change).collect()
    }

    /// Takes in what there is about those in danger, who come and go as the condition holds.
    fn follow_danger(&mut self) {
        loop {
            match self.danger.try_recv() {
                Ok(Some(changes)) => {
                    for event in changes.iter() {
                        match event {
                            Event::Removed { entity, .. } => self.in_danger.remove(&entity),
                            Event::Added { entity, new } | Event::Changed { entity, new, .. } => {
                                self.in_danger.insert(entity, new.name().to_owned())
                            }
                        };
                    }
                }
                Err(RecvError::Lagged(_)) => self.draw_danger(),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Whether it shows what `snapshot` has.
    pub fn shows(&self, snapshot: &Snapshot<Pit>) -> bool {
        let query = snapshot.query::<(Entity, FighterRef<'_>)>();
        let lines: BTreeMap<Entity, String> = query.iter().map(|(entity, fighter)| (entity, line(fighter))).collect();
        let danger = query.iter().filter(|(_, fighter)| fighter.hp() < DANGER);
        let danger: BTreeMap<Entity, String> =
            danger.map(|(entity, fighter)| (entity, fighter.name().to_owned())).collect();
        (lines, danger) == (self.lines.clone(), self.in_danger.clone())
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines.values() {
            writeln!(f, "{line}")?;
        }
        let names: Vec<&str> = self.in_danger.values().map(String::as_str).collect();
        writeln!(f, "in danger: {}", if names.is_empty() { "nobody".to_owned() } else { names.join(", ") })
    }
}
