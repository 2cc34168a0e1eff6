//! Minutes and hours are what their ticks come down to, whatever happened on the way, and outlive them.

mod faults;
mod folding;
mod helpers;
mod history;
mod leaving;
mod pushed;
