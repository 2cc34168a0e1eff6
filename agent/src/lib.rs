//! Measures one machine and never loses its place.

pub mod collect;
