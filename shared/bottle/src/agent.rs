//! An agent's own part: `vigie-agent`'s `run.rs` without collectors, sockets and signals.

use std::sync::Arc;

use vigie_merge::RangeSet;
use vigie_model::{
    Anchor, Boot, Incarnation, Kind, Moment, Resolution, Sample, Seq, SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};
use vigie_store::Log;

use vigie_sync::lives::{Earlier, Lives, Settling};

/// Numbers of the present life noted beside the log at once, as in the agent.
pub(crate) const NOTE_EVERY: u64 = 512;

/// Ticks that wait for their definitions to be durable, as in the agent.
pub(crate) const MAX_HELD: usize = 64;

/// What an agent's program holds besides the node's loop.
#[derive(Debug)]
pub(crate) struct AgentLife {
    pub(crate) lives: Lives,
    pub(crate) held: Vec<(StreamId, Arc<Tick>)>,
    pub(crate) commit: Option<Settling>,
    pub(crate) commit_at: Option<u64>,
    pub(crate) noted: u64,
    pub(crate) anchor: Option<Anchor>,
    pub(crate) measuring: bool,
    /// The next commit seals all there is.
    pub(crate) closing: bool,
}

/// The series in a place. The same on every machine, because nobody compares machines here.
pub(crate) fn series_def(place: u32) -> SeriesDef {
    let name = format!("bottle.series.{place}");
    SeriesDef::new(&name, &[], "", Kind::Gauge, Resolution::ONE).expect("a plain name is a definition")
}

/// What a series shows in a tick: a pure function, so that the oracle knows every byte.
pub(crate) fn value(stream: StreamId, seq: Seq, series: SeriesIx) -> i64 {
    let mut mixed = stream.incarnation.0 ^ (seq.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ (u64::from(series.0) << 32);
    mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^= mixed >> 32;
    match series.0 % 4 {
        0 => (seq.0 * 17).cast_signed(),
        1 => (mixed % 100).cast_signed(),
        2 => 7,
        _ => (mixed >> 24).cast_signed() - (1 << 39),
    }
}

/// All that is measured in a tick: everything each sixth time, the first half otherwise.
pub(crate) fn samples(stream: StreamId, seq: Seq, series: u32) -> Vec<Sample> {
    let upto = if seq.0.is_multiple_of(6) { series } else { series.div_ceil(2) };
    (0..upto).map(SeriesIx).map(|series| Sample { series, value: value(stream, seq, series) }).collect()
}

/// What the store holds of this agent's lives.
pub(crate) fn earlier_lives(log: &Log) -> Vec<Earlier> {
    let mut lives = Vec::new();
    for (stream, facts) in log.streams() {
        let defs = all_defs(log, *stream, facts.schema_len);
        let tail = log.tail(*stream).unwrap_or_default();
        let places = log.places_given(*stream).unwrap_or(u32::MAX);
        lives.push(Earlier { stream: *stream, facts: facts.clone(), defs, places, tail });
    }
    lives
}

fn all_defs(log: &Log, stream: StreamId, upto: u32) -> Vec<SeriesDef> {
    log.schema(stream, 0, upto as usize).unwrap_or_default()
}

impl AgentLife {
    pub(crate) fn new(lives: Lives) -> Self {
        Self {
            lives,
            held: Vec::new(),
            commit: None,
            commit_at: None,
            noted: 0,
            anchor: None,
            measuring: true,
            closing: false,
        }
    }

    /// Whether the note beside the log must be written, and what it says.
    pub(crate) fn note(&mut self, now: bool) -> Option<(Incarnation, Seq)> {
        let next = self.lives.next_seq().0;
        if !now && next <= self.noted {
            return None;
        }
        self.noted = next + NOTE_EVERY;
        Some((self.lives.stream().incarnation, Seq(self.noted)))
    }

    /// Records were set aside.
    pub(crate) fn damaged(&mut self, stream: StreamId, lost: &RangeSet, now: (u64, UtcMs)) {
        self.lives.damaged(stream, lost, now.1);
        self.commit_at.get_or_insert(now.0);
    }

    /// A tick as it is measured now.
    pub(crate) fn measure(&mut self, boot: Boot, utc: UtcMs, series: u32, mono_ms: u64) -> Option<Arc<Tick>> {
        let samples = samples(self.lives.stream(), self.lives.next_seq(), series);
        self.lives.measured(Moment { utc, boot }, samples, mono_ms)
    }
}
