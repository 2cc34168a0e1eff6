//! What may this site's line take? What its file says, and of the rest what the hub says, as soon as that comes.

use serde_json::{Value, json};
use tracing::{info, warn};
use vigie_merge::Kind;
use vigie_node::{Budget, Command, NodeHandle, NodeRows};
use vigie_sync::LinkProfile;

/// The link as it is treated now.
pub(crate) fn treated(rows: &NodeRows, file: &LinkProfile) -> LinkProfile {
    let said = Budget::list(rows).unwrap_or_else(|error| {
        warn!(%error, "what the hub says of the line can not be read; the file alone counts");
        Vec::new()
    });
    // Of its own site alone a relay has such a row.
    Budget::over(said.first().and_then(|said| said.budget), file)
}

/// Takes up what the hub says of the line, without a new connection.
pub(crate) async fn keep_up(rows: NodeRows, file: LinkProfile, handle: NodeHandle) {
    let mut changes = rows.subscribe(&[Kind::Budget]);
    let mut now = treated(&rows, &file);
    loop {
        drop(changes.next().await);
        let link = treated(&rows, &file);
        if link != now {
            let Budget { bytes_per_month, backlog_hours } = said_by(&link);
            info!(bytes_per_month, ?backlog_hours, "the hub says what the line may take");
            handle.command(Command::Budget(said_by(&link)));
            now = link;
        }
    }
}

/// For `status`: what holds, and whose word it is.
pub(crate) fn shown(rows: &NodeRows, file: &LinkProfile) -> Value {
    let link = treated(rows, file);
    let whose = |by_file: bool, is_said: bool| match (by_file, is_said) {
        (true, _) => "relay.toml",
        (false, true) => "hub",
        (false, false) => "nobody",
    };
    json!({
        "bytes_per_month": link.bytes_per_month,
        "bytes_said_by": whose(file.bytes_per_month.is_some(), link.bytes_per_month.is_some()),
        "backlog_hours": link.backlog_hours,
        "hours_said_by": whose(file.backlog_hours.is_some(), link.backlog_hours.is_some()),
    })
}

fn said_by(link: &LinkProfile) -> Budget {
    Budget { bytes_per_month: link.bytes_per_month, backlog_hours: link.backlog_hours }
}
