//! What do rules see at one moment?

use std::sync::Arc;

use vigie_model::{Role, UtcMs};
use vigie_query::{InMemory, LabelSet, NAME, Source};
use vigie_watch::Evaluation;
use vigie_watch::presence::CERTIFICATE_SECONDS;

use crate::judging::Judging;
use crate::overlay::Overlay;
use crate::seats::Seat;
use crate::sight::At;
use crate::watchman::{Watchman, lock};

/// What only this node knows, as series with their values now.
pub(crate) type Stated = Vec<(Arc<LabelSet>, f64)>;

impl Watchman {
    /// Works out the rules that are due, each over what is seen from its seat.
    pub(crate) fn work_out(&self, judging: &mut Judging, now: At) -> Evaluation {
        let (stated, everybody) = self.stated(judging, now);
        let pushed: Box<dyn Source + '_> =
            if self.role == Role::Hub { self.sight.pushed_here() } else { Box::new(InMemory::default()) };
        let Judging { mind, judges, written, .. } = judging;
        let see = |seat: Seat, base, presence| Overlay { base, seat, judges, presence, written, now_ms: now.utc.0 };
        let own = see(Seat::Own, self.sight.source(), &stated);
        let pushed = see(Seat::Pushed, &*pushed, &[]);
        let across = see(Seat::Across, self.sight.source(), &everybody);
        let sources: [&dyn Source; Seat::ALL.len()] = [&own, &pushed, &across];
        mind.evaluate_each(&sources, |group| Seat::of(group) as usize, now.utc.0)
    }

    /// What this node says of who is there: of those whom it judges, and at a hub of everybody.
    fn stated(&self, judging: &Judging, now: At) -> (Stated, Stated) {
        let mut presence = lock(&self.presence);
        let mut stated = presence.series(|labels| judging.judges.includes(labels), now);
        stated.push(self.own_certificate(now.utc));
        stated.extend((self.stated)());
        let everybody = if self.role == Role::Hub { presence.of_all(now) } else { Stated::new() };
        (stated, everybody)
    }

    /// In how many seconds this node is refused by the others, if it is not renewed.
    fn own_certificate(&self, now: UtcMs) -> (Arc<LabelSet>, f64) {
        let place = self.home.iter().flat_map(|(client, site)| [("client", client.as_str()), ("site", site.as_str())]);
        let labels = place.chain([(NAME, CERTIFICATE_SECONDS), ("node", self.name.as_str())]);
        let left_ms = (self.certificate_ends)().0.saturating_sub(now.0);
        (Arc::new(LabelSet::new(labels)), left_ms as f64 / 1000.0)
    }
}
