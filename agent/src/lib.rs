//! Measures one machine and never loses its place.
