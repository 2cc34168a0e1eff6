//! Does it hold on real processes? One program for all of it, so that trials which wait can wait side by side.

mod both_sides;
mod brought_back;
mod carried;
mod clock;
mod copies;
mod credentials;
mod disk;
mod installed;
mod lookout;
mod metered;
mod noted;
mod one_cut;
mod outbox;
mod phones;
mod place;
mod promise;
mod pushed;
mod readers;
mod retained;
mod rows;
mod rulings;
mod running;
mod site;
