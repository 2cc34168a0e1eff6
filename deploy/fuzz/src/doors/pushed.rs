//! What programs of others push, and pages that are scraped.

use vigie_formats::otlp::Otlp;
use vigie_formats::remote_write::{RemoteWrite, V1Writer, V2Writer};
use vigie_formats::statsd::{StatsD, StatsDLimits};
use vigie_formats::text::{self, TextFormat};
use vigie_formats::{Batch, DecodeError, Limits, NAME};

use crate::Door;

/// Small, so that caps are met by small bodies.
fn limits() -> Limits {
    Limits { body_bytes: 64 * 1024, series: 200, labels_per_series: 16, samples: 2_000, ..Limits::default() }
}

/// What every decoder promises of what it took.
fn kept(read: Result<Batch, DecodeError>) {
    let batch = match read {
        Ok(batch) => batch,
        Err(error) => return assert!((400..600).contains(&error.status()), "a refusal has its status"),
    };
    assert!(batch.series.len() <= limits().series, "no more series than the cap");
    for series in &batch.series {
        assert!(series.labels.windows(2).all(|pair| pair[0].0 < pair[1].0), "labels are sorted, each name once");
        assert!(series.labels.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()), "no label is empty");
        assert!(series.labels.iter().any(|(name, _)| &**name == NAME), "each series has a name");
    }
}

pub(super) const REMOTE_WRITE_1: Door = Door {
    name: "formats.remote_write.1",
    good: || {
        let mut writer = V1Writer::default();
        writer.series(&[("__name__", "up"), ("job", "node")], &[(1_790_000_000_000, 1.0), (1_790_000_010_000, 0.0)]);
        writer.series(&[("__name__", "mem"), ("a", "b")], &[(1_790_000_000_000, f64::NAN)]);
        writer.finish().into_iter().filter_map(|body| snap::raw::Decoder::new().decompress_vec(&body).ok()).collect()
    },
    knock: |bytes| {
        kept(RemoteWrite::V1.decode_batch(&packed(bytes), &limits()));
        // And as if it were packed already.
        kept(RemoteWrite::V1.decode_batch(bytes, &limits()));
    },
};

pub(super) const REMOTE_WRITE_2: Door = Door {
    name: "formats.remote_write.2",
    good: || {
        let mut writer = V2Writer::default();
        writer.series(&[("__name__", "up"), ("job", "node")], &[(1_790_000_000_000, 1.0)], None, None);
        writer.finish().into_iter().filter_map(|body| snap::raw::Decoder::new().decompress_vec(&body).ok()).collect()
    },
    knock: |bytes| kept(RemoteWrite::V2.decode_batch(&packed(bytes), &limits())),
};

fn packed(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap_or_default()
}

pub(super) const OTLP_PROTOBUF: Door = Door {
    name: "formats.otlp.protobuf",
    good: || vec![include_bytes!("../../../../shared/formats/tests/golden/otlp_metrics.bin").to_vec()],
    knock: |bytes| kept(Otlp::Protobuf.decode(bytes, &limits())),
};

pub(super) const OTLP_JSON: Door = Door {
    name: "formats.otlp.json",
    good: || vec![include_bytes!("../../../../shared/formats/tests/golden/otlp_metrics.json").to_vec()],
    knock: |bytes| kept(Otlp::Json.decode(bytes, &limits())),
};

const PAGE: &str = "# HELP up whether it is\n# TYPE up gauge\nup{job=\"a\\\"b\\n\"} 1 1790000000000\n# TYPE h histogram\n\
                    h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} NaN\nh_sum 4.5e-3\nh_count 0x1p3\n";

pub(super) const TEXT: Door = Door {
    name: "formats.text",
    good: || vec![PAGE.as_bytes().to_vec()],
    knock: |bytes| kept(text::parse(bytes, TextFormat::Prometheus, 1_790_000_000_000, &limits())),
};

pub(super) const OPENMETRICS: Door = Door {
    name: "formats.openmetrics",
    good: || {
        let page = "# TYPE a counter\n# UNIT a_seconds seconds\na_total{b=\"c\"} 5 1790000000.5 # {t=\"1\"} 2\n\
                    a_created 1\n# TYPE s stateset\ns{s=\"on\"} 1\n# EOF\n";
        vec![page.as_bytes().to_vec(), PAGE.as_bytes().to_vec()]
    },
    knock: |bytes| kept(text::parse(bytes, TextFormat::OpenMetrics, 1_790_000_000_000, &limits())),
};

pub(super) const STATSD: Door = Door {
    name: "formats.statsd",
    good: || vec![b"a.b:1|c|@0.1\nt:3:4:5|ms|#host:x,y:z\ng:+5|g\ns:me|s\nh:1|h\n_e{1,1}:a|b".to_vec()],
    knock: |bytes| {
        let limits = StatsDLimits { names: 50, set_members: 50, ..StatsDLimits::default() };
        let mut sums = StatsD::new(limits);
        sums.take(bytes);
        sums.take(bytes);
        kept(Ok(sums.flush(1_790_000_000_000)));
    },
};
