//! What a node keeps: the telemetry log and the small state, in redb.
