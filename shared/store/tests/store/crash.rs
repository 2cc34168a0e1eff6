//! What a power cut, a full disk and flipped bits leave of what was acknowledged.

use std::ops::ControlFlow;

use crate::common::*;
use vigie_merge::RangeSet;
use vigie_model::{GapReason, SeriesIx, UtcMs};
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::{CommitError, Log, Options, Pressure, Write};

/// A busy stream: loose ticks, segments over them, segments on their own, gaps, receipts and deletions.
struct Busy {
    machine: Machine,
    next: u64,
    chance: Chance,
}

impl Busy {
    fn new(seed: u64) -> Self {
        Self { machine: Machine::new(1), next: 1, chance: Chance(seed) }
    }

    /// One commit's worth, and the numbers it makes durable.
    fn batch(&mut self) -> (Vec<Write>, RangeSet) {
        let (mut writes, mut numbers) = (vec![self.machine.hello()], RangeSet::new());
        for _ in 0..1 + self.chance.below(3) {
            let (first, last) = (self.next, self.next + self.chance.below(30));
            self.next = last + 1;
            numbers.insert(first, last);
            match self.chance.below(4) {
                0 => writes.push(self.machine.ticks(first, last)),
                1 => writes.push(self.machine.sealed(first, last)),
                2 => {
                    writes.push(self.machine.ticks(first, last));
                    writes.push(Write::Seal(self.machine.segment(first, last).seal));
                }
                _ => writes.push(self.machine.gap(first, last, GapReason::Interrupted, None)),
            }
        }
        (writes, numbers)
    }
}

fn power_cut_once(seed: u64, options: &Options) {
    let mut busy = Busy::new(seed);
    let disk = FaultDisk::new();
    let mut log = Log::open_on(disk.clone(), options.clone()).expect("an empty disk").0;
    let cut_at = disk.operations() + busy.chance.below(150);
    disk.set_faults(Faults { cut_at: Some(cut_at), ..Faults::default() });
    let mut acknowledged = RangeSet::new();
    for _ in 0..30 {
        let (writes, numbers) = busy.batch();
        if log.commit(writes).is_err() {
            break;
        }
        acknowledged.union_with(&numbers);
        if busy.chance.below(3) == 0 {
            lay_out(&mut log);
        }
    }
    let after = disk.power_cut(seed ^ 0xc0ffee);
    let (mut log, report) = Log::open_on(after, options.clone()).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    assert!(!report.damaged && report.rebuilt.is_empty(), "seed {seed}: {report:?}");
    let have = log.streams().get(&busy.machine.stream).map(|facts| facts.have.clone()).unwrap_or_default();
    let lost = acknowledged.without(&have);
    assert!(lost.is_empty(), "seed {seed}: lost {lost:?}");
    let mut served = served(&log, &busy.machine);
    served.ticks.union_with(&served.gaps);
    assert_eq!(served.ticks, have, "seed {seed}");
    assert!(log.take_damage().is_empty(), "seed {seed}");
    keep(&mut log, vec![busy.machine.hello(), busy.machine.ticks(5_000, 5_010)]);
}

#[test]
fn no_power_cut_takes_back_what_was_acknowledged() {
    for seed in 0..1_500 {
        power_cut_once(seed, &options());
    }
}

#[test]
fn no_power_cut_takes_back_what_was_acknowledged_with_one_sync() {
    for seed in 0..1_500 {
        power_cut_once(seed, &Options { quick_repair: false, ..options() });
    }
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    for seed in 0..100 {
        let mut busy = Busy::new(seed);
        let mut disk = FaultDisk::new();
        let mut acknowledged = RangeSet::new();
        for _ in 0..5 {
            let mut log = open(&disk);
            for _ in 0..busy.chance.below(4) {
                let (writes, numbers) = busy.batch();
                log.commit(writes).expect("sound");
                acknowledged.union_with(&numbers);
                if busy.chance.below(2) == 0 {
                    lay_out(&mut log);
                }
            }
            disk = disk.killed();
        }
        let log = open(&disk);
        assert!(acknowledged.without(&log.streams()[&busy.machine.stream].have).is_empty(), "seed {seed}");
    }
}

