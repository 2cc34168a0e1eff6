//! How does a node live? One loop joins the mind (`vigie-sync`), the store and the connections.
//!
//! The loop owns the mind and is alone in touching it, so nothing in it needs a lock. What a role adds (measuring,
//! serving people, enrolling) speaks with the loop by [`Command`]s and hears of it by [`Happening`]s. Beside it stands
//! what every role needs at its edges: joining, renewing, the local socket, and failing in words.

mod budget;
mod carry;
mod clock;
mod columns;
mod earlier;
mod failed;
mod findings;
pub mod hatch;
mod host;
mod join;
mod keeper;
mod node;
mod outlet;
mod renew;
mod retention;
mod rows;
mod saying;
mod telling;
pub mod trust;
mod twins;
mod view;

pub use budget::{Budget, BudgetError, BudgetSaid};
pub use carry::{Brought, CarryOut, NotTaken, NotWrittenDown, RowsBrought, WrittenDown, take_carried};
pub use clock::{NodeClock, boot_moment};
pub use earlier::earlier_lives;
pub use failed::{Failed, again, end, loop_ended};
pub use findings::{Finding, show_findings, tls_finding, uplink_json, uplink_sentence};
pub use host::{
    StopSignal, boot_no, host_name, http_token, open_state, open_state_told, random_incarnation, random_text,
    start_logging,
};
pub use join::{enrolled_name, identity_folder, join, load_identity};
pub use keeper::{Keeper, KeeperOptions, KeptBack};
pub use node::{Command, Happening, Node, NodeHandle, NodeSetup};
pub use renew::Renewing;
pub use retention::{Keeping, Keeps, LetGo, let_go_of_old};
pub use rows::{NodeRows, RowChanges, RowsTold, rows_finding};
pub use saying::{READER_GONE, remark_line, remark_text, say_line, unwritten};
pub use twins::{twins_finding, twins_json};
pub use view::{SessionView, View};
