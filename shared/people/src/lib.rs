//! Who may do what, where?
//!
//! A person has roles in parts of the deployment; a token may no more than its maker may at that moment; a browser is signed
//! in until it is not used or somebody ends it. [`Directory::decide`] says what comes of an [`Order`]: rows and lines of an
//! audit whose chain shows when one was taken out. Knows no clock, no chance and no storage; passwords are worked out by
//! [`Verifier`], which is slow on purpose and asked by whoever has a thread for it.

mod asker;
mod audit;
mod directory;
mod guess;
mod id_token;
mod invitation;
mod issuer_keys;
mod order;
mod orders;
mod passkey;
mod password;
mod person;
mod powers;
mod right;
mod role;
#[cfg(feature = "schema")]
mod schema;
mod scope;
mod secret;
mod session;
mod shown;
mod token;
mod totp;
mod vouched;
mod without;

pub use asker::{Asker, Who};
pub use audit::{
    Broken, CLIENT_ERASED, Check, ClientErasure, Deed, Erasure, Head, Held, LEFT_AT_ONCE, LINE_BYTES, Left, Line, Link,
    Note, Salt, names,
};
pub use directory::{Begun, Change, Directory};
pub use guess::Guesses;
pub use id_token::{BadToken, Claims, Expected, MOST_TOKEN_BYTES, read_id_token};
pub use invitation::{Invitation, Language, Mailed};
pub use issuer_keys::{Keys, NoKeys};
pub use order::{Answer, Done, Erased, Invited, Order, Recovery, Refused, SignedIn, TokenMade, TotpOffered};
pub use passkey::{KeyShown, Passkey};
pub use password::{LEAST_CHARS, MOST_BYTES, USUAL_LIFE_DAYS, Verifier, Weak, argon2id, check};
pub use person::{Email, Looked, Name, NotAPerson, Password, Person};
pub use powers::Powers;
pub use right::{Right, UnknownRight};
pub use role::{Grant, Role};
pub use scope::{At, NotAScope, Scope};
pub use secret::{Chance, Id, Kept, NotAnId};
pub use session::{LONGEST_SEEN_MINUTES, PROOF_MS, Seen, Session, Spans};
pub use shown::{InvitationShown, PasskeyShown, PersonShown, SessionShown, TokenShown};
pub use token::{LONGEST_TOKEN_DAYS, Token};
pub use totp::Totp;
pub use vouched::{Linked, Taken, Trust, Vouched};
