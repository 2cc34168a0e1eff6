//! How do others write and read samples?
//!
//! Decoders and encoders of the Prometheus and OpenTelemetry world, from bytes to [`Batch`] and back. Knows no HTTP, no
//! socket, no clock and no storage: bodies come as slices, moments as arguments, exports go to an [`std::io::Write`].
//!
//! # The door
//!
//! | what comes | how it is read | what is answered |
//! |---|---|---|
//! | remote write 1.0, 2.0 | [`remote_write::RemoteWrite::of_headers`], then [`decode`](remote_write::RemoteWrite::decode) in place, or [`decode_batch`](remote_write::RemoteWrite::decode_batch) | 204; to 2.0 always the headers of [`remote_write::Written`] |
//! | OTLP metrics, unpacked | [`otlp::Otlp::of_content_type`], then [`decode`](otlp::Otlp::decode) | 200 with [`otlp::Answer::of`] what was left out |
//! | a scraped page | [`text::TextFormat::of_content_type`], then [`text::parse`] | – |
//! | StatsD datagrams | [`statsd::StatsD::take`], and [`flush`](statsd::StatsD::flush) each interval | – |
//!
//! Going out: [`remote_write::V1Writer`], [`remote_write::V2Writer`], [`text::TextWriter`] for federation, and
//! [`export`] for JSON lines, CSV and Parquet.
//!
//! # What a decoder promises
//!
//! - Every cap of [`Limits`] is checked before anything is allocated for what it counts, and no bytes make a decoder
//!   panic. The transport bounds the packed body; what it unpacks itself (gzip) it bounds by [`Limits::body_bytes`].
//! - A [`DecodeError`] says what is wrong and where, and nothing of the batch is kept; [`DecodeError::status`] is the
//!   answer. A media type that is not taken is 415, and a failing store behind the door is 503, never one of these.
//! - Good parts of a batch are kept beside parts that can not be: those are counted in [`LeftOut`] by reason.
//! - Values keep every bit, the stale marker ([`is_stale`]) among them; only text formats know but one NaN.
//! - Labels are sorted, each name once, none empty, [`NAME`] among them. One series may stand twice in a batch, and its
//!   samples may be in any order: whoever stores them decides.

mod batch;
mod error;
pub mod export;
mod family;
mod gather;
mod left_out;
mod limits;
pub mod otlp;
mod proto;
pub mod remote_write;
pub mod statsd;
pub mod text;
mod view;

pub use batch::{
    Batch, Family, ForeignSample, ForeignSeries, Kind, Metadata, NAME, NORMAL_NAN_BITS, STALE_NAN_BITS, is_stale, label,
};
pub use error::{Counted, DecodeError, Place};
pub use left_out::{LeftOut, Reason};
pub use limits::Limits;
pub use view::{MetadataView, SeriesView, View};
