//! What has a client, by what the log keeps of each stream in memory?
//!
//! Bytes are those of records with their keys, and a tenth more for what the store adds to find them: the sum over all clients
//! is what `status` says of the store. Series are the definitions of the latest life of each machine's store, and of what is
//! pushed. Samples a second are those that came in within the last ten minutes, late ones too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use vigie_model::{NodeId, Now, Slug, StreamId, UtcMs, pushed_place};
use vigie_sync::keep::StreamFacts;

/// Over how long samples a second are worked out.
const OVER_MS: u64 = 600_000;

/// Over less than this a rate says nothing.
const LEAST_MS: u64 = 50_000;

/// What one client has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Has {
    pub(super) series: u64,
    pub(super) bytes: u64,
    pub(super) samples_per_second: Option<u64>,
}

/// What each client had when it was last counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    at: Option<UtcMs>,
    has: BTreeMap<Slug, Has>,
    /// Samples that were ever taken in, by when that was counted; the latest last.
    samples: VecDeque<(u64, BTreeMap<Slug, u64>)>,
}

impl Counted {
    pub(super) fn at(&self) -> Option<UtcMs> {
        self.at
    }

    pub(super) fn of(&self, client: &Slug) -> Has {
        self.has.get(client).copied().unwrap_or_default()
    }

    /// Counts anew. What a stream ever took in is not forgotten when it is deleted, so the sum only grows.
    pub(super) fn take(
        &mut self,
        facts: &BTreeMap<StreamId, Arc<StreamFacts>>,
        owners: &BTreeMap<NodeId, Slug>,
        hub: NodeId,
        now: Now,
    ) {
        let (mut has, mut samples) = (BTreeMap::<Slug, Has>::new(), BTreeMap::<Slug, u64>::new());
        let mut latest: BTreeMap<(NodeId, Option<&str>), (StreamId, &Slug, u64)> = BTreeMap::new();
        let pushed: BTreeMap<&StreamId, Slug> = facts
            .iter()
            .filter(|(stream, _)| stream.agent == hub)
            .filter_map(|(stream, facts)| Some((stream, pushed_place(&facts.name)?.0)))
            .collect();
        for (stream, facts) in facts {
            let is_hub = stream.agent == hub;
            let owner = if is_hub { pushed.get(stream) } else { owners.get(&stream.agent) };
            let Some(client) = owner else { continue };
            let one = has.entry(client.clone()).or_default();
            one.bytes += facts.bytes.total() + facts.bytes.total() / 10;
            *samples.entry(client.clone()).or_default() += facts.samples;
            // Of the lives of a machine's store the streams are in their order.
            let which = (stream.agent, is_hub.then_some(facts.name.as_str()));
            latest.insert(which, (*stream, client, u64::from(facts.schema_len)));
        }
        for (_, client, series) in latest.into_values() {
            has.entry(client.clone()).or_default().series += series;
        }
        self.rates(&mut has, samples, now.mono_ms);
        (self.at, self.has) = (Some(now.utc), has);
    }

    fn rates(&mut self, has: &mut BTreeMap<Slug, Has>, samples: BTreeMap<Slug, u64>, now_ms: u64) {
        // The one before stays, so that there is one that is long enough ago.
        while self.samples.get(1).is_some_and(|(at, _)| now_ms.saturating_sub(*at) >= OVER_MS) {
            self.samples.pop_front();
        }
        if let Some((at, before)) = self.samples.front()
            && now_ms.saturating_sub(*at) >= LEAST_MS
        {
            let seconds = now_ms.saturating_sub(*at) / 1_000;
            for (client, all) in &samples {
                let came = all.saturating_sub(before.get(client).copied().unwrap_or(0));
                has.entry(client.clone()).or_default().samples_per_second = Some(came / seconds.max(1));
            }
        }
        self.samples.push_back((now_ms, samples));
    }
}
