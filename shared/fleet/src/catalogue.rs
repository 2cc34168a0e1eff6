//! Which series are there, and which definitions are theirs?
//!
//! A definition is kept once however many machines declare it, and so is a list of definitions: ten thousand machines of
//! one kind cost what one costs. Where a list is one machine's own, a series takes twelve bytes: its definition's number in
//! the list, and its place in what is kept under the definition.
//! Knows nothing of machines and owners, and nothing of samples.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vigie_codec::schema::SchemaHash;
use vigie_model::{Kind, Resolution, SeriesDef, SeriesIx};
use vigie_query::{LabelSet, Matcher, NAME, OWNER_LABELS, Owner};

use crate::memory::{NodeIx, StreamIx};

/// The place of a definition in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DefIx(u32);

/// The place of a list of definitions in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SchemaIx(u32);

/// What a question may ask of a definition, made ready once.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Def {
    /// Name and labels as Prometheus writes them, without those of the owner, sorted.
    pub(crate) labels: Vec<(Arc<str>, Arc<str>)>,
    pub(crate) resolution: Resolution,
    /// What is known about it; nothing of what others named.
    said: Option<Said>,
}

/// How its machine declared a series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Said {
    /// The name in OpenTelemetry form.
    pub(crate) name: Arc<str>,
    pub(crate) unit: Arc<str>,
    /// A running total; else a level.
    pub(crate) is_total: bool,
}

/// The definitions of one or many streams, in their places.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// None where part of it could not be read: such a list is nobody else's.
    hash: Option<SchemaHash>,
    pub(crate) defs: Vec<DefIx>,
    /// Where the page's two figures are.
    pub(crate) cpu: Option<SeriesIx>,
    pub(crate) memory: Option<SeriesIx>,
    /// How full each of its file systems is.
    pub(crate) disks: Vec<SeriesIx>,
    /// Who has it, and whose they are; nobody once all have moved on.
    pub(crate) streams: Vec<(StreamIx, NodeIx)>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    def: Arc<Def>,
    /// The lists it stands in, and where.
    pub(crate) places: Vec<(SchemaIx, SeriesIx)>,
}

/// All definitions, by what is asked of them.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    texts: HashSet<Arc<str>>,
    entries: Vec<Entry>,
    known: HashMap<Arc<Def>, DefIx>,
    by_name: HashMap<Arc<str>, Vec<DefIx>>,
    schemas: Vec<Schema>,
    by_hash: HashMap<SchemaHash, SchemaIx>,
    /// Lists that nobody has any more.
    free: Vec<SchemaIx>,
}

impl Def {
    /// The value of a label that is not the owner's; empty where there is none.
    fn value(&self, name: &str) -> &str {
        self.labels.binary_search_by(|(key, _)| (**key).cmp(name)).map_or("", |at| &self.labels[at].1)
    }

    /// The labels of this series of that owner, all texts shared.
    pub(crate) fn labels_of(&self, owner: &[(Arc<str>, Arc<str>)]) -> LabelSet {
        LabelSet::new(owner.iter().chain(&self.labels).map(|(name, value)| (name.clone(), value.clone())))
    }
}

