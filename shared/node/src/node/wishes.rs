//! What the mind wishes, carried out.

use tracing::{debug, warn};
use vigie_net::CloseCode;
use vigie_sync::{CloseWhy, Event, Output, SessionId};

use super::{CarriedTold, Happening, Node};

impl Node {
    pub(super) fn carry_out(&mut self) {
        while let Some(output) = self.replica.poll_output() {
            match output {
                Output::Send { session, lane, frame } => {
                    if let Some(reader) = self.carried.get(&session) {
                        // Fails once it has given up, and then its session is about to end.
                        drop(reader.send(CarriedTold::Frame(frame)));
                    } else if let Some(outlet) = self.outlets.get_mut(&session)
                        && outlet.send(lane, frame).is_err()
                    {
                        self.unread(session);
                    }
                }
                Output::Close { session, why } => self.close(session, &why),
                Output::Apply { token, writes, urgent } => self.keeper.apply(token, writes, urgent),
                Output::Ask { session, stream, ask } => self.keeper.ask(session, stream, ask),
                Output::Rows { session, peer, wish } => self.row_desk.wish(session, peer, wish),
                Output::Event(event) => self.event(event),
            }
        }
    }

    fn close(&self, session: SessionId, why: &CloseWhy) {
        if let Some(reader) = self.carried.get(&session) {
            return drop(reader.send(CarriedTold::Closed(why.clone())));
        }
        let Some(outlet) = self.outlets.get(&session) else { return };
        let code = match why {
            CloseWhy::Protocol(_) | CloseWhy::WrongRole { .. } => CloseCode::Misbehaved,
            CloseWhy::StoreTrouble | CloseWhy::Restate | CloseWhy::RowsAnew => CloseCode::Session,
            // Goodbye is on its way; the endpoint closes behind it.
            CloseWhy::Leaving(_) => return,
        };
        warn!(peer = %outlet.link.peer(), %why, "closing a session");
        outlet.link.close(code, &why.to_string());
    }

    /// Told once for each connection: it is closed at the first frame that finds no place.
    fn unread(&self, session: SessionId) {
        let Some(outlet) = self.outlets.get(&session).filter(|outlet| outlet.link.closed().is_none()) else { return };
        let waiting = crate::outlet::MAX_WAITING_BYTES;
        warn!(peer = %outlet.link.peer(), waiting, "a peer does not read what is said to it; parting from it");
        outlet.link.close(CloseCode::Session, "what was said was not read; come back");
        self.view.change(|view| view.unread += 1);
    }

    fn event(&mut self, event: Event) {
        if self.is_of_carried(&event) {
            return;
        }
        match event {
            Event::Seen { stream, tick, from } => self.telling.happens(Happening::Seen(stream, tick, Some(from))),
            Event::Greeted(session, hello) => {
                self.view.change_session(session, |shown| shown.hello = Some(hello.clone()));
                self.telling.happens(Happening::Greeted(session, hello));
            }
            Event::Announced { session, stream, tally } => {
                self.telling.happens(Happening::Announced(session, stream, tally));
            }
            Event::Clock { session, clock, round_trip_ms } => {
                self.telling.happens(Happening::Clock(session, clock, round_trip_ms));
            }
            Event::Forked(stream) => {
                warn!(%stream, "a machine's key has signed two histories: it was restored from an older copy, or there are \
                    two of it; both are kept as far as their numbers differ");
            }
            Event::Refused(session, refused) => {
                let peer = self.outlets.get(&session).map(|outlet| outlet.link.peer().to_string());
                warn!(?peer, ?refused, "a peer would not keep something");
            }
            Event::Paused(session, paused) => debug!(session = session.0, ?paused, "what a peer can take has changed"),
            Event::Beats { session, every_ms } => self.telling.happens(Happening::Beats(session, every_ms)),
            Event::Errand(session, errand) => self.telling.happens(Happening::Errand(session, errand)),
            Event::Goodbye(session, reason) => {
                let node = self.outlets.get(&session).map(|outlet| outlet.link.peer().node);
                if let Some(node) = node {
                    self.telling.happens(Happening::Goodbye(session, node, reason));
                }
            }
        }
    }
}
