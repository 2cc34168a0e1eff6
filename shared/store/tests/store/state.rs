//! The small state.

use crate::common::{Chance, quiet_redb};
use vigie_store::State;
use vigie_store::fault::{FaultDisk, Faults};

fn open(disk: &FaultDisk) -> State {
    State::open_on(disk.clone()).expect("it always opens").0
}

#[test]
fn rows_are_there_when_the_call_returns() {
    let disk = FaultDisk::new();
    let state = open(&disk);
    state.put("token", b"a", b"1").expect("sound");
    state.put("token", b"ab", b"2").expect("sound");
    state.put("tok", b"enb", b"3").expect("sound");
    let disk = disk.power_cut(1);
    let state = open(&disk);
    assert_eq!(state.get("token", b"a").expect("sound"), Some(b"1".to_vec()));
    let rows = state.scan("token", b"").expect("sound");
    assert_eq!(rows, [(b"a".to_vec(), b"1".to_vec()), (b"ab".to_vec(), b"2".to_vec())]);
    assert!(state.remove("token", b"a").expect("sound"));
    assert_eq!(state.scan("token", b"a").expect("sound"), [(b"ab".to_vec(), b"2".to_vec())]);
}

#[test]
fn a_transaction_is_whole_or_not_at_all() {
    let state = open(&FaultDisk::new());
    let sum = state.transact(|tx| {
        tx.put("seq", b"a", &[1])?;
        tx.put("seq", b"b", &[2])?;
        Ok(tx.get("seq", b"a")?.map_or(0, |value| value[0]))
    });
    assert_eq!(sum.expect("sound"), 1);
    assert_eq!(state.scan("seq", b"").expect("sound").len(), 2);
}

#[test]
fn no_power_cut_takes_a_row_back() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let disk = FaultDisk::new();
        let state = open(&disk);
        let cut_at = disk.operations() + chance.below(120);
        disk.set_faults(Faults { cut_at: Some(cut_at), ..Faults::default() });
        let mut acknowledged = 0u64;
        for number in 1..40u64 {
            if state.put("seq", b"reserved", &number.to_be_bytes()).is_err() {
                break;
            }
            acknowledged = number;
        }
        let after = disk.power_cut(seed);
        let (state, report) = State::open_on(after).expect("it always opens");
        assert!(!report.damaged, "seed {seed}");
        let value = state.get("seq", b"reserved").expect("sound");
        let value = value.map_or(0, |value| u64::from_be_bytes(value.try_into().expect("eight bytes")));
        assert!(value >= acknowledged, "seed {seed}: {value} < {acknowledged}");
    }
}

#[test]
fn a_flipped_bit_is_never_read() {
    quiet_redb();
    let disk = FaultDisk::new();
    let state = open(&disk);
    for number in 0..400u64 {
        state.put("row", &number.to_be_bytes(), format!("value {number}").repeat(20).as_bytes()).expect("sound");
    }
    drop(state);
    let (image, mut chance, mut lost) = (disk.image(), Chance(5), 0);
    for flip in 0..300 {
        let disk = FaultDisk::from_image(image.clone());
        disk.flip_bit(chance.below(image.len() as u64 * 8));
        let (state, report) = State::open_on(disk.clone()).unwrap_or_else(|error| panic!("flip {flip}: {error}"));
        let mut found = 0;
        for number in 0..400u64 {
            // The first read may meet the damage; the next one finds it mended.
            let value = state.get("row", &number.to_be_bytes()).or_else(|_| state.get("row", &number.to_be_bytes()));
            if let Some(value) = value.unwrap_or_else(|error| panic!("flip {flip}: {error}")) {
                assert_eq!(value, format!("value {number}").repeat(20).as_bytes(), "flip {flip}");
                found += 1;
            }
        }
        lost += 400 - found;
        assert!(
            found == 400 || report.damaged || disk.set_aside_count() > 0 || !state.take_lost().is_empty(),
            "flip {flip}"
        );
        let put = || state.put("row", b"new", b"works");
        put().or_else(|_| put()).unwrap_or_else(|error| panic!("flip {flip}: {error}"));
    }
    println!("{lost} rows lost in 300 flips");
}
