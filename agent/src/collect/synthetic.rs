//! What would a machine say that nobody has?
//!
//! Every value is a pure function of seed, series and tick number, so whoever knows the seed can check at the hub, years
//! later and on another processor, that each value arrived unchanged. Whole numbers only: no float that rounds elsewhere.
//! **Never change what [`synthetic_value`] gives**: checkers of other versions compute it too.

use std::fmt;
use std::str::FromStr;

use vigie_model::{Kind, Resolution, SeriesDef};

use super::{CollectError, Collector, MAX_SERIES, Reading, Round, Slot};

/// What kind of values are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Class {
    /// What a real host tells: more than half hardly moves, a quarter are counters, a fifth are gauges with a little noise.
    #[default]
    Machine,
    /// 53 random bits in each sample: nothing can make this small.
    Noise,
    /// Nothing ever moves.
    Constant,
}

/// How many series to make up, from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Synthetic {
    /// Where all chance comes from.
    pub seed: u64,
    /// How many series each tick has.
    pub series: u32,
    /// What they are like.
    pub class: Class,
}

/// The series with this number, in any schema: the same for every seed.
///
/// The first two are what every page shows of a machine, `system.cpu.utilization` and `system.memory.utilization`; the
/// others are called by what they are like, with the number as label.
///
/// # Panics
/// Never: the names and labels are plain.
pub fn synthetic_series(class: Class, series: u32) -> SeriesDef {
    let (name, unit, kind, resolution) = figure(class, series).shape();
    let label = format!("{series:04}");
    let labels = [("series", label.as_str())];
    let labels = if series < 2 { &[][..] } else { &labels[..] };
    SeriesDef::new(name, labels, unit, kind, resolution).expect("a plain name and one label are a series")
}

/// The value of a series in the tick numbered `seq`, in steps of the series' resolution.
pub fn synthetic_value(seed: u64, class: Class, series: u32, seq: u64) -> i64 {
    let dice = Dice { seed, series };
    match figure(class, series) {
        Figure::Cpu => cpu(dice, class, seq),
        Figure::Memory => memory(dice, class, seq),
        Figure::Constant | Figure::Limit => dice.born(0, 1 << 24),
        Figure::Usage => nearly_constant(dice, seq, 1 << 22, 60),
        Figure::Inodes => nearly_constant(dice, seq, 1 << 20, 600),
        Figure::Idle => idle_counter(dice, seq),
        Figure::Traffic => busy_counter(dice, seq, 200_000, 4),
        Figure::Operations => busy_counter(dice, seq, 200, 2),
        Figure::Share => wavy(dice, seq, Wavy { low: 50, high: 900, swing: 60, jitter: 6 }).clamp(0, 1000),
        Figure::Temperature => wavy(dice, seq, Wavy { low: 300, high: 650, swing: 25, jitter: 1 }),
        Figure::Load => wavy(dice, seq, Wavy { low: 20, high: 250, swing: 15, jitter: 3 }).max(0),
        Figure::Noise => dice.roll(seq, 1 << 53) - (1 << 52),
    }
}

/// What a made-up series is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Cpu,
    Memory,
    Limit,
    Usage,
    Inodes,
    Idle,
    Traffic,
    Operations,
    Share,
    Temperature,
    Load,
    Noise,
    Constant,
}

/// Twenty series of a host: eleven that hardly move, five counters, four gauges. Mixed, so that a small machine has each.
const HOST: [Figure; 20] = [
    Figure::Limit,
    Figure::Idle,
    Figure::Share,
    Figure::Usage,
    Figure::Limit,
    Figure::Traffic,
    Figure::Limit,
    Figure::Temperature,
    Figure::Inodes,
    Figure::Limit,
    Figure::Idle,
    Figure::Usage,
    Figure::Limit,
    Figure::Load,
    Figure::Inodes,
    Figure::Operations,
    Figure::Limit,
    Figure::Usage,
    Figure::Share,
    Figure::Idle,
];

fn figure(class: Class, series: u32) -> Figure {
    match (series, class) {
        (0, _) => Figure::Cpu,
        (1, _) => Figure::Memory,
        (_, Class::Noise) => Figure::Noise,
        (_, Class::Constant) => Figure::Constant,
        (_, Class::Machine) => HOST[(series as usize - 2) % HOST.len()],
    }
}

