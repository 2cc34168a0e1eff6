//! The values of one series, in order.
//!
//! Whichever is smallest: one value for all, runs of the same value, or pcodec, as whole numbers or as the doubles whose
//! bits the whole numbers are.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress_into};

use super::ColumnsError;
use crate::columns::MAX_TICKS;
use crate::varint::{self, unzigzag, zigzag};

const RUNS: u8 = 1;
const WHOLE: u8 = 2;
const DOUBLES: u8 = 3;

/// Fewer values than this are always runs: pcodec's own head would weigh more.
const FEW: usize = 16;

/// Whole numbers that take more than this each, as whole numbers, may be the bits of doubles.
const WORTH_TRYING_DOUBLES: usize = 3;

pub(super) fn encode(values: &[i64]) -> Vec<u8> {
    let runs = runs(values);
    // Where runs are this cheap nothing beats them, and nearly all columns of a quiet machine are.
    if values.len() < FEW || runs.len() <= values.len() / 64 {
        return runs;
    }
    let packed = packed(values).filter(|packed| packed.len() < runs.len());
    packed.unwrap_or(runs)
}

/// Puts the column's `values.len()` values into `values`.
pub(super) fn decode(bytes: &[u8], values: &mut [i64]) -> Result<(), ColumnsError> {
    match bytes.split_first() {
        Some((&RUNS, runs)) => read_runs(runs, values),
        Some((&WHOLE, packed)) => unpack(packed, values),
        Some((&DOUBLES, packed)) => {
            let mut doubles = vec![0f64; values.len()];
            unpack(packed, &mut doubles)?;
            let bits = doubles.iter().map(|double| double.to_bits().cast_signed());
            values.iter_mut().zip(bits).for_each(|(value, bits)| *value = bits);
            Ok(())
        }
        _ => Err(ColumnsError::Contradiction),
    }
}

/// Pairs of how much the value changes and how often it then stands.
fn runs(values: &[i64]) -> Vec<u8> {
    let (mut out, mut last) = (vec![RUNS], 0i64);
    for run in values.chunk_by(|a, b| a == b) {
        varint::write(zigzag(run[0].wrapping_sub(last)), &mut out);
        varint::write(run.len() as u64, &mut out);
        last = run[0];
    }
    out
}

fn read_runs(mut bytes: &[u8], values: &mut [i64]) -> Result<(), ColumnsError> {
    let (mut at, mut value) = (0usize, 0i64);
    while at < values.len() {
        let step = varint::read(&mut bytes).ok_or(ColumnsError::Contradiction)?;
        let length = varint::read(&mut bytes).and_then(|length| usize::try_from(length).ok());
        let run = length.and_then(|length| values.get_mut(at..at.checked_add(length)?)).filter(|run| !run.is_empty());
        let run = run.ok_or(ColumnsError::Contradiction)?;
        value = value.wrapping_add(unzigzag(step));
        run.fill(value);
        at += run.len();
    }
    Ok(())
}

/// By pcodec, the smaller of both readings, if what it wrote reads back bit for bit.
fn packed(values: &[i64]) -> Option<Vec<u8>> {
    let whole = pack(WHOLE, values);
    let large = whole.as_ref().is_none_or(|whole| whole.len() > values.len() * WORTH_TRYING_DOUBLES);
    let doubles: Vec<f64> = values.iter().filter(|_| large).map(|bits| f64::from_bits(bits.cast_unsigned())).collect();
    let doubles = if large { pack(DOUBLES, &doubles) } else { None };
    let smaller = [whole, doubles].into_iter().flatten().min_by_key(Vec::len)?;
    let mut back = vec![0; values.len()];
    (decode(&smaller, &mut back).is_ok() && back == values).then_some(smaller)
}

fn pack<T: pco::data_types::Number>(shape: u8, values: &[T]) -> Option<Vec<u8>> {
    let mut out = vec![shape];
    out.extend(simple_compress(values, &ChunkConfig::default()).ok()?);
    Some(out)
}

fn unpack<T: pco::data_types::Number>(bytes: &[u8], values: &mut [T]) -> Result<(), ColumnsError> {
    if values.len() > MAX_TICKS {
        return Err(ColumnsError::Contradiction);
    }
    let done = simple_decompress_into(bytes, values).map_err(|_| ColumnsError::Contradiction)?;
    if done.finished && done.n_processed == values.len() { Ok(()) } else { Err(ColumnsError::Contradiction) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = i64> {
        let double = any::<u64>().prop_map(u64::cast_signed);
        let special = prop::sample::select(vec![
            f64::NAN.to_bits(),
            0x7ff0_0000_0000_0002,
            0xfff8_dead_beef_0001,
            f64::INFINITY.to_bits(),
            f64::NEG_INFINITY.to_bits(),
            (-0.0f64).to_bits(),
            1,
        ])
        .prop_map(u64::cast_signed);
        let near = (-3i64..3).prop_map(|step| 45_000_000_000 + step);
        prop_oneof![double, special, near, Just(i64::MIN), Just(i64::MAX), Just(0)]
    }

    proptest! {
        #[test]
        fn every_column_comes_back_bit_for_bit(values in prop::collection::vec(any_value(), 1..400)) {
            let bytes = encode(&values);
            let mut back = vec![0; values.len()];
            prop_assert_eq!(decode(&bytes, &mut back), Ok(()));
            prop_assert_eq!(back, values);
        }

        #[test]
        fn doubles_come_back_bit_for_bit(values in prop::collection::vec(any::<u64>(), 1..400)) {
            let values: Vec<i64> = values.into_iter().map(u64::cast_signed).collect();
            let mut back = vec![0; values.len()];
            prop_assert_eq!(decode(&encode(&values), &mut back), Ok(()));
            prop_assert_eq!(back, values);
        }

        #[test]
        fn runs_that_are_none_are_refused_or_say_something(bytes in prop::collection::vec(any::<u8>(), 0..40), len in 1usize..300) {
            let mut runs = vec![RUNS];
            runs.extend(bytes);
            let mut values = vec![0; len];
            if decode(&runs, &mut values).is_ok() {
                let again = super::runs(&values);
                let mut back = vec![0; len];
                prop_assert_eq!(decode(&again, &mut back), Ok(()));
                prop_assert_eq!(back, values);
            }
        }
    }

    #[test]
    fn decimal_doubles_cost_little_more_than_the_decimals() {
        let noise = |at: i64| i64::from(blake3::hash(&at.to_le_bytes()).as_bytes()[0]);
        let reading = |at: i64| ((20_000 + at + noise(at)) as f64 / 10.0).to_bits().cast_signed();
        let readings: Vec<i64> = (0..2_000).map(reading).collect();
        let bytes = encode(&readings);
        assert_eq!(bytes[0], DOUBLES);
        assert!(bytes.len() < readings.len() * 2, "{} bytes for {} readings", bytes.len(), readings.len());
    }
}
