//! Starts a hub, two sites and their machines on loopback, and lets a person cut them.
