//! Where is this relay's own page? Looked at each minute, and told above when it changed: leases end, cables are moved.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sysinfo::Networks;
use tokio::sync::oneshot;
use tracing::{debug, warn};
use vigie_codec::inventory;
use vigie_merge::{Key, KeyError, Kind, Row};
use vigie_model::inventory::Observed;
use vigie_model::{PAGE_WORD, RelayPage, UtcMs};
use vigie_node::{NodeClock, NodeRows};

use crate::name::Announcer;

/// Looking costs nothing, and who stands before a page that moved waits no longer than this.
const EVERY: Duration = Duration::from_secs(60);

/// How the page is served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    /// Where it listens, with the port that it has.
    pub(crate) at: SocketAddr,
    /// Whether it has a certificate.
    pub(crate) tls: bool,
}

/// Looks, announces and tells until it is closed; then says goodbye to the network.
pub(crate) async fn tell(
    rows: NodeRows,
    clock: NodeClock,
    served: Served,
    mut announcer: Option<Announcer>,
    mut closed: oneshot::Receiver<()>,
) {
    let mut look = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            // Closed by hand or because the program ends.
            _ = &mut closed => break,
            _ = look.tick() => {}
            () = changed(announcer.as_mut()) => {}
        }
        let looked = tokio::task::spawn_blocking(move || RelayPage::of(served.at, served.tls, &interfaces())).await;
        let Ok(mut page) = looked else { continue };
        if let Some(announcer) = &mut announcer {
            announcer.keep(&page);
            page.name = announcer.name();
        }
        let (rows, at) = (rows.clone(), clock.now().utc);
        let told = tokio::task::spawn_blocking(move || write_changed(&rows, &page, at));
        match told.await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => debug!("where the page of this relay is was told"),
            Ok(Err(error)) => warn!(%error, "where the page of this relay is could not be kept; trying again"),
            Err(_) => warn!("telling where the page is ended badly; trying again"),
        }
    }
    if let Some(announcer) = announcer {
        announcer.end().await;
    }
}

async fn changed(announcer: Option<&mut Announcer>) {
    match announcer {
        Some(announcer) => announcer.changed().await,
        None => std::future::pending().await,
    }
}

/// The addresses of this machine, each with the name of its interface.
pub(crate) fn interfaces() -> Vec<(String, IpAddr)> {
    // Where they can not be listed none is told.
    let Ok(networks) = Networks::new_with_refreshed_list() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, network) in &networks {
        found.extend(network.ip_networks().iter().map(|own| (name.to_string_lossy().into_owned(), own.addr)));
    }
    found
}

/// Why it was not told.
#[derive(Debug, thiserror::Error)]
enum TellError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Read(#[from] vigie_store::rows::RowsError),
    #[error(transparent)]
    Write(#[from] vigie_store::rows::WriteError),
}

/// Writes the fact unless it stands so; says whether it was written.
fn write_changed(rows: &NodeRows, page: &RelayPage, at: UtcMs) -> Result<bool, TellError> {
    let who = rows.who();
    let key = Key::new(&who.view, &Kind::Fact, &format!("{}/{PAGE_WORD}", who.node))?;
    let stands = match rows.get(&key)? {
        Some(Row::Last(last)) => last.value().and_then(inventory::read::<RelayPage>),
        _ => None,
    };
    if stands.is_some_and(|stands| stands.what == *page) {
        return Ok(false);
    }
    let value = inventory::write(&Observed { at, what: page });
    rows.edit_blocking(|pen| pen.last(&key, Some(value)))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vigie_model::{NodeId, Role, Slug};
    use vigie_store::State;
    use vigie_store::fault::FaultDisk;

    use super::*;

    #[test]
    fn where_the_page_is_is_told_once_and_again_only_when_it_moved() {
        let (state, _) = State::open_on(FaultDisk::new()).expect("a store in memory");
        let name: Slug = "acme".parse().expect("a name");
        let (me, clock) = (NodeId::from_bytes([7; 16]), NodeClock::new());
        let place = Some((&name, &name));
        let rows = NodeRows::open(Arc::new(state), (me, Role::Relay), place, UtcMs(0), false, clock).expect("rows");
        let on = |address: &str| {
            let own = [("eth0".to_owned(), address.parse().expect("an address"))];
            RelayPage::of("0.0.0.0:7802".parse().expect("a place"), false, &own)
        };
        let first = on("192.168.1.10");
        assert!(write_changed(&rows, &first, UtcMs(5)).expect("a row"));
        assert!(!write_changed(&rows, &first, UtcMs(9)).expect("a row"), "the same again is no change");
        assert!(write_changed(&rows, &on("192.168.1.11"), UtcMs(12)).expect("a row"));
        let stands = rows.scan(&rows.who().view, &Kind::Fact).expect("they are read");
        let [(key, Row::Last(last))] = &stands[..] else { panic!("one row, not {stands:?}") };
        assert_eq!((key.machine(), key.name().ends_with("/page")), (Some(me), true));
        let told = last.value().and_then(inventory::read::<RelayPage>).expect("a page");
        assert_eq!((told.at, told.what.urls()), (UtcMs(12), vec!["http://192.168.1.11:7802/".to_owned()]));
    }
}