impl Figure {
    fn shape(self) -> (&'static str, &'static str, Kind, Resolution) {
        let one = Resolution::ONE;
        let pages = super::BYTES;
        match self {
            Self::Cpu => ("system.cpu.utilization", "1", Kind::Gauge, Resolution::THOUSANDTH),
            Self::Memory => ("system.memory.utilization", "1", Kind::Gauge, Resolution::THOUSANDTH),
            Self::Limit => ("vigie.synthetic.limit", "By", Kind::Gauge, pages),
            Self::Usage => ("vigie.synthetic.usage", "By", Kind::Gauge, pages),
            Self::Inodes => ("vigie.synthetic.inodes", "{inode}", Kind::Gauge, one),
            Self::Idle => ("vigie.synthetic.idle", "{operation}", Kind::Counter, one),
            Self::Traffic => ("vigie.synthetic.io", "By", Kind::Counter, one),
            Self::Operations => ("vigie.synthetic.operations", "{operation}", Kind::Counter, one),
            Self::Share => ("vigie.synthetic.share", "1", Kind::Gauge, Resolution::THOUSANDTH),
            Self::Temperature => ("vigie.synthetic.temperature", "Cel", Kind::Gauge, Resolution::TENTH),
            Self::Load => ("vigie.synthetic.load", "{thread}", Kind::Gauge, Resolution::HUNDREDTH),
            Self::Noise => ("vigie.synthetic.noise", "1", Kind::Gauge, one),
            Self::Constant => ("vigie.synthetic.constant", "1", Kind::Gauge, one),
        }
    }
}

/// Ticks of ten seconds in an hour and in a day.
const HOUR: u64 = 360;
const DAY: u64 = 24 * HOUR;

/// A quiet machine with working days, busy hours, and now and then a job that takes all it can get.
fn cpu(dice: Dice, class: Class, seq: u64) -> i64 {
    let base = dice.born(0, 250) + 80;
    if class == Class::Constant {
        return base;
    }
    let job = if dice.roll(seq / 18, 40) == 0 { 450 } else { 0 };
    let day = dice.wave(seq, 1, DAY, base / 2);
    let hour = dice.wave(seq, 2, HOUR, base / 4);
    (base + job + day + hour + dice.jitter(seq, 12)).clamp(4, 998)
}

/// Memory that fills and empties over hours.
fn memory(dice: Dice, class: Class, seq: u64) -> i64 {
    let base = dice.born(0, 350) + 320;
    if class == Class::Constant {
        return base;
    }
    let hours = dice.wave(seq, 1, 6 * HOUR, 45);
    let now_and_then = dice.roll(seq / 30, 8);
    (base + hours + now_and_then + dice.jitter(seq, 1)).clamp(0, 999)
}

/// Steps a little every `pace` to twice `pace` ticks, and grows by one step in two hours.
fn nearly_constant(dice: Dice, seq: u64, size: u64, pace: u64) -> i64 {
    let epoch = seq / dice.born(1, pace).unsigned_abs().saturating_add(pace);
    dice.born(0, size).saturating_add(dice.roll(epoch, 3)).saturating_add(signed(seq / (2 * HOUR)))
}

/// A third never moves, the others by one within some hours.
fn idle_counter(dice: Dice, seq: u64) -> i64 {
    let start = dice.born(0, 100_000);
    let moves = dice.born(1, 3) > 0;
    let period = dice.born(2, 4_000).unsigned_abs() + 100;
    start.saturating_add(if moves { signed(seq / period) } else { 0 })
}

/// A steady rate with a jitter of up to a part of it, so that it never falls.
fn busy_counter(dice: Dice, seq: u64, most: u64, part: i64) -> i64 {
    let rate = dice.born(1, most) + 4;
    let start = dice.born(0, 1 << 36);
    start.saturating_add(rate.saturating_mul(signed(seq))).saturating_add(dice.roll(seq, (rate / part).unsigned_abs()))
}

struct Wavy {
    low: i64,
    high: i64,
    swing: i64,
    jitter: u64,
}

/// A level that swings over hours and trembles by some steps.
fn wavy(dice: Dice, seq: u64, shape: Wavy) -> i64 {
    let level = shape.low + dice.born(0, (shape.high - shape.low).unsigned_abs());
    let hours = HOUR * (dice.born(1, 5).unsigned_abs() + 1);
    level + dice.wave(seq, 2, hours, shape.swing) + dice.jitter(seq, shape.jitter)
}

/// The chance of one series: the same roll always falls the same way.
#[derive(Debug, Clone, Copy)]
struct Dice {
    seed: u64,
    series: u32,
}

impl Dice {
    /// What the series was born with, below `sides`; `which` tells several such apart.
    fn born(self, which: u64, sides: u64) -> i64 {
        self.throw(0x6269_7274_6800_0000 ^ which, 0, sides)
    }

    /// A number below `sides` for each tick; nothing to choose gives 0.
    fn roll(self, seq: u64, sides: u64) -> i64 {
        self.throw(0x726f_6c6c, seq, sides)
    }

