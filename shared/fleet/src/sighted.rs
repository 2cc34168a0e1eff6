//! Who was heard when, and by whose way? Only what a judge of silence needs, so that it may ask every second.

use vigie_model::{NodeId, Role, Slug, UtcMs};

use crate::fleet::Fleet;
use crate::memory::{Memory, Node};
use crate::vouching::{Spoken, Word};

/// A node that is enrolled, as it was last heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighted {
    /// Which.
    pub node: NodeId,
    /// Agent or relay.
    pub role: Role,
    /// Whose.
    pub client: Slug,
    /// Where.
    pub site: Slug,
    /// What people call it.
    pub name: String,
    /// When this node last heard it itself.
    pub heard_at: Option<UtcMs>,
    /// How often it is sure to be heard on the link that it was last heard on; nothing where that is not known.
    pub beat_ms: Option<u32>,
    /// Whether it is connected with this node now.
    pub is_connected: bool,
    /// The node that brought its newest tick, if that is another, and when.
    pub brought: Option<(NodeId, UtcMs)>,
    /// When the newest sample here was measured.
    pub sampled_at: Option<UtcMs>,
    /// When it said goodbye, unless it came back.
    pub goodbye_at: Option<UtcMs>,
    /// What the relays of its site say of it, and whose word that is; of a relay, whether it says that it judges all rules.
    pub word: Option<Spoken>,
    /// By how much its clock was ahead of the true time when that sample was measured, once its relay or hub told it the
    /// time; below 0 it was behind.
    pub clock_ahead_ms: Option<i64>,
}

impl Fleet {
    /// Every enrolled agent and relay.
    pub fn sighted(&self) -> Vec<Sighted> {
        let memory = self.memory();
        memory.nodes().filter_map(|node| sighted(&memory, node)).collect()
    }
}

fn sighted(memory: &Memory, node: &Node) -> Option<Sighted> {
    if node.owner().is_some_and(|owner| owner.is_pushed) {
        return None;
    }
    let known = node.known()?;
    let lives = node.streams.iter().map(|stream| memory.stream(*stream));
    let newest = lives.filter_map(|stream| Some((stream, stream.gist.last?)));
    // By the order of arrival: clocks may have been set between two of them.
    let newest = newest.max_by_key(|(stream, last)| (stream.arrival, last.learnt_at));
    let bringer = newest.and_then(|(stream, last)| {
        let bringer = memory.node(stream.bringer?);
        is_by_line(bringer, last.learnt_at).then_some((bringer.id, last.learnt_at))
    });
    let voice = node.voice.as_ref();
    Some(Sighted {
        node: node.id,
        role: known.role,
        client: known.client.clone(),
        site: known.site.clone(),
        name: known.name.clone(),
        heard_at: voice.and_then(|voice| voice.heard_at),
        beat_ms: voice.and_then(|voice| voice.beat_ms),
        is_connected: voice.is_some_and(|voice| voice.session.is_some()),
        brought: bringer.filter(|(bringer, _)| *bringer != node.id),
        clock_ahead_ms: newest.and_then(|(stream, last)| stream.clock_ahead_ms(last.at)),
        sampled_at: newest.map(|(_, last)| UtcMs(last.true_ms)),
        word: memory.word_of(node).map(|(_, word)| {
            let Word { relay, answers, since, .. } = *word;
            Spoken { relay, answers, since }
        }),
        goodbye_at: voice.and_then(|voice| voice.goodbye_at),
    })
}

/// Whether who brings it was heard when it came, or since: of a file that was carried here by hand nobody is heard.
fn is_by_line(bringer: &Node, at: UtcMs) -> bool {
    bringer.voice.as_ref().and_then(|voice| voice.heard_at).is_some_and(|heard| at <= heard)
}
