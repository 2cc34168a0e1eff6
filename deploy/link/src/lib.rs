//! A bad link on purpose: forwards UDP and TCP with seeded delay, loss, rate and cuts.
