//! The scene and the market tell what happens in them.

use ecsdb_examples::{inventory, scene};

#[test]
fn a_ship_takes_down_what_is_on_it() {
    let text = scene::play().unwrap();
    assert!(text.contains("        gun at 116, 52\n"), "{text}");
    let (_, moved) = text.split_once("and the ship ahead:").unwrap();
    assert!(moved.contains("        gun at 102, 52\n"), "{text}");
    let (_, sunk) = moved.split_once("sinks, with 4 things on it:\n").unwrap();
    assert_eq!(sunk, "sea at 0, 0\n  gull at 0, 80\n");
}

#[test]
fn a_deal_is_done_as_a_whole_or_not_at_all() {
    let text = inventory::play().unwrap();
    for line in [
        "  Anna has 20 gold and chest, purse (in the chest), ring (in the purse)\n",
        "index `trader.name` is unique: ",
        "index `offer.item` is unique: ",
        "which must not go before it",
        "guard on `trader.gold` of entity ",
        "  Anna has 80 gold and chest\n",
        "  Berta has 40 gold and purse, ring (in the purse), axe\n",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(
        text.ends_with("her things with her:\n  Berta has 40 gold and purse, ring (in the purse), axe\n"),
        "{text}"
    );
}
