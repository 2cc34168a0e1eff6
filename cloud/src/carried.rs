//! Takes in the files that relays wrote down for this hub.
//!
//! Who wrote it is certain by its signature; what that relay may bring is what it may bring by the line.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use tracing::{info, warn};
use vigie_codec::carried::{CarriedError, Head, Reader};
use vigie_model::Role;
use vigie_net::Identity;
use vigie_node::hatch::{self, Long};
use vigie_node::{Brought, Failed, NodeHandle, NotTaken, take_carried};
use vigie_people::Note;
use vigie_serve::{CarriedIn, CarriedRows, CarriedTicks, CarriesIn, NotCarriedIn, Place as AtPlace, Stamp};
use vigie_store::rows::RowsWait;
use vigie_sync::{PeerIs, Way};

use crate::cli::{Place, tell};
use crate::people::Register;
use crate::registry::Registry;

/// What the running hub is asked.
const ASK: &str = "carry-in";

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct CarryInArgs {
    /// What `vigie-relay carry-out` wrote.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What is needed to take such a file in.
#[derive(Debug, Clone)]
pub(crate) struct Carriage {
    pub(crate) handle: NodeHandle,
    pub(crate) registry: Arc<Registry>,
    pub(crate) identity: Arc<Identity>,
}

impl CarriesIn for Carriage {
    fn take(&self, place: &AtPlace, file: &mut dyn Read) -> Result<CarriedIn, NotCarriedIn> {
        self.take_of(Some(place), file)
    }
}

impl Carriage {
    /// Takes in a file: of this place, where one is named.
    pub(crate) fn take_of(&self, place: Option<&AtPlace>, file: &mut dyn Read) -> Result<CarriedIn, NotCarriedIn> {
        let mut reader = Reader::begin(file).map_err(|error| NotCarriedIn::Unreadable(unreadable(&error)))?;
        let head = reader.head().clone();
        let peer = self.admit(&head, place)?;
        let (brought, ended) = take_carried(&self.handle, peer, &mut reader);
        let (ticks, rows) = (brought.ticks, brought.rows);
        info!(relay = %head.relay, client = %head.client, site = %head.site, ticks = ticks.new, rows = rows.changed,
            whole = brought.whole, "a file that was carried here was taken in");
        let taken = told(&head, brought);
        ended.map(|()| taken.clone()).map_err(|error| {
            warn!(relay = %head.relay, %error, "a file that was carried here was not taken to its end");
            match error {
                NotTaken::Stopping if taken.parts == 0 => NotCarriedIn::NotNow("the hub is stopping".to_owned()),
                error => NotCarriedIn::Part { why: error.to_string(), taken: Box::new(taken) },
            }
        })
    }

    /// Whether its relay may bring anything now; nothing of the file's words on that counts.
    fn admit(&self, head: &Head, place: Option<&AtPlace>) -> Result<PeerIs, NotCarriedIn> {
        let refused = |why: String| Err(NotCarriedIn::Refused(format!("{why}; nothing was taken")));
        let Head { relay, client, site, name, .. } = head;
        if place.is_some_and(|place| (&place.client, &place.site) != (client, site)) {
            // Whose it is else is not told.
            return refused("this file is of another site".to_owned());
        }
        if head.hub_key != self.identity.key().public_key() {
            return refused("this file is for another hub".to_owned());
        }
        let row = self.registry.node(*relay).map_err(|failed| NotCarriedIn::NotNow(failed.text))?;
        let Some(row) = row.filter(|row| row.role == Role::Relay && (&row.client, &row.site) == (client, site)) else {
            return refused(format!("the relay {name} ({relay}) is not enrolled at {client}/{site} on this hub"));
        };
        if row.revoked {
            return refused(format!("the relay {name} ({relay}) has lost its rights"));
        }
        let (client, site) = (row.client, row.site);
        Ok(PeerIs { node: *relay, role: Role::Relay, client, site, way: Way::Down, formerly: None })
    }

    /// What the command line hands in.
    pub(crate) fn long(&self, request: &Value, people: &Arc<Register>) -> Option<Long> {
        let (carriage, people) = (self.clone(), people.clone());
        let take = move |file: &mut dyn Read| carriage.take_from_console(file, &people);
        (request["ask"] == ASK).then(|| Long::Takes(Box::new(take)))
    }

    /// With its line in the audit.
    fn take_from_console(&self, file: &mut dyn Read, people: &Register) -> Result<Value, Failed> {
        match self.take_of(None, file) {
            Ok(taken) => {
                people.noted_of_console(note(&taken))?;
                Ok(json!(taken))
            }
            Err(error) => {
                let NotCarriedIn::Part { taken, .. } = &error else { return Err(Failed::new(1, error.to_string())) };
                people.noted_of_console(note(taken))?;
                let next = "what was taken stays; write it anew with vigie-relay carry-out, and bring that: nothing is \
                            taken twice";
                Err(Failed::new(1, format!("{error}; {next}")))
            }
        }
    }
}

fn unreadable(error: &CarriedError) -> String {
    format!("{error}; nothing was taken")
}

fn note(taken: &CarriedIn) -> Note {
    let on = format!("{}/{}", taken.client, taken.site);
    Note { client: Some(taken.client.clone()), what: "carried.take", on, before: Value::Null, after: taken.noted() }
}

fn told(head: &Head, brought: Brought) -> CarriedIn {
    let Brought { parts, streams, ticks, rows, refused, whole: _ } = brought;
    CarriedIn {
        relay: head.relay,
        name: head.name.clone(),
        client: head.client.clone(),
        site: head.site.clone(),
        made_at: Stamp(head.made_at),
        parts,
        streams,
        ticks: CarriedTicks { in_file: ticks.in_file, new: ticks.new, known: ticks.known, refused: ticks.refused },
        rows: CarriedRows {
            in_file: rows.in_file,
            changed: rows.changed,
            refused: rows.refused,
            waits: rows.wait.map(|wait| match wait {
                RowsWait::SeenMore => "seen_more",
                RowsWait::OlderThanDeletions => "older_than_deletions",
                RowsWait::OtherLife => "other_life",
            }),
        },
        refused,
    }
}

/// Hands a file to the hub that runs.
pub(crate) fn command(args: &CarryInArgs) -> Result<ExitCode, Failed> {
    let shown = args.file.display();
    let mut file = std::fs::File::open(&args.file)
        .map_err(|error| Failed::new(5, format!("the file {shown} can not be opened: {error}; nothing was taken")))?;
    let taken = hatch::hand_in(&args.place.data, &json!({ "ask": ASK }), &mut file, "vigie-cloud")?;
    Ok(tell(&taken, args.json, said))
}

/// What became of a file, for a person.
fn said(taken: &Value) -> String {
    let text = |key: &str| taken[key].as_str().unwrap_or("-").to_owned();
    let (ticks, rows) = (&taken["ticks"], &taken["rows"]);
    let mut said = format!(
        "{} of {}/{}, written {}\n{} ticks of {} streams: {} are new here, {} were here already\n{} rows: {} changed something",
        text("name"),
        text("client"),
        text("site"),
        text("made_at"),
        ticks["in_file"],
        taken["streams"],
        ticks["new"],
        ticks["known"],
        rows["in_file"],
        rows["changed"],
    );
    if ticks["refused"] != 0 || rows["refused"] != 0 {
        said += &format!(
            "\nrefused: {} ticks, {} rows ({}); see the hub's log",
            ticks["refused"], rows["refused"], taken["refused"]
        );
    }
    if let Some(why) = rows["waits"].as_str() {
        said += &format!("\nrows wait for the line ({why}), and are compared when it is back; nothing is lost by it");
    }
    said
}
