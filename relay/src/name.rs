//! By which name do browsers of the site find this relay's page, where nobody answers for names?
//!
//! Announces the page on the link itself (mDNS, RFC 6762 and 6763), beside its addresses. A network that carries no multicast stops
//! nothing: it is said once, and the page has no name. Where another relay has the name, this one takes the next.

use std::net::IpAddr;
use std::time::Duration;

use mdns_sd::{DaemonEvent, Receiver, ServiceDaemon, ServiceInfo};
use tracing::{info, warn};
use vigie_model::RelayPage;

/// How long a goodbye may take; who did not hear it forgets the name after two minutes (RFC 6762, 10).
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// Says a name on the site's network for as long as it lives.
pub(crate) struct Announcer {
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
    /// What people see in lists of what there is.
    title: String,
    mind: Mind,
}

/// What is announced, and what is known of that.
#[derive(Debug, Default, PartialEq, Eq)]
struct Mind {
    /// As it was registered, such as `vigie.local.`.
    asked: String,
    /// As it is after others were heard.
    has: String,
    /// What stands behind it.
    stands: Option<Standing>,
    /// Whether it was said on the network.
    is_said: bool,
    /// Whether trouble was told of already.
    is_told: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    fullname: String,
    addresses: Vec<IpAddr>,
}

impl Announcer {
    /// Begins; none where this machine can not, which is said here.
    pub(crate) fn begin(name: &str, site: &str) -> Option<Self> {
        let begun = ServiceDaemon::new().and_then(|daemon| Ok((daemon.monitor()?, daemon)));
        match begun {
            Ok((events, daemon)) => {
                let mind = Mind::of(name);
                Some(Self { daemon, events, title: format!("Vigie {site}"), mind })
            }
            Err(error) => {
                warn!(%error, "the page has no name on this network: it can not be announced");
                None
            }
        }
    }

    /// Announces the page as it is now, unless that stands already; a page that is closed is not announced.
    pub(crate) fn keep(&mut self, page: &RelayPage) {
        let is_there = page.is_open && !page.addresses.is_empty();
        match &self.mind.stands {
            Some(standing) if !is_there => {
                // Whether anybody hears it changes nothing here.
                drop(self.daemon.unregister(&standing.fullname));
                self.mind.left();
            }
            Some(standing) if standing.addresses == page.addresses => {}
            None if !is_there => {}
            _ => self.register(page),
        }
    }

    fn register(&mut self, page: &RelayPage) {
        // What others were heard to have is not asked for again.
        let host = self.mind.has.clone();
        let registered = service(page, &self.title, &host).and_then(|info| {
            let fullname = info.get_fullname().to_owned();
            self.daemon.register(info).map(|()| fullname)
        });
        match registered {
            Ok(fullname) => self.mind.registered(Standing { fullname, addresses: page.addresses.clone() }),
            Err(error) => self.mind.trouble(&error.to_string()),
        }
    }

    /// The name that others find the page by; none before it was said.
    pub(crate) fn name(&self) -> Option<String> {
        self.mind.name()
    }

    /// Waits until something is known anew.
    pub(crate) async fn changed(&mut self) {
        loop {
            match self.events.recv_async().await {
                Ok(event) if self.mind.hears(&event) => return,
                Ok(_) => {}
                // It has ended by itself: nothing more will be known.
                Err(_) => {
                    self.mind.left();
                    return std::future::pending().await;
                }
            }
        }
    }

    /// Says goodbye, so that nobody waits for a page that is gone.
    pub(crate) async fn end(self) {
        if let Some(standing) = &self.mind.stands
            && let Ok(done) = self.daemon.unregister(&standing.fullname)
        {
            drop(tokio::time::timeout(GOODBYE_WITHIN, done.recv_async()).await);
        }
        drop(self.daemon.shutdown());
    }
}

impl Mind {
    fn of(name: &str) -> Self {
        let host = format!("{name}.local.");
        Self { asked: host.clone(), has: host, ..Self::default() }
    }

    fn registered(&mut self, standing: Standing) {
        (self.asked, self.stands, self.is_said) = (self.has.clone(), Some(standing), false);
    }

    fn left(&mut self) {
        (self.stands, self.is_said) = (None, false);
    }

    /// Takes in what happened; says whether the name may be another now.
    fn hears(&mut self, event: &DaemonEvent) -> bool {
        let before = self.name();
        match event {
            DaemonEvent::Announce(..) => self.is_said = self.stands.is_some(),
            DaemonEvent::NameChange(change) if change.original == self.asked => {
                info!(name = %change.new_name, "another has the name of this page; it is found by the next");
                self.has.clone_from(&change.new_name);
            }
            DaemonEvent::Error(error) => self.trouble(&error.to_string()),
            _ => {}
        }
        self.name() != before
    }

    fn trouble(&mut self, error: &str) {
        if !std::mem::replace(&mut self.is_told, true) {
            warn!(error, "the page can not be announced by its name everywhere on this network");
        }
    }

