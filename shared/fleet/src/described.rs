//! What is known about the metrics of each client?

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use vigie_formats::Metadata;
use vigie_model::Slug;
use vigie_serve::Described;

use crate::catalogue::{Said, SchemaIx};
use crate::memory::Memory;

/// What our machines said when they declared their series: once for each client, name and wording.
pub(crate) fn described(memory: &Memory) -> Vec<Described> {
    let mut clients: HashMap<SchemaIx, BTreeSet<&Slug>> = HashMap::new();
    let mut described = BTreeSet::new();
    for (name, said, entry) in memory.catalogue.said() {
        for (schema, _) in &entry.places {
            let clients = clients.entry(*schema).or_insert_with(|| clients_of(memory, *schema));
            described.extend(clients.iter().map(|client| (*client, name, said)));
        }
    }
    let wording = |(client, name, said): (&Slug, &Arc<str>, &Said)| Described {
        client: client.clone(),
        metric: name.to_string(),
        metadata: Arc::new(Metadata {
            kind: if said.is_total { vigie_formats::Kind::Counter } else { vigie_formats::Kind::Gauge },
            help: format!("{} of OpenTelemetry's conventions.", said.name),
            unit: said.unit.to_string(),
        }),
    };
    described.into_iter().map(wording).collect()
}

fn clients_of(memory: &Memory, schema: SchemaIx) -> BTreeSet<&Slug> {
    let owners = memory.catalogue.schema(schema).streams.iter().filter_map(|(_, node)| memory.node(*node).owner());
    owners.map(|owner| &owner.known.client).collect()
}