    /// From `-most` to `most`.
    fn jitter(self, seq: u64, most: u64) -> i64 {
        self.throw(0x6a69_7474, seq, 2 * most + 1) - signed(most)
    }

    /// A wave of a fixed period and swing, begun somewhere: two parabolas that look like a sine.
    fn wave(self, seq: u64, which: u64, period: u64, swing: i64) -> i64 {
        let start = self.born(which ^ 0xff00, period).unsigned_abs();
        let at = signed((seq % period + start) % period * 65_536 / period);
        let half = at % 32_768;
        let height = half * (32_768 - half) * swing / (1 << 28);
        if at < 32_768 { height } else { -height }
    }

    fn throw(self, purpose: u64, seq: u64, sides: u64) -> i64 {
        let place = scatter(purpose ^ (u64::from(self.series) << 32));
        let random = scatter(scatter(self.seed ^ place).wrapping_add(seq));
        // The high bits, by multiplication: as even as a remainder and without a division.
        signed(((u128::from(random) * u128::from(sides)) >> 64) as u64)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): every input gives another, evenly scattered output.
fn scatter(input: u64) -> u64 {
    let mut z = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Tick numbers and choices lie far below the sign bit; beyond, the value stops growing.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Synthetic {
    pub(super) fn collector(self) -> SyntheticCollector {
        SyntheticCollector { synthetic: self, slots: Vec::new() }
    }
}

/// Records all its series in every round.
#[derive(Debug)]
pub(super) struct SyntheticCollector {
    synthetic: Synthetic,
    slots: Vec<Slot>,
}

impl Collector for SyntheticCollector {
    fn name(&self) -> &'static str {
        "synthetic"
    }

    fn collect(&mut self, round: &Round<'_>, _: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        let Synthetic { seed, series, class } = self.synthetic;
        if self.slots.is_empty() {
            self.slots = (0..series).map(|series| reading.declare(synthetic_series(class, series))).collect();
        }
        for (series, slot) in (0..series).zip(&self.slots) {
            reading.keep(*slot, synthetic_value(seed, class, series, round.seq.0));
        }
        Ok(())
    }
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Machine, Self::Noise, Self::Constant];

    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Noise => "noise",
            Self::Constant => "constant",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = SyntheticError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|class| class.as_str() == text);
        known.ok_or_else(|| SyntheticError::NoClass(shorten(text)))
    }
}

impl fmt::Display for Synthetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.seed, self.series, self.class)
    }
}

/// Reads `SEED,SERIES[,CLASS]`.
impl FromStr for Synthetic {
    type Err = SyntheticError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split(',').map(str::trim).collect();
        let (seed, series, class) = match parts[..] {
            [seed, series] => (seed, series, Class::default()),
            [seed, series, class] => (seed, series, class.parse()?),
            _ => return Err(SyntheticError::NotTwoOrThree),
        };
        let seed = seed.parse().map_err(|_| SyntheticError::NoSeed(shorten(seed)))?;
        let count = series.parse().ok().filter(|count| (1..=MAX_SERIES).contains(&(*count as usize)));
        let series = count.ok_or_else(|| SyntheticError::NoCount(shorten(series)))?;
        Ok(Self { seed, series, class })
    }
}

