//! Which doors are there? One file for each room that has some.

mod asked;
mod brought;
mod carried;
mod kept;
mod pushed;
mod said;

use crate::Door;

/// All of them.
pub const DOORS: &[Door] = &[
    said::FRAME,
    said::LIVE,
    said::BLOCK,
    said::ROWS,
    said::ROW,
    said::INVENTORY,
    said::RANGES,
    said::ENROL,
    said::RENEWAL,
    said::REVOCATIONS,
    said::TOKEN,
    carried::FILE,
    kept::RECORD,
    kept::HEAD,
    kept::LEAF,
    kept::SHORT,
    kept::SHEET,
    pushed::REMOTE_WRITE_1,
    pushed::REMOTE_WRITE_2,
    pushed::OTLP_PROTOBUF,
    pushed::OTLP_JSON,
    pushed::TEXT,
    pushed::OPENMETRICS,
    pushed::STATSD,
    asked::PROMQL,
    asked::FORMAT,
    brought::SAML_ANSWER,
    brought::SAML_METADATA,
];
