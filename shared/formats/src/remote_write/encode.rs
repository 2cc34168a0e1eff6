//! How are series sent on by remote write?

use std::collections::HashMap;

use crate::proto::Message;
use crate::{ForeignSample, Metadata};

use super::v1::number_of;

/// A request of 1.0, put together series by series.
#[derive(Debug, Default)]
pub struct V1Writer {
    request: Message,
    series: Message,
    part: Message,
}

impl V1Writer {
    /// Adds a series. The labels are sorted by name, as the specification demands and this crate's series are.
    pub fn series<S: AsRef<str>>(&mut self, labels: &[(S, S)], samples: &[ForeignSample]) {
        self.series.clear();
        for (name, value) in labels {
            self.part.clear();
            self.part.text(1, name.as_ref());
            self.part.text(2, value.as_ref());
            self.series.message(1, &self.part);
        }
        write_samples(&mut self.series, &mut self.part, samples);
        self.request.message(1, &self.series);
    }

    /// Adds what is known about a family.
    pub fn family(&mut self, name: &str, known: &Metadata) {
        self.part.clear();
        self.part.varint(1, number_of(known.kind));
        self.part.text(2, name);
        self.part.text(4, &known.help);
        self.part.text(5, &known.unit);
        self.request.message(3, &self.part);
    }

    /// The body, packed; send it with [`super::RemoteWrite::headers`]. None when it is too large for snappy (4 GiB).
    pub fn finish(self) -> Option<Vec<u8>> {
        snap::raw::Encoder::new().compress_vec(&self.request.into_bytes()).ok()
    }
}

/// A request of 2.0, put together series by series. Its symbols stay in memory until it is finished.
#[derive(Debug, Default)]
pub struct V2Writer {
    symbols: HashMap<String, u64>,
    in_order: Vec<String>,
    request: Message,
    series: Message,
    part: Message,
}

impl V2Writer {
    /// Adds a series, with what is known about its family and since when its total counts.
    pub fn series<S: AsRef<str>>(
        &mut self,
        labels: &[(S, S)],
        samples: &[ForeignSample],
        metadata: Option<&Metadata>,
        started_ms: Option<i64>,
    ) {
        let texts = labels.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]);
        let references: Vec<u64> = texts.map(|text| self.symbol(text)).collect();
        self.series.clear();
        self.series.packed(1, references.into_iter());
        write_samples(&mut self.series, &mut self.part, samples);
        if let Some(known) = metadata {
            let (help, unit) = (self.symbol(&known.help), self.symbol(&known.unit));
            self.part.clear();
            self.part.varint(1, number_of(known.kind));
            self.part.varint(3, help);
            self.part.varint(4, unit);
            self.series.message(5, &self.part);
        }
        self.series.varint(6, started_ms.unwrap_or(0).cast_unsigned());
        self.request.message(5, &self.series);
    }

    /// As [`V1Writer::finish`].
    pub fn finish(self) -> Option<Vec<u8>> {
        let mut head = Message::default();
        head.text(4, "");
        self.in_order.iter().for_each(|symbol| head.text(4, symbol));
        let mut bytes = head.into_bytes();
        bytes.extend(self.request.into_bytes());
        snap::raw::Encoder::new().compress_vec(&bytes).ok()
    }

    fn symbol(&mut self, text: &str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        if let Some(at) = self.symbols.get(text) {
            return *at;
        }
        self.in_order.push(text.to_owned());
        let at = self.in_order.len() as u64;
        self.symbols.insert(text.to_owned(), at);
        at
    }
}

fn write_samples(series: &mut Message, part: &mut Message, samples: &[ForeignSample]) {
    for (time_ms, value) in samples {
        part.clear();
        part.double(1, *value);
        part.varint(2, time_ms.cast_unsigned());
        series.message(2, part);
    }
}