#[test]
fn a_refused_sync_is_not_believed_later() {
    for seed in 0..60 {
        let mut busy = Busy::new(seed);
        let disk = FaultDisk::new();
        let mut log = open(&disk);
        let (writes, numbers) = busy.batch();
        log.commit(writes).expect("sound");
        let mut acknowledged = numbers;
        disk.set_faults(Faults { refuse_sync_at: Some(disk.operations() + seed % 12), ..Faults::default() });
        for _ in 0..6 {
            let before = log.streams().clone();
            let (writes, numbers) = busy.batch();
            if let Err(error) = log.commit(writes.clone()) {
                assert!(matches!(error, CommitError::Io(_)), "{error:?}");
                assert_eq!(*log.streams(), before, "memory is as before");
                log.commit(writes).expect("it opens anew");
            }
            acknowledged.union_with(&numbers);
        }
        let log = open(&disk.power_cut(seed));
        assert!(acknowledged.without(&log.streams()[&busy.machine.stream].have).is_empty(), "seed {seed}");
    }
}

#[test]
fn a_full_disk_is_left_again() {
    for capacity in [3u64, 6] {
        let machine = Machine { noisy: true, ..Machine::new(1) };
        let disk = FaultDisk::new().with_capacity(capacity << 20);
        let mut log = Log::open_on(disk.clone(), agent_options(1 << 40)).expect("an empty disk").0;
        keep(&mut log, vec![machine.hello()]);
        let (mut acknowledged, mut first, mut full) = (RangeSet::new(), 1, 0);
        while full < 5 {
            let write = machine.sealed(first, first + 400);
            match log.commit(vec![write]) {
                Ok(_) => {
                    acknowledged.insert(first, first + 400);
                    first += 401;
                }
                Err(CommitError::Full) => {
                    full += 1;
                    assert_eq!(log.pressure(), Pressure::Hard);
                    let mut room = log.make_room(UtcMs(T0), Some(&machine.key));
                    for _ in 0..3 {
                        if room.is_ok() {
                            break;
                        }
                        room = log.make_room(UtcMs(T0), Some(&machine.key));
                    }
                    let room = room.unwrap_or_else(|error| panic!("{capacity} MiB, full {full} times: {error}"));
                    assert!(!room.given_up.is_empty());
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        let facts = log.streams()[&machine.stream].clone();
        assert!(acknowledged.without(&facts.have).is_empty(), "capacity {capacity}");
        let mut served = served(&log, &machine);
        served.ticks.union_with(&served.gaps);
        assert_eq!(served.ticks, facts.have);
        assert_eq!(facts.gap_list.len(), 1, "one gap, grown: {:?}", facts.gap_list);
        drop(log);
        assert_eq!(Log::open_on(disk, agent_options(1 << 40)).expect("sound").0.streams()[&machine.stream], facts);
    }
}

#[test]
fn a_flipped_bit_is_never_served_and_is_healed_from_below() {
    flip_bits(false);
}

#[test]
fn a_flipped_bit_in_what_is_laid_out_is_never_served_and_is_healed_from_below() {
    flip_bits(true);
}

fn flip_bits(laid_out: bool) {
    quiet_redb();
    let machine = Machine::new(1);
    let (image, segments) = (written(&machine, laid_out), segments(&machine));
    let mut chance = Chance(11);
    let (mut reported, mut saved, mut began) = (0, 0, 0);
    for flip in 0..400 {
        let disk = FaultDisk::from_image(image.clone());
        disk.flip_bit(chance.below(image.len() as u64 * 8));
        let (mut log, report) = Log::open_on(disk.clone(), options()).unwrap_or_else(|error| panic!("{flip}: {error}"));
        let mut damaged = report.damaged;
        // Twice, because what is found in reading is settled by the next commit.
        for _ in 0..2 {
            let before = served(&log, &machine);
            drop(before);
            each_answer(&log, &machine);
            if log.commit(vec![machine.hello()]).is_err()
                || log.load(machine.stream, &RangeSet::of(1, 9), 1, true).is_err()
            {
                let healed = log.heal().unwrap_or_else(|error| panic!("{flip}: {error}"));
                damaged |= healed.damaged;
            }
        }
        let mut lost = log.take_damage();
        if log.commit(vec![machine.hello()]).is_err() {
            // What is settled is read by a writer, who finds what readers did not.
            damaged |= log.heal().unwrap_or_else(|error| panic!("{flip}: {error}")).damaged;
            keep(&mut log, vec![machine.hello()]);
            lost.extend(log.take_damage());
        }
        let have = log.streams()[&machine.stream].have.clone();
        let missing = set(&[(1, 3_800), (9_001, 9_020)]).without(&have);
        if !missing.is_empty() {
            assert!(damaged || !lost.is_empty(), "flip {flip}: {missing:?} vanished in silence");
        }
        reported += usize::from(!lost.is_empty());
        saved += usize::from(damaged);
        began += usize::from(damaged && have.is_empty());
        // From below it comes again.
        let mut again = vec![machine.hello()];
        again.extend(segments.iter().cloned().map(Write::Segment));
        again.extend([machine.ticks(3_601, 3_800), machine.gap(9_001, 9_020, GapReason::Interrupted, None)]);
        if log.commit(again.clone()).is_err() {
            // Damage in what only a writer reads.
            log.heal().unwrap_or_else(|error| panic!("flip {flip}: {error}"));
            log.commit(again).unwrap_or_else(|error| panic!("flip {flip}: {error}"));
        }
        let all = served(&log, &machine);
        assert_eq!((all.ticks, all.gaps), (set(&[(1, 3_800)]), set(&[(9_001, 9_020)])), "flip {flip}");
        assert_eq!(asked(&log, &machine), set(&[(1, 3_800)]), "flip {flip}");
    }
    println!("400 flips: {reported} reported by record, {saved} files saved, of which {began} with nothing left");
}

/// Asks one question of each series: whatever is answered is right, or the question fails.
fn each_answer(log: &Log, machine: &Machine) {
    for series in (0..machine.series).map(SeriesIx) {
        let answered = log.columns_between(machine.stream, &[series], UtcMs(i64::MIN), UtcMs(i64::MAX), |columns| {
            for (at, value) in columns[0].times_ms.iter().zip(&columns[0].values) {
                let number = (at - T0) as u64 / 10_000;
                assert_eq!(machine.tick(number).value(series), Some(*value), "a wrong value was served");
            }
            ControlFlow::Continue(())
        });
        // A structure that is damaged is no answer, and is mended by whoever calls.
        drop(answered);
    }
}

#[test]
fn a_process_that_dies_of_its_file_gives_the_file_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let mark = dir.path().join("log.mark");
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_else(|_| "unknown".to_owned());
    let machine = Machine::new(1);
    {
        let mut log = Log::open(dir.path(), options()).expect("an empty folder").0;
        keep(&mut log, vec![machine.hello(), machine.ticks(1, 10)]);
    }
    for (died, given_up) in [(1, false), (2, false), (3, true)] {
        std::fs::write(&mark, format!("opening {died} {}\n", boot.trim())).expect("writable");
        let (_, report) = Log::open(dir.path(), options()).expect("it always opens");
        assert_eq!(report.damaged, given_up, "died {died} times");
    }
    std::fs::write(&mark, "opening 7 another-boot\n").expect("writable");
    assert!(
        !Log::open(dir.path(), options()).expect("it always opens").1.damaged,
        "power cuts are not the file's fault"
    );
}
