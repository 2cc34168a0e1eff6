//! What the command line asks about people and the audit. Whoever commands the hub's own machine has its files anyway, and
//! may all; the audit calls them the console.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use vigie_model::Slug;
use vigie_node::Failed;
use vigie_people::{Asker, Email, Grant, Id, Language, Name, Order, Powers, Refused, Who};
use vigie_serve::{NotDone, People, audit_line, verify_audit};

use super::Register;

/// Lines of the audit that are answered at once; whoever wants more asks on.
pub(super) const MOST_LINES: usize = 1_000;

/// What is asked of the running hub.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    PersonAdd { email: Email, name: Name, grants: Vec<Grant> },
    PersonList,
    PersonRole { who: String, grants: Vec<Grant> },
    PersonDisable { who: String },
    PersonEnable { who: String },
    PersonReset { who: String },
    PersonErase { who: String, at_sites: Vec<Name> },
    AuditList { client: Option<Slug>, after: u64 },
    AuditVerify { client: Option<Slug> },
}

impl Register {
    /// Carries out what is asked, if it is about people or the audit.
    pub(crate) async fn answer(self: &Arc<Self>, request: &Value) -> Option<Result<Value, Failed>> {
        let ask = request["ask"].as_str()?;
        if !ask.starts_with("person-") && !ask.starts_with("audit-") {
            return None;
        }
        let (register, request) = (self.clone(), request.clone());
        // A commit waits for the disk, and others ask meanwhile.
        let done = tokio::task::spawn_blocking(move || {
            let request = serde_json::from_value(request)
                .map_err(|error| Failed::new(2, format!("{error}; nothing was changed")))?;
            register.carry_out_of_console(request)
        });
        Some(done.await.unwrap_or_else(|_| Err(Failed::new(1, "it was not done; look at the hub's log"))))
    }

    fn carry_out_of_console(&self, request: Request) -> Result<Value, Failed> {
        match request {
            Request::PersonAdd { email, name, grants } => {
                self.order(Order::Invite { email, name, grants, language: Language::default() })
            }
            Request::PersonList => {
                let (directory, all) = (self.directory(), Powers::all());
                Ok(json!({ "people": directory.people_shown(&all),
                    "invitations": directory.invitations_shown(&all, self.now()) }))
            }
            Request::PersonRole { who, grants } => {
                self.order(Order::Allow { person: self.find(&who)?, grants, version: None })
            }
            Request::PersonDisable { who } => self.order(Order::Disable { person: self.find(&who)?, version: None }),
            Request::PersonEnable { who } => self.order(Order::Enable { person: self.find(&who)?, version: None }),
            Request::PersonReset { who } => self.order(Order::Reset { person: self.find(&who)? }),
            Request::PersonErase { who, at_sites } => {
                self.order(Order::Erase { person: self.find(&who)?, version: None, at_sites })
            }
            Request::AuditList { client, after } => {
                let lines = self.lines(client.as_ref(), after, MOST_LINES).map_err(failed)?;
                Ok(lines.iter().map(|(seq, link)| audit_line(*seq, link)).collect())
            }
            Request::AuditVerify { client: Some(client) } => {
                Ok(json!([verify_audit(self, Some(&client)).map_err(failed)?]))
            }
            Request::AuditVerify { client: None } => {
                let chains = self.chains().map_err(failed)?;
                chains.iter().map(|client| verify_audit(self, client.as_ref()).map_err(failed)).collect()
            }
        }
    }

    fn order(&self, order: Order) -> Result<Value, Failed> {
        let asker = Asker { who: Who::Console, by: "command line", from: String::new() };
        Ok(json!(self.carry_out(order, &asker).map_err(failed)?))
    }

    /// A person by address or id.
    fn find(&self, who: &str) -> Result<Id, Failed> {
        let directory = self.directory();
        let by_email = who.parse().ok().and_then(|email| directory.person_of(&email));
        let by_id = || who.parse().ok().and_then(|id| directory.person(&id));
        let found = by_email.or_else(by_id).map(|person| person.id.clone());
        found.ok_or_else(|| failed(NotDone::Refused(Refused::NotThere("person"))))
    }
}

fn failed(not: NotDone) -> Failed {
    let code = match &not {
        NotDone::NotKept(_) => 1,
        NotDone::Refused(Refused::NotThere(_)) => 5,
        NotDone::Refused(_) => 2,
    };
    Failed::new(code, not.to_string())
}
