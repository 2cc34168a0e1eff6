//! How much of what comes from outside is taken at once?

/// The caps of one batch. Each is checked before anything is allocated for what it counts.
///
/// A batch over a cap of the whole batch is refused; a series over a cap of one series is left out and counted
/// ([`crate::Reason::OverLimit`]), because senders throw a refused batch away with all its good series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body, unpacked. Prometheus' senders stay far below 1 MiB, OpenTelemetry's collector below 8.
    pub body_bytes: usize,
    /// Series in a batch, and families of metadata. A whole cAdvisor or kube-state-metrics page is about 50,000.
    pub series: usize,
    /// Labels of one series, its name among them. Kubernetes targets have about 30.
    pub labels_per_series: usize,
    /// Bytes of one label name or value; help and unit are held to it as well.
    pub label_bytes: usize,
    /// Samples in a batch. With 16 bytes each, the default is 16 MB.
    pub samples: usize,
    /// Bytes of label text in a batch that owns its texts, counted as often as they are written down.
    ///
    /// A symbol table or a resource says a text once for thousands of series; without this cap a body of 1 MB could
    /// ask for gigabytes.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            series: 100_000,
            labels_per_series: 64,
            label_bytes: 4096,
            samples: 1_000_000,
            text_bytes: 64 << 20,
        }
    }
}

impl Limits {
    /// Whether one text may be taken into a series.
    pub(crate) fn fits(&self, text: &str) -> bool {
        text.len() <= self.label_bytes
    }
}