    fn name(&self) -> Option<String> {
        self.is_said.then(|| self.has.trim_end_matches('.').to_owned())
    }
}

/// What is announced of a page: where it is and, in lists of what there is, whose it is.
fn service(page: &RelayPage, title: &str, host: &str) -> Result<ServiceInfo, mdns_sd::Error> {
    let kind = if page.tls { "_https._tcp.local." } else { "_http._tcp.local." };
    ServiceInfo::new(kind, title, host, &page.addresses[..], page.port, &[("path", "/")][..])
}

/// Whether a name may be announced: one label, such as `vigie`.
pub(crate) fn is_label(name: &str) -> bool {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    // Some bytes are left for the number of the second that wants it.
    is_plain && (1..=50).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> RelayPage {
        let own = [("eth0".to_owned(), "192.168.1.10".parse().expect("an address"))];
        RelayPage::of("0.0.0.0:7802".parse().expect("a place"), false, &own)
    }

    fn renamed(original: &str, new_name: &str) -> DaemonEvent {
        DaemonEvent::NameChange(mdns_sd::DnsNameChange {
            original: original.to_owned(),
            new_name: new_name.to_owned(),
            rr_type: mdns_sd::RRType::A,
            intf_name: "eth0".to_owned(),
        })
    }

    #[test]
    fn what_is_announced_is_the_page_with_its_port_its_addresses_and_the_name() {
        let info = service(&page(), "Vigie lyon", "vigie.local.").expect("it can be announced");
        assert_eq!((info.get_hostname(), info.get_port()), ("vigie.local.", 7802));
        assert_eq!(info.get_fullname(), "Vigie lyon._http._tcp.local.");
        assert!(info.get_addresses().contains(&page().addresses[0]));
        let secret = service(&RelayPage { tls: true, ..page() }, "Vigie lyon", "vigie.local.").expect("it can");
        assert_eq!(secret.get_type(), "_https._tcp.local.");
    }

    #[test]
    fn a_name_is_told_once_it_was_said_and_as_it_is_after_others_were_heard() {
        let mut mind = Mind::of("vigie");
        let said = DaemonEvent::Announce("Vigie lyon._http._tcp.local.".to_owned(), "192.168.1.10".to_owned());
        assert!(!mind.hears(&said) && mind.name().is_none(), "nothing of ours stands yet");
        mind.registered(Standing { fullname: "x".to_owned(), addresses: page().addresses });
        assert_eq!(mind.name(), None);
        assert!(!mind.hears(&renamed("Vigie lyon._http._tcp.local.", "Vigie lyon (2)._http._tcp.local.")));
        assert!(!mind.hears(&renamed("vigie.local.", "vigie-2.local.")), "it is not said yet");
        assert!(mind.hears(&said) && !mind.hears(&said));
        assert_eq!(mind.name().as_deref(), Some("vigie-2.local"));
        mind.left();
        assert_eq!(mind.name(), None);
        for (name, holds) in [("vigie", true), ("", false), ("a.b", false), ("Vigie", false), ("-a", false)] {
            assert_eq!(is_label(name), holds, "{name}");
        }
    }

    /// Answers of the site's network, over this machine's own interfaces; none where nothing comes within some seconds.
    fn found(kind: &str, fullname: &str) -> Option<(String, u16)> {
        let daemon = ServiceDaemon::new().expect("a second one");
        let events = daemon.browse(kind).expect("it is asked");
        let until = std::time::Instant::now() + Duration::from_secs(20);
        let mut found = None;
        while found.is_none() && std::time::Instant::now() < until {
            if let Ok(mdns_sd::ServiceEvent::ServiceResolved(one)) = events.recv_timeout(Duration::from_secs(1))
                && one.get_fullname() == fullname
            {
                found = Some((one.get_hostname().to_owned(), one.get_port()));
            }
        }
        drop(daemon.shutdown());
        found
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs a network that carries multicast: run by hand with --ignored"]
    async fn another_program_of_the_network_finds_the_page_by_its_name() {
        let own = crate::page::interfaces();
        let page = RelayPage::of("0.0.0.0:7802".parse().expect("a place"), false, &own);
        let site = format!("trial-{}", std::process::id());
        let mut announcer = Announcer::begin("vigie-trial", &site).expect("this machine announces");
        announcer.keep(&page);
        tokio::time::timeout(Duration::from_secs(20), announcer.changed()).await.expect("it is said");
        assert_eq!(announcer.name().as_deref(), Some("vigie-trial.local"));
        let fullname = format!("Vigie {site}._http._tcp.local.");
        let found = tokio::task::spawn_blocking(move || found("_http._tcp.local.", &fullname)).await.expect("it ends");
        assert_eq!(found, Some(("vigie-trial.local.".to_owned(), 7802)));
        announcer.end().await;
    }
}
