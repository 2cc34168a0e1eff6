//! How does a request leave the house?
//!
//! Every request of a hub or relay to somebody else's server goes by one [`Client`], whoever said the address. A name is
//! resolved once, each of its addresses is judged by a [`Guard`], and one that was judged is what is dialled: a name that
//! changes in between leads nowhere. Redirects are not followed. An answer has a ceiling of bytes, and all of it together a
//! ceiling of time. Knows no service and no retries: who asks decides what an answer means.
//!
//! What goes between Vigie's own nodes goes by `vigie-net`, and remote write to an engine that stands in the hub's own file
//! by `vigie-forward`: both are told where to go by whoever runs the node, and by nobody else.

mod client;
mod dial;
mod guard;
mod near;
mod said;
mod trust;

pub use client::{Answer, Ask, Client, MAX_ANSWER_BYTES};
pub use dial::{CONNECT_PATIENCE, Names, SystemNames, dial, resolve};
pub use guard::{Guard, Judged, Refused};
pub use near::{Net, NoNet, Reach, reach};
pub use said::{OutgoingError, OutgoingSaid};
pub use trust::trust;
