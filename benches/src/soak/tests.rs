//! Made-up series of figures: what a soak puts up with, and what it finds.

use super::{Excess, Figures, NOISE, Watch};

const LIVE: usize = 30 << 20;

/// Somebody who has let go, with nothing left over; a little more and less is allocated each time.
fn at_rest(cycle: usize) -> Figures {
    let coming_and_going = [0, 400, 150, 900, 20][cycle % 5] << 10;
    Figures { live: LIVE, allocated: LIVE + (4 << 20) + coming_and_going, ..Figures::default() }
}

/// What a soak of `cycles` cycles says whose figures after letting go are changed by `leak`.
fn soak(cycles: usize, leak: impl Fn(usize, &mut Figures)) -> Result<(), (usize, Excess)> {
    let mut watch = Watch::default();
    for cycle in 0..cycles {
        let mut now = at_rest(cycle);
        leak(cycle, &mut now);
        watch.let_go(&now, cycle > 0).map_err(|excess| (cycle, excess))?;
    }
    Ok(())
}

#[test]
fn what_comes_and_goes_is_no_leak() {
    assert_eq!(soak(60, |_, _| {}), Ok(()));
    // The first cycle warms up.
    assert_eq!(soak(60, |cycle, now| now.allocated += if cycle == 0 { 0 } else { 50 << 20 }), Ok(()));
}

#[test]
fn a_slow_leak_is_found() {
    // 50 KiB in a minute, of an hour.
    let (cycle, excess) = soak(60, |cycle, now| now.allocated += cycle * (50 << 10)).unwrap_err();
    assert_eq!(excess.what, "bytes that are allocated, which grow");
    assert!(cycle < 45, "found after {cycle} cycles: {excess}");
}

#[test]
fn a_version_that_nobody_lets_go_of_is_found_at_once() {
    let forgotten = |cycle: usize, now: &mut Figures| now.versions = usize::from(cycle == 7);
    assert_eq!(soak(60, forgotten).unwrap_err().0, 7);
    let page = |cycle: usize, now: &mut Figures| now.retained = usize::from(cycle == 7) * 4096;
    assert_eq!(soak(60, page).unwrap_err().0, 7);
    let spare = |cycle: usize, now: &mut Figures| now.spare = usize::from(cycle == 7) * 4096;
    assert_eq!(soak(60, spare).unwrap_err().0, 7);
}

#[test]
fn a_held_snapshot_retains_what_it_had_and_no_more() {
    let held = |retained| Figures { live: LIVE, retained, versions: 1, ..Figures::default() };
    let mut watch = Watch::default();
    assert_eq!(watch.held(&held(LIVE), LIVE), Ok(()));
    assert!(watch.held(&held(LIVE + 4096), LIVE).is_err());
    assert!(watch.held(&Figures { versions: 2, ..held(LIVE) }, LIVE).is_err(), "another version is not its affair");
}

/// What once ended a soak beside other work: a reader that gets no processor sits on a version while the writer has its turn.
#[test]
fn a_starved_reader_may_sit_on_a_version() {
    let mut watch = Watch::default();
    let starved = Figures { live: LIVE, retained: 2 * LIVE, versions: 2, ..Figures::default() };
    assert_eq!(watch.at_work(&starved), Ok(()));
    assert_eq!(soak(60, |_, _| {}), Ok(()));
}

#[test]
fn at_work_pages_without_versions_are_found() {
    let mut watch = Watch::default();
    let figures = Figures { live: LIVE, versions: 1, ..Figures::default() };
    assert_eq!(watch.at_work(&Figures { retained: LIVE + NOISE, ..figures }), Ok(()));
    assert!(watch.at_work(&Figures { retained: LIVE + NOISE + 4096, ..figures }).is_err());
    assert!(watch.at_work(&Figures { versions: 100, ..figures }).is_err());
    assert!(watch.at_work(&Figures { spare: 100 * LIVE, ..figures }).is_err());
}