impl Catalogue {
    /// A text, kept once.
    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.texts.get(text) {
            return kept.clone();
        }
        let kept: Arc<str> = text.into();
        self.texts.insert(kept.clone());
        kept
    }

    pub(crate) fn def(&self, ix: DefIx) -> &Arc<Def> {
        &self.entries[ix.0 as usize].def
    }

    pub(crate) fn schema(&self, ix: SchemaIx) -> &Schema {
        &self.schemas[ix.0 as usize]
    }

    /// The list with this hash, if any stream has it: its definitions need not be read again.
    pub(crate) fn with_hash(&self, hash: SchemaHash) -> Option<SchemaIx> {
        self.by_hash.get(&hash).copied()
    }

    /// Whether this is the whole list that has this hash.
    pub(crate) fn is(&self, schema: Option<SchemaIx>, hash: SchemaHash) -> bool {
        schema.is_some_and(|ix| self.schema(ix).hash == Some(hash))
    }

    /// Lets a stream have another list that is here.
    pub(crate) fn join(&mut self, stream: (StreamIx, NodeIx), from: Option<SchemaIx>, to: SchemaIx) {
        if from == Some(to) {
            return;
        }
        if let Some(from) = from {
            self.leave(stream.0, from);
        }
        self.schemas[to.0 as usize].streams.push(stream);
    }

    /// A stream is another node's from now on. It keeps its list: one that it has alone must not be forgotten meanwhile.
    pub(crate) fn give(&mut self, (stream, to): (StreamIx, NodeIx), ix: SchemaIx) {
        let own = self.schemas[ix.0 as usize].streams.iter_mut().filter(|(other, _)| *other == stream);
        own.for_each(|(_, whose)| *whose = to);
    }

    /// Adds definitions behind those that a stream has. `hash` is that of the whole list, where all of it is here.
    pub(crate) fn grow(
        &mut self,
        stream: (StreamIx, NodeIx),
        from: Option<SchemaIx>,
        more: &[SeriesDef],
        hash: Option<SchemaHash>,
    ) -> SchemaIx {
        let alone = from.filter(|ix| self.schema(*ix).streams.len() == 1);
        let ix = alone.unwrap_or_else(|| self.begin(from));
        if let Some(old) = std::mem::replace(&mut self.schemas[ix.0 as usize].hash, hash) {
            self.by_hash.remove(&old);
        }
        if let Some(hash) = hash {
            self.by_hash.insert(hash, ix);
        }
        more.iter().for_each(|def| self.append(ix, def));
        if alone.is_none() {
            self.join(stream, from, ix);
        }
        ix
    }

    /// A new list with the definitions of another.
    fn begin(&mut self, from: Option<SchemaIx>) -> SchemaIx {
        let ix = self.free.pop().unwrap_or_else(|| {
            self.schemas.push(Schema::default());
            SchemaIx(self.schemas.len() as u32 - 1)
        });
        if let Some(from) = from.map(|from| self.schema(from)) {
            let (defs, cpu, memory, disks) = (from.defs.clone(), from.cpu, from.memory, from.disks.clone());
            for (at, def) in (0..).zip(&defs) {
                self.entries[def.0 as usize].places.push((ix, SeriesIx(at)));
            }
            self.schemas[ix.0 as usize] = Schema { hash: None, defs, cpu, memory, disks, streams: Vec::new() };
        }
        ix
    }

    fn append(&mut self, ix: SchemaIx, def: &SeriesDef) {
        let known = self.intern(def);
        let schema = &mut self.schemas[ix.0 as usize];
        let place = SeriesIx(schema.defs.len() as u32);
        schema.defs.push(known);
        match def.name() {
            "system.cpu.utilization" if def.labels().is_empty() => schema.cpu = schema.cpu.or(Some(place)),
            "system.memory.utilization" if def.labels().is_empty() => schema.memory = schema.memory.or(Some(place)),
            "system.filesystem.utilization" => schema.disks.push(place),
            _ => {}
        }
        self.entries[known.0 as usize].places.push((ix, place));
    }

    fn intern(&mut self, def: &SeriesDef) -> DefIx {
        let nobody =
            Owner { client: String::new(), site: String::new(), machine: String::new(), machine_id: String::new() };
        let own = LabelSet::of(def, &nobody);
        let labels = own.iter().map(|(name, value)| (self.text(name), self.text(value))).collect();
        let said =
            Said { name: self.text(def.name()), unit: self.text(def.unit()), is_total: def.kind() == Kind::Counter };
        let said = Some(said).filter(|_| !def.is_foreign());
        let def = Arc::new(Def { labels, resolution: def.resolution(), said });
        if let Some(known) = self.known.get(&def) {
            return *known;
        }
        let ix = DefIx(self.entries.len() as u32);
        let name = self.text(def.value(NAME));
        self.by_name.entry(name).or_default().push(ix);
        self.known.insert(def.clone(), ix);
        self.entries.push(Entry { def, places: Vec::new() });
        ix
    }

    /// Takes a stream off its list; a list that nobody has is forgotten.
    pub(crate) fn leave(&mut self, stream: StreamIx, from: SchemaIx) {
        let schema = &mut self.schemas[from.0 as usize];
        schema.streams.retain(|(other, _)| *other != stream);
        if !schema.streams.is_empty() {
            return;
        }
        let gone = std::mem::take(schema);
        if let Some(hash) = gone.hash {
            self.by_hash.remove(&hash);
        }
        let defs: HashSet<DefIx> = gone.defs.into_iter().collect();
        defs.iter().for_each(|def| self.entries[def.0 as usize].places.retain(|(schema, _)| *schema != from));
        self.free.push(from);
    }

    /// The definitions that have every value that was asked for, of labels that are not the owner's.
    pub(crate) fn matching(&self, matchers: &[Matcher]) -> Vec<DefIx> {
        let (names, others): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().filter(|matcher| !is_of_owner(matcher)).partition(|matcher| matcher.name() == NAME);
        let fits = |ix: &&DefIx| others.iter().all(|matcher| matcher.matches(self.def(**ix).value(matcher.name())));
        let named = |name: &str| names.iter().all(|matcher| matcher.matches(name));
        match names.iter().find_map(|matcher| matcher.exact()) {
            Some(name) if named(name) => self.by_name.get(name).into_iter().flatten().filter(fits).copied().collect(),
            Some(_) => Vec::new(),
            None => {
                let found = self.by_name.iter().filter(|(name, _)| named(name)).flat_map(|(_, defs)| defs);
                let mut found: Vec<DefIx> = found.filter(fits).copied().collect();
                found.sort_unstable();
                found
            }
        }
    }

    /// What is known about each metric that our machines declared, and one of each wording.
    pub(crate) fn said(&self) -> impl Iterator<Item = (&Arc<str>, &Said, &Entry)> {
        let entries = self.by_name.iter().flat_map(|(name, defs)| defs.iter().map(move |def| (name, def)));
        entries.filter_map(|(name, def)| {
            let entry = &self.entries[def.at()];
            Some((name, entry.def.said.as_ref()?, entry))
        })
    }

    /// The lists a definition stands in, and where.
    pub(crate) fn places(&self, ix: DefIx) -> &[(SchemaIx, SeriesIx)] {
        &self.entries[ix.0 as usize].places
    }

    /// How many definitions there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl DefIx {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// Whether a condition is one on whose the series is.
pub(crate) fn is_of_owner(matcher: &Matcher) -> bool {
    OWNER_LABELS.contains(&matcher.name())
}
