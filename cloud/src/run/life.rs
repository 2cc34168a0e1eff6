//! What a hub does from its start to its end: it lets nodes in, renews their certificates and its own, and tells who lost theirs.

use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};
use vigie_codec::wire::Opaque;
use vigie_model::NodeId;
use vigie_net::{Enrolment, Renewal, public_key_of_csr, renewal_due, serve_enrolment};
use vigie_node::{Command, Failed, Happening, hatch, loop_ended};
use vigie_sync::{Errand, SessionId};

use super::own::own_identity;
use super::{Ended, Hub};

/// Enrolments served at once.
const MAX_ENROLMENTS: usize = 64;

/// How often the connections are looked at for signs of life.
const LISTEN_EVERY: Duration = Duration::from_secs(2);

impl Hub {
    pub(super) async fn live(mut self) -> Result<Ended, Failed> {
        let mut listen = tokio::time::interval(LISTEN_EVERY);
        let ended = loop {
            tokio::select! {
                () = self.stop.heard() => break Ended::Stopped,
                Some(()) = self.again.recv() => break Ended::Again,
                happening = self.happenings.recv() => match happening {
                    Some(happening) => self.happened(happening),
                    None => return Err(loop_ended(&self.handle)),
                },
                Some(()) = self.revoked.recv() => self.tell_revocations(None),
                _ = listen.tick() => {
                    self.fleet.listen();
                    self.renew_own();
                }
            }
        };
        info!("stopping");
        self.fleet.set_not_ready(vec!["the hub is stopping".to_owned()]);
        // An error says that the server has ended by itself.
        let _ended = self.close_http.send(());
        self.played.close().await;
        self.lookout.close().await;
        self.hooks.close().await;
        self.pushed.close().await;
        self.forwarder.close().await;
        self.runner.close().await;
        if let Err(error) = self.people.tidy() {
            warn!(%error, "who used what last could not be written down");
        }
        self.handle.leave("the hub was stopped").await;
        self.http.abort();
        drop(std::fs::remove_file(hatch::path(&self.config.data)));
        Ok(ended)
    }

    fn happened(&mut self, happening: Happening) {
        self.fleet.happened(&happening);
        match happening {
            Happening::Enrolment(enrolment) => self.enrol(*enrolment),
            Happening::Greeted(session, _) => self.tell_revocations(Some(session)),
            Happening::Errand(session, Errand::CertAsk(ask)) => self.renew(session, ask),
            _ => {}
        }
    }

    fn enrol(&mut self, enrolment: Enrolment) {
        while self.enrolments.try_join_next().is_some() {}
        if self.enrolments.len() >= MAX_ENROLMENTS {
            return enrolment.refuse();
        }
        let (gate, now) = (self.gate.clone(), self.clock.now().utc);
        self.enrolments.spawn(async move {
            match serve_enrolment(enrolment, &*gate, now).await {
                Ok(served) => {
                    if let Err(refused) = served.outcome {
                        warn!(from = %served.from, hostname = served.hostname, why = %refused, "an enrolment was refused");
                    }
                }
                Err(error) => warn!(%error, "an enrolment came to no decision"),
            }
        });
    }

    /// The list of lost rights, for one session or for all.
    fn tell_revocations(&self, only: Option<SessionId>) {
        let signed =
            self.registry.told_revocations().and_then(|list| Ok((list.version(), list.sign(self.identity.key())?)));
        let body = match signed {
            // Nobody ever lost anything: there is nothing to tell.
            Ok((0, _)) => return,
            Ok((_, body)) => body,
            Err(failed) => return warn!(error = %failed.text, "the list of revocations can not be told"),
        };
        let list = Opaque { node: self.identity.node(), body };
        let sessions = only.map_or_else(|| self.handle.view().sessions.keys().copied().collect(), |one| vec![one]);
        for session in sessions {
            self.handle.command(Command::Pass(session, Errand::Revoked(list.clone())));
        }
    }

    /// A node, or a relay for one of its agents, asks for the next certificate.
    fn renew(&self, session: SessionId, ask: Opaque) {
        let answer = match self.next_certificate(&ask) {
            Ok(chain) => Renewal::Granted { chain },
            Err(failed) => {
                warn!(node = %ask.node, error = %failed.text, "a certificate was not renewed");
                Renewal::Refused { text: failed.text }
            }
        };
        if let Ok(body) = answer.encode() {
            let told = Errand::CertTell(Opaque { node: ask.node, body });
            self.handle.command(Command::Pass(session, told));
        }
    }

    fn next_certificate(&self, ask: &Opaque) -> Result<[Vec<u8>; 2], Failed> {
        let Renewal::Request { csr } = Renewal::decode(&ask.body)? else {
            return Err(Failed::new(2, "not a request"));
        };
        // The request proves the key, and the key is the node.
        if NodeId::of_key(&public_key_of_csr(&csr)?) != ask.node {
            return Err(Failed::new(4, "the request is made with another node's key"));
        }
        let row = self.registry.node(ask.node)?.filter(|row| !row.revoked);
        let row = row.ok_or_else(|| Failed::new(4, "the node is not enrolled here any more"))?;
        let now = self.clock.now().utc;
        let standing = row.standing().ok_or_else(|| Failed::new(1, "the node's row names no node"))?;
        let issued = self.ca.issue_as(&csr, standing, row.formerly(), self.config.leaf_life, now)?;
        info!(node = %ask.node, name = row.name, "a certificate was renewed");
        Ok(issued.chain)
    }

    /// The hub renews its own certificate from its own authority.
    fn renew_own(&mut self) {
        let now = self.clock.now().utc;
        if now < renewal_due(self.identity.validity(), u32::MAX / 2) {
            return;
        }
        match own_identity(&self.config, &self.ca, now) {
            Ok(renewed) => {
                let renewed = Arc::new(renewed);
                if let Err(error) = self.endpoint.adopt(renewed.clone()) {
                    return warn!(%error, "the hub's own certificate could not be taken into use");
                }
                info!("the hub's own certificate was renewed");
                self.identity = renewed;
            }
            Err(failed) => warn!(error = %failed.text, "the hub's own certificate could not be renewed"),
        }
    }
}
