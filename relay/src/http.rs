//! Where the site's page and the API are served.

use std::net::SocketAddr;
use std::sync::Arc;

use vigie_fleet::Fleet;
use vigie_node::{CarryOut, Failed};
use vigie_serve::{Carries, Incidents, Parts, Programs, Tls};

use crate::access::SiteAccess;
use crate::carried::WrittenDown;

/// The task that serves, what ends it, and where it listens.
pub(crate) type Served = (tokio::task::JoinHandle<std::io::Result<()>>, tokio::sync::oneshot::Sender<()>, SocketAddr);

/// Begins to serve.
pub(crate) async fn serve(
    address: SocketAddr,
    (fleet, incidents): (Arc<Fleet>, Arc<dyn Incidents>),
    access: Arc<SiteAccess>,
    carry: CarryOut,
    (tls, programs): (Option<Tls>, Arc<Programs>),
) -> Result<Served, Failed> {
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|error| {
        let text =
            format!("the page can not be served at {address}: {error}; say another with --http; nothing was started");
        Failed::new(1, text)
    })?;
    let at = listener.local_addr().unwrap_or(address);
    let options = vigie_serve::Options { tls: tls.is_some(), programs, ..vigie_serve::Options::default() };
    let router = vigie_serve::router_of(Parts {
        incidents: Some(incidents),
        carries: Some(Carries::Out(Arc::new(WrittenDown(carry)))),
        ..Parts::of(fleet, access, options)
    });
    let (close, closed) = tokio::sync::oneshot::channel();
    let until = async move {
        // Closed by hand or because the program ends.
        drop(closed.await);
    };
    Ok((tokio::spawn(vigie_serve::serve_with(listener, router, tls, until)), close, at))
}
