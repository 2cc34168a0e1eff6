//! Did this house sign this about somebody, for us, just now?
//!
//! SAML 2.0, as a service provider asks and is answered in a browser: a question by the redirect binding, an answer by a form.
//! What counts of an answer is read out of the very bytes whose digest is signed and out of nothing else, so whatever stands
//! around them, or was moved there, says nothing. Keys come from the house's metadata alone, never from the answer. What is
//! encrypted is not read, SHA-1 and shared secrets sign nothing. Knows no network, no file and no clock; of chance only what
//! signing a question takes.

mod answer;
mod canonical;
mod key;
mod metadata;
mod moment;
mod request;
mod signature;
mod statements;
mod xml;

pub use answer::{Answer, BadAnswer, Expected, MOST_ANSWER_BYTES, SLACK_MS};
pub use key::{BadKey, Signer};
pub use metadata::{BadMetadata, MOST_METADATA_BYTES, Provider, read_provider};
pub use request::{Question, Service};
pub use statements::Wanted;
