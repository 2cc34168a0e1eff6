//! What goes in and what comes out: the shapes live beside the mind that wishes them, in `shared/sync/src/keep.rs`.

pub use vigie_sync::keep::*;
