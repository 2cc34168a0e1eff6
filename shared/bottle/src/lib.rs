//! The mesh in a bottle: the real minds under a seeded network, clock and disk.
