//! Who was heard when, and by whose way? Only what a judge of silence needs, so that it may ask every second.

use vigie_model::{NodeId, Role, Slug, UtcMs};

use crate::fleet::Fleet;
use crate::memory::{Memory, Node};

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
    let newest = lives.filter_map(|stream| Some((stream, stream.recent.newest()?)));
    let newest = newest.max_by_key(|(_, seen)| seen.learnt_at);
    let bringer = newest.as_ref().and_then(|(stream, seen)| Some((memory.node(stream.bringer?).id, seen.learnt_at)));
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
        sampled_at: newest.map(|(stream, seen)| UtcMs(stream.true_ms(seen.at))),
        goodbye_at: voice.and_then(|voice| voice.goodbye_at),
    })
}
