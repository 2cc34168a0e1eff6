//! Columns of samples to few bytes, and the versioned shapes of wire and disk.
