//! A column as it is held in memory: each value in as few bytes as the farthest of them needs.

/// Values, as their distance from the smallest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed {
    least: i64,
    steps: Steps,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Steps {
    /// So many, all the same.
    None(usize),
    Bytes(Box<[u8]>),
    Shorts(Box<[u16]>),
    Words(Box<[u32]>),
    Whole(Box<[u64]>),
}

impl Packed {
    pub(crate) fn new(values: &[i64]) -> Self {
        let (least, most) = ends(values);
        let least = least.min(most);
        // Right for all values, because both ends wrap the same way.
        let far = |value: &i64| value.wrapping_sub(least).cast_unsigned();
        let steps = match values.last().map_or(0, |_| far(&most)) {
            0 => Steps::None(values.len()),
            1..=0xff => Steps::Bytes(values.iter().map(|value| far(value) as u8).collect()),
            0x100..=0xffff => Steps::Shorts(values.iter().map(|value| far(value) as u16).collect()),
            0x1_0000..=0xffff_ffff => Steps::Words(values.iter().map(|value| far(value) as u32).collect()),
            _ => Steps::Whole(values.iter().map(far).collect()),
        };
        Self { least, steps }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.steps {
            Steps::None(count) => *count,
            Steps::Bytes(steps) => steps.len(),
            Steps::Shorts(steps) => steps.len(),
            Steps::Words(steps) => steps.len(),
            Steps::Whole(steps) => steps.len(),
        }
    }

    /// What it takes in memory, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let steps = match &self.steps {
            Steps::None(_) => 0,
            Steps::Bytes(steps) => steps.len(),
            Steps::Shorts(steps) => steps.len() * 2,
            Steps::Words(steps) => steps.len() * 4,
            Steps::Whole(steps) => steps.len() * 8,
        };
        steps + size_of::<Self>() + 64
    }

    /// One value; nothing behind the end.
    pub(crate) fn get(&self, at: usize) -> Option<i64> {
        let step = match &self.steps {
            Steps::None(count) => (at < *count).then_some(0),
            Steps::Bytes(steps) => steps.get(at).map(|step| u64::from(*step)),
            Steps::Shorts(steps) => steps.get(at).map(|step| u64::from(*step)),
            Steps::Words(steps) => steps.get(at).map(|step| u64::from(*step)),
            Steps::Whole(steps) => steps.get(at).copied(),
        };
        step.map(|step| self.least.wrapping_add(step.cast_signed()))
    }

    /// Appends the values of some places, as far as there are any.
    pub(crate) fn append(&self, from: usize, to: usize, out: &mut Vec<i64>) {
        let (from, to) = (from.min(self.len()), to.min(self.len()));
        if from >= to {
            return;
        }
        let value = |step: u64| self.least.wrapping_add(step.cast_signed());
        match &self.steps {
            Steps::None(_) => out.resize(out.len() + (to - from), self.least),
            Steps::Bytes(steps) => out.extend(steps[from..to].iter().map(|step| value(u64::from(*step)))),
            Steps::Shorts(steps) => out.extend(steps[from..to].iter().map(|step| value(u64::from(*step)))),
            Steps::Words(steps) => out.extend(steps[from..to].iter().map(|step| value(u64::from(*step)))),
            Steps::Whole(steps) => out.extend(steps[from..to].iter().map(|step| value(*step))),
        }
    }
}

/// The smallest and the largest. In four lanes, so that none waits for the comparison before it.
fn ends(values: &[i64]) -> (i64, i64) {
    let (fours, rest) = values.as_chunks::<4>();
    let (mut least, mut most) = ([i64::MAX; 4], [i64::MIN; 4]);
    for four in fours {
        for ((least, most), value) in least.iter_mut().zip(&mut most).zip(four) {
            *least = (*least).min(*value);
            *most = (*most).max(*value);
        }
    }
    let both = least.into_iter().zip(most).chain(rest.iter().map(|value| (*value, *value)));
    both.fold((i64::MAX, i64::MIN), |(least, most), (low, high)| (least.min(low), most.max(high)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_width() -> impl Strategy<Value = Vec<i64>> {
        let spread = prop::sample::select(vec![1i64, 200, 60_000, 4_000_000_000, i64::MAX]);
        (any::<i64>(), spread).prop_flat_map(|(base, spread)| {
            prop::collection::vec((0..spread).prop_map(move |step| base.wrapping_add(step)), 0..50)
        })
    }

    proptest! {
        #[test]
        fn every_value_comes_back(values in any_width(), from in 0usize..60, to in 0usize..60) {
            let packed = Packed::new(&values);
            let each: Vec<i64> = (0..values.len()).filter_map(|at| packed.get(at)).collect();
            prop_assert_eq!(&each, &values);
            prop_assert_eq!((packed.len(), packed.get(values.len())), (values.len(), None));
            let mut some = vec![7];
            packed.append(from, to, &mut some);
            let wanted: Vec<i64> = values.iter().take(to).skip(from).copied().collect();
            prop_assert_eq!(&some[1..], &wanted[..]);
        }
    }

    #[test]
    fn a_quiet_column_takes_little() {
        let values: Vec<i64> = (0..8_640).map(|at| 45_000_000_000 + at % 200).collect();
        assert!(Packed::new(&values).bytes() < 9_000);
        assert!(Packed::new(&[i64::MIN, i64::MAX]).get(1) == Some(i64::MAX));
    }
}