/// A synthetic collector nobody can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntheticError {
    /// Not `SEED,SERIES` or `SEED,SERIES,CLASS`.
    #[error("a synthetic collector is SEED,SERIES or SEED,SERIES,CLASS, such as 7,1000,machine")]
    NotTwoOrThree,
    /// A seed that is no number.
    #[error("{0:?} is not a seed: it is a whole number from 0 to 18446744073709551615")]
    NoSeed(String),
    /// A number of series that is none, or too large.
    #[error("{0:?} is not a number of series: it is a whole number from 1 to {MAX_SERIES}")]
    NoCount(String),
    /// A class nobody knows.
    #[error("{0:?} is not a class of synthetic values: it is one of machine, noise, constant")]
    NoClass(String),
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vigie_model::{Seq, SeriesIx};

    use super::super::{Collectors, OwnFigures, Schema, Tier, Tiers};
    use super::*;

    #[test]
    fn the_collector_says_what_the_function_says() {
        let synthetic = Synthetic { seed: 7, series: 100, class: Class::Machine };
        let mut collectors = Collectors::synthetic(synthetic, Schema::new());
        for seq in [1, 2, 500] {
            let samples = collectors.round(Tiers::NONE.with(Tier::Fast), Seq(seq), &OwnFigures::default());
            assert_eq!(samples.len(), 100);
            for sample in samples {
                let SeriesIx(series) = sample.series;
                assert_eq!(sample.value, synthetic_value(7, Class::Machine, series, seq));
                assert_eq!(collectors.schema().def(sample.series), Some(&synthetic_series(Class::Machine, series)));
            }
        }
    }

    #[test]
    fn counters_never_fall() {
        for series in (2..80).filter(|series| synthetic_series(Class::Machine, *series).kind() == Kind::Counter) {
            let values: Vec<_> = (1..20_000).map(|seq| synthetic_value(11, Class::Machine, series, seq)).collect();
            assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "series {series}");
        }
    }

    #[test]
    fn a_machine_hardly_moves_counts_and_trembles_like_a_real_one() {
        let (mut still, mut counters, mut gauges) = (0, 0, 0);
        for series in 2..1002 {
            let values: Vec<_> = (1..361).map(|seq| synthetic_value(3, Class::Machine, series, seq)).collect();
            let moves = values.windows(2).filter(|pair| pair[0] != pair[1]).count();
            match synthetic_series(Class::Machine, series).kind() {
                Kind::Counter => counters += 1,
                Kind::Gauge if moves < 10 => still += 1,
                Kind::Gauge => gauges += 1,
            }
        }
        assert_eq!((still, counters, gauges), (550, 250, 200));
    }

    #[test]
    fn cpu_and_memory_are_shares_and_differ_between_machines() {
        for (series, name) in [(0, "system.cpu.utilization"), (1, "system.memory.utilization")] {
            for class in Class::ALL {
                let def = synthetic_series(class, series);
                assert_eq!((def.name(), def.labels().len(), def.unit()), (name, 0, "1"));
                let shares = (1..9_000).map(|seq| synthetic_value(5, class, series, seq));
                assert!(shares.into_iter().all(|share| (0..=1000).contains(&share)));
            }
            let mean = |seed| (1..9_000).map(|seq| synthetic_value(seed, Class::Machine, series, seq)).sum::<i64>();
            assert_ne!(mean(1), mean(2));
        }
    }

    #[test]
    fn constant_is_constant_and_noise_is_not() {
        for series in [0, 1, 2, 77] {
            let first = synthetic_value(9, Class::Constant, series, 1);
            assert!((2..999).all(|seq| synthetic_value(9, Class::Constant, series, seq) == first));
        }
        let noise: std::collections::BTreeSet<_> =
            (1..999).map(|seq| synthetic_value(9, Class::Noise, 5, seq)).collect();
        assert_eq!(noise.len(), 998);
        assert!(noise.iter().any(|value| *value < -(1 << 50)) && noise.iter().any(|value| *value > 1 << 50));
    }

    /// If this fails, checkers of other versions will call every sample wrong: undo the change.
    #[test]
    fn the_values_are_those_of_the_first_version() {
        let machine =
            [0, 1, 2, 3, 4, 5, 7, 9, 10, 15, 17].map(|series| synthetic_value(42, Class::Machine, series, 1_000_000));
        assert_eq!(
            machine,
            [203, 431, 6_506_756, 99_674, 379, 758_127, 46_887_054_101, 466, 1_030_890, 66, 45_868_493_354]
        );
        assert_eq!(synthetic_value(42, Class::Noise, 2, 1), 214_881_486_255_996);
        assert_eq!(synthetic_value(42, Class::Constant, 2, 1), 6_506_756);
    }

    #[test]
    fn nonsense_is_refused_with_its_own_sentence() {
        let refused = |text: &str| text.parse::<Synthetic>().expect_err("nonsense");
        assert_eq!(refused("7"), SyntheticError::NotTwoOrThree);
        assert_eq!(refused("7,8,noise,9"), SyntheticError::NotTwoOrThree);
        assert_eq!(refused("x,8"), SyntheticError::NoSeed("x".into()));
        assert_eq!(refused("-1,8"), SyntheticError::NoSeed("-1".into()));
        assert_eq!(refused("7,0"), SyntheticError::NoCount("0".into()));
        assert_eq!(refused("7,5001"), SyntheticError::NoCount("5001".into()));
        assert_eq!(refused("7,8,loud"), SyntheticError::NoClass("loud".into()));
        assert_eq!("7, 8".parse(), Ok(Synthetic { seed: 7, series: 8, class: Class::Machine }));
    }

    proptest! {
        #[test]
        fn every_number_gives_a_value_without_panic(seed: u64, series: u32, seq: u64) {
            for class in Class::ALL {
                let value = synthetic_value(seed, class, series, seq);
                prop_assert_eq!(value, synthetic_value(seed, class, series, seq));
            }
        }

        #[test]
        fn every_series_can_be_declared(series: u32) {
            for class in Class::ALL {
                prop_assert!(synthetic_series(class, series).checked().is_ok());
            }
        }
    }
}
