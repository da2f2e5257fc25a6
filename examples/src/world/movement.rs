//! Everybody moves, and some change their mind.

use ecsdb::{Entity, Transaction, TransactionError};

use super::components::{Pos, Vel, WORLD_SIDE, World};

/// Moves all mobs by `dt` seconds, after those in `turns` have taken a new direction. Returns how many rows changed.
pub fn move_all(tx: &mut Transaction<'_, World>, dt: f32, turns: Vec<(Entity, Vel)>) -> Result<u64, TransactionError> {
    let turned = turns.len() as u64;
    for (mob, vel) in turns {
        tx.modify(mob, |old: &mut Vel| *old = vel)?;
    }
    let moved = tx.update_all(move |pos: &mut Pos, vel: &Vel| {
        pos.x = wrapped(pos.x + vel.x * dt);
        pos.y = (pos.y + vel.y * dt).max(0.0);
        pos.z = wrapped(pos.z + vel.z * dt);
    })?;
    Ok(turned + moved)
}

/// The coordinate within the world, of one that is less than one side outside.
fn wrapped(coordinate: f32) -> f32 {
    let inside = if coordinate < 0.0 {
        coordinate + WORLD_SIDE
    } else if coordinate >= WORLD_SIDE {
        coordinate - WORLD_SIDE
    } else {
        coordinate
    };
    // A tiny negative number plus the side is the side itself, which is outside.
    if inside < WORLD_SIDE { inside } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_come_back_on_the_other_side() {
        assert_eq!(wrapped(5.0), 5.0);
        assert_eq!(wrapped(-1.0), WORLD_SIDE - 1.0);
        assert_eq!(wrapped(WORLD_SIDE), 0.0);
        assert_eq!(wrapped(-f32::MIN_POSITIVE), 0.0);
    }
}
