//! What every implementation of publication must do, run against each of them.

use std::time::{Duration, Instant};

use crate::sync::shim::{Arc, AtomicUsize, Ordering, thread};

/// Counts how many values are alive, and tells whether it is seen half written.
struct Value {
    version: u64,
    check: u64,
    alive: Arc<AtomicUsize>,
}

impl Value {
    fn new(version: u64, alive: &Arc<AtomicUsize>) -> Arc<Self> {
        alive.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { version, check: !version, alive: Arc::clone(alive) })
    }

    fn set(&mut self, version: u64) {
        self.version = version;
        self.check = !version;
    }

    fn read(&self) -> u64 {
        assert_eq!(self.check, !self.version, "a value is read while it is written");
        self.version
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

macro_rules! conformance {
    ($implementation:ident) => {
        mod $implementation {
            use super::*;
            use crate::sync::publish::$implementation::{Published, Publisher, publish};

            #[test]
            fn a_store_is_seen_by_every_reader_and_returns_the_previous_value() {
                let alive = Arc::default();
                let (mut publisher, reader) = publish(Value::new(1, &alive));
                let second_reader = reader.clone();
                assert_eq!((reader.load().read(), publisher.latest().read()), (1, 1));
                assert_eq!(publisher.store(Value::new(2, &alive)).read(), 1);
                assert_eq!(reader.load().read(), 2);
                assert_eq!(second_reader.load().read(), 2);
                assert_eq!(publisher.reader().load().read(), 2);
                assert_eq!(publisher.latest().read(), 2);
            }

            #[test]
            fn only_a_value_that_nobody_can_see_is_reclaimed() {
                let alive = Arc::default();
                let (mut publisher, reader) = publish(Value::new(1, &alive));
                let mut published = publisher.latest();
                assert!(publisher.reclaim(&mut published).is_none(), "it is published");
                drop(published);

                let pin = reader.load();
                let mut previous = publisher.store(Value::new(2, &alive));
                assert!(publisher.reclaim(&mut previous).is_none(), "it is pinned");
                drop(pin);
                publisher.reclaim(&mut previous).expect("nobody holds it").set(3);
                publisher.store(previous);
                assert_eq!(reader.load().read(), 3);
            }

            #[test]
            fn the_published_value_may_be_published_again() {
                let alive = Arc::default();
                let (mut publisher, reader) = publish(Value::new(1, &alive));
                for _ in 0..3 {
                    let same = publisher.latest();
                    assert_eq!(publisher.store(same).read(), 1);
                }
                assert_eq!(reader.load().read(), 1);
                drop((publisher, reader));
                assert_eq!(alive.load(Ordering::Relaxed), 0);
            }

            #[test]
            fn pins_outlive_both_ends_and_nothing_leaks() {
                let alive = Arc::default();
                let (mut publisher, reader) = publish(Value::new(1, &alive));
                let first = reader.load();
                drop(publisher.store(Value::new(2, &alive)));
                let second = reader.load();
                drop(publisher);
                assert_eq!(reader.load().read(), 2, "the last value stays published");
                drop(reader);
                assert_eq!((first.read(), second.read()), (1, 2));
                assert_eq!(alive.load(Ordering::Relaxed), 2);
                drop((first, second));
                assert_eq!(alive.load(Ordering::Relaxed), 0);
            }

            #[test]
            fn both_ends_may_move_to_and_be_shared_by_other_threads() {
                fn sendable<S: Send + Sync>() {}
                sendable::<Publisher<Value>>();
                sendable::<Published<Value>>();
            }

            /// A writer that turns over a few values as fast as it can, changing them in place where it may, and readers
            /// that pin, look twice, and never see a torn value or an older one than before.
            #[test]
            fn readers_never_see_a_value_change_or_go_back() {
                let (stores, readers): (u64, usize) = if cfg!(miri) { (60, 2) } else { (100_000, 3) };
                let give_up_at = Instant::now() + Duration::from_secs(if cfg!(miri) { 600 } else { 1 });
                let alive = Arc::default();
                let (mut publisher, reader) = publish(Value::new(0, &alive));
                let running = Arc::new(AtomicUsize::new(1));
                let threads: Vec<_> = (0..readers)
                    .map(|_| {
                        let (reader, running) = (reader.clone(), Arc::clone(&running));
                        thread::spawn(move || {
                            let mut newest = 0;
                            while running.load(Ordering::Relaxed) == 1 {
                                let pin = reader.load();
                                let version = pin.read();
                                assert!(version >= newest, "a reader went back in time");
                                newest = version;
                                thread::yield_now();
                                assert_eq!(pin.read(), version, "a pinned value changed");
                            }
                        })
                    })
                    .collect();

                let mut spares: Vec<Arc<Value>> = Vec::new();
                for version in 1..=stores {
                    let free = spares
                        .iter_mut()
                        .position(|spare| publisher.reclaim(spare).map(|value| value.set(version)).is_some());
                    let next = free.map_or_else(|| Value::new(version, &alive), |index| spares.swap_remove(index));
                    spares.push(publisher.store(next));
                    // Some displaced values are dropped by the writer, so that a pin is their last reference.
                    if version % 7 == 0 {
                        spares.clear();
                    }
                    if version % 64 == 0 && Instant::now() > give_up_at {
                        break;
                    }
                }
                running.store(0, Ordering::Relaxed);
                for thread in threads {
                    thread.join().unwrap();
                }
                drop((publisher, reader, spares));
                assert_eq!(alive.load(Ordering::Relaxed), 0, "a value leaked");
            }
        }
    };
}

conformance!(hazard);
conformance!(swap);
