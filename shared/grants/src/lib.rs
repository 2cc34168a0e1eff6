//! Who may come in at a site while the hub is out of reach?
//!
//! The hub grants it beforehand: a row that only the hub writes, and that travels to the site like any other, holds a name, an
//! end, a right, and what proves a passphrase without holding it. The site's relay lets in by what it has, and writes each
//! sign-in into rows that grow and come to the hub when the line is back. Knows no HTTP: `vigie-serve` asks it.

mod audit;
mod deeds;
mod desk;
mod grant;
mod passphrase;
mod porch;

pub use audit::{Came, Visit, visits};
pub use deeds::{DEED_KINDS, deeds};
pub use desk::{GrantError, Granted, add, erase, list, revoke};
pub use grant::{Grant, May};
pub use porch::Porch;
