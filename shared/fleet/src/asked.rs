//! Which series does a question mean?
//!
//! Conditions are tried on distinct definitions and on owners, never on series: of a million series there are some hundred
//! of the first and some thousand of the second.

use vigie_model::{NodeId, SeriesIx};
use vigie_query::Matcher;

use crate::catalogue::is_of_owner;
use crate::memory::{Memory, Node, NodeIx, StreamIx};

/// One series of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) stream: StreamIx,
    pub(crate) series: SeriesIx,
}

/// Every series that matches, in no order.
pub(crate) fn rows(memory: &Memory, matchers: &[Matcher]) -> Vec<Row> {
    let owners = Owners::of(memory, matchers);
    match owners.few() {
        Some(nodes) => of_nodes(memory, &owners.passing(&nodes), matchers),
        None => of_all(memory, &owners, matchers),
    }
}

/// Those that match of streams whose origin is one node: what others pushed to it, a stream for each place.
pub(crate) fn rows_from(memory: &Memory, node: NodeId, matchers: &[Matcher]) -> Vec<Row> {
    let owners = Owners::of(memory, matchers);
    let streams = memory.streams_from(node).into_iter().filter_map(|stream| memory.find_stream(stream));
    let asked: Vec<StreamIx> = streams.filter(|stream| owners.pass(memory.stream(*stream).node)).collect();
    if asked.is_empty() { Vec::new() } else { of_streams(memory, asked.into_iter(), matchers) }
}

/// The machines of some rows, each once.
pub(crate) fn machines_of(memory: &Memory, rows: &[Row]) -> Vec<NodeIx> {
    let mut is_in = vec![false; memory.nodes().len()];
    let nodes = rows.iter().map(|row| memory.stream(row.stream).node);
    nodes.filter(|node| !std::mem::replace(&mut is_in[node.at()], true)).collect()
}

fn of_nodes(memory: &Memory, nodes: &[NodeIx], matchers: &[Matcher]) -> Vec<Row> {
    of_streams(memory, nodes.iter().flat_map(|node| memory.node(*node).streams.iter().copied()), matchers)
}

fn of_streams(memory: &Memory, streams: impl Iterator<Item = StreamIx>, matchers: &[Matcher]) -> Vec<Row> {
    let mut wanted = vec![false; memory.catalogue.len()];
    memory.catalogue.matching(matchers).into_iter().for_each(|def| wanted[def.at()] = true);
    let schemas = streams.filter_map(|stream| Some((stream, memory.catalogue.schema(memory.stream(stream).schema?))));
    let rows = schemas.flat_map(|(stream, schema)| {
        let series = (0..).map(SeriesIx).zip(&schema.defs).filter(|(_, def)| wanted[def.at()]);
        series.map(move |(series, _)| Row { stream, series })
    });
    rows.collect()
}

fn of_all(memory: &Memory, owners: &Owners<'_>, matchers: &[Matcher]) -> Vec<Row> {
    let passes = owners.of_all();
    let mut rows = Vec::new();
    for def in memory.catalogue.matching(matchers) {
        for (schema, series) in memory.catalogue.places(def) {
            let streams = memory.catalogue.schema(*schema).streams.iter();
            let asked = streams.filter(|(_, node)| passes[node.at()]);
            rows.extend(asked.map(|(stream, _)| Row { stream: *stream, series: *series }));
        }
    }
    rows
}

/// Conditions on whose a series is.
struct Owners<'a> {
    memory: &'a Memory,
    /// Whether client and site of each place are asked for.
    places: Vec<bool>,
    of_machine: Vec<&'a Matcher>,
}

impl<'a> Owners<'a> {
    fn of(memory: &'a Memory, matchers: &'a [Matcher]) -> Self {
        let of_owner = matchers.iter().filter(|matcher| is_of_owner(matcher));
        let (of_place, of_machine): (Vec<_>, Vec<_>) =
            of_owner.partition(|matcher| matches!(matcher.name(), "client" | "site"));
        let is_asked = |client: &str, site: &str| {
            of_place.iter().all(|matcher| matcher.matches(if matcher.name() == "client" { client } else { site }))
        };
        let places = memory.places().map(|place| is_asked(place.client.as_str(), place.site.as_str())).collect();
        Self { memory, places, of_machine }
    }

    /// The machines that can be found by their name or id, where just one is asked for.
    fn few(&self) -> Option<Vec<NodeIx>> {
        self.of_machine.iter().find_map(|matcher| {
            let exact = matcher.exact().filter(|exact| !exact.is_empty())?;
            Some(match matcher.name() {
                "machine_id" => exact.parse::<NodeId>().ok().and_then(|id| self.memory.find(id)).into_iter().collect(),
                _ => self.memory.named(exact).to_vec(),
            })
        })
    }

    fn passing(&self, nodes: &[NodeIx]) -> Vec<NodeIx> {
        nodes.iter().copied().filter(|ix| self.pass(*ix)).collect()
    }

    fn of_all(&self) -> Vec<bool> {
        (0..self.memory.nodes().len()).map(|at| self.pass(NodeIx::from(at))).collect()
    }

    fn pass(&self, ix: NodeIx) -> bool {
        let is_there = self.memory.machine_at()[ix.at()].is_some_and(|place| self.places[place.at()]);
        is_there && (self.of_machine.is_empty() || self.is_asked(self.memory.node(ix)))
    }

    fn is_asked(&self, node: &Node) -> bool {
        node.owner().is_some_and(|enrolled| {
            let value =
                |name: &str| enrolled.labels.iter().find(|(key, _)| **key == *name).map_or("", |(_, value)| value);
            self.of_machine.iter().all(|matcher| matcher.matches(value(matcher.name())))
        })
    }
}
