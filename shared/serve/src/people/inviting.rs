//! How does somebody who was invited get their code?
//!
//! By a letter, where the hub writes any; the code is then shown to nobody else. Otherwise, and whenever the letter did not
//! go at its first try, whoever invited them gets the link, once, to hand it on; the letter is tried again all the same.

use axum::http::request::Parts;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;
use utoipa::ToSchema;
use vigie_jobs::JobId;
use vigie_model::Slug;
use vigie_people::{Answer, Email, Grant, Id, Invited, Language, Mailed, Order};

use super::door::problem;
use super::{Letter, Post, Posting};
use crate::door::{Address, Caller};
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::work;

/// An invitation, as whoever invited gets it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Handed {
    /// Which invitation.
    pub(crate) id: Id,
    /// Who is invited.
    pub(crate) email: Email,
    /// Until when, in ms since 1970.
    pub(crate) until_ms: i64,
    /// What they type; nothing where it went by mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The page with the code in it; without the hub's own address where its operator did not say it. Nothing where it went
    /// by mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    /// How the letter went, where one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mailed: Option<Mailed>,
    /// The job by which the letter goes, where one was written: it is tried again until the mail server has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job: Option<JobId>,
}

/// Carries out what gives somebody a code, and gets it to them: by mail where `by_mail` and the hub writes letters.
pub(crate) async fn invite(
    app: &App,
    caller: &Caller,
    parts: &Parts,
    by: &'static str,
    order: Order,
    by_mail: bool,
) -> Result<Handed, Problem> {
    let asker = caller.asker(by, Address::of(parts, &app.options).to_string());
    let inviter = caller.who.name.clone();
    let (invited, words) = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        match people.carry_out(order, &asker).map_err(problem)? {
            Answer::Invited(invited) => {
                let words = Words::of(app, &invited, &inviter)?;
                Ok((invited, words))
            }
            _ => Err(Problem::internal()),
        }
    })
    .await?;
    let post = app.options.post.clone().filter(|_| by_mail);
    let (mailed, job) = match post {
        Some(post) => {
            let Posting { how, job } = mail(app, &*post, &invited, &words).await;
            (Some(how), job)
        }
        None => (None, None),
    };
    let Invited { id, email, code, until_ms } = invited;
    if mailed.as_ref().is_some_and(|mailed| mailed.taken) {
        return Ok(Handed { id, email, until_ms, code: None, link: None, mailed, job });
    }
    let link = Some(link(app, &code));
    Ok(Handed { id, email, until_ms, code: Some(code), link, mailed, job })
}

fn link(app: &Shared, code: &str) -> String {
    format!("{}/invitation?code={code}", app.options.origin.as_deref().unwrap_or_default())
}

/// Has the letter sent, and waits for how its first try goes.
async fn mail(app: &App, post: &dyn Post, invited: &Invited, words: &Words) -> Posting {
    let (subject, text) = words.letter(&link(app, &invited.code));
    let letter = Letter {
        invitation: &invited.id,
        client: words.client.as_ref(),
        is_reset: words.is_reset,
        by: &words.inviter,
        to: invited.email.as_str(),
        subject: &subject,
        code: &invited.code,
        text: &text,
    };
    post.write(letter).await
}

/// What stands in a letter.
struct Words {
    language: Language,
    organisation: String,
    inviter: String,
    until: String,
    is_reset: bool,
    /// Of whose people they are, where it is one client's.
    client: Option<Slug>,
}

impl Words {
    fn of(app: &Shared, invited: &Invited, inviter: &str) -> Result<Self, Problem> {
        let directory = app.people.as_deref().ok_or_else(Problem::internal)?.directory();
        let open = directory.invitation(&invited.code, app.lookout.now().utc);
        let organisation = directory.begun().map_or_else(|| "Vigie".to_owned(), |begun| begun.organisation.clone());
        let known = open.and_then(|open| open.person.as_ref()).and_then(|id| directory.person(id));
        let grants = known.map(|person| &person.grants).or(open.map(|open| &open.grants));
        Ok(Self {
            client: grants.and_then(|grants| of_one(grants)),
            language: open.map(|open| open.language).unwrap_or_default(),
            organisation,
            inviter: inviter.to_owned(),
            until: day(invited.until_ms),
            is_reset: open.is_some_and(|open| open.person.is_some()),
        })
    }

    /// Subject and text. A link alone stands on its line, where mail programs find it.
    fn letter(&self, link: &str) -> (String, String) {
        let Self { organisation, inviter, until, .. } = self;
        match (self.language, self.is_reset) {
            (Language::En, false) => (
                format!("Your invitation to Vigie at {organisation}"),
                format!(
                    "{inviter} invites you to Vigie at {organisation}.\n\nChoose a password or a passkey here until {until}:\n\n\
                     {link}\n\nThe link opens once. If this tells you nothing, do nothing: it ends by itself.\n"
                ),
            ),
            (Language::En, true) => (
                format!("Come back in to Vigie at {organisation}"),
                format!(
                    "{inviter} lets you choose another password or a passkey for Vigie at {organisation}, here until {until}:\n\n\
                     {link}\n\nThe link opens once. If you did not ask for this, tell {inviter}.\n"
                ),
            ),
            (Language::Fr, false) => (
                format!("Votre invitation à Vigie chez {organisation}"),
                format!(
                    "{inviter} vous invite à Vigie chez {organisation}.\n\nChoisissez ici un mot de passe ou une clé d’accès avant le {until} :\n\n\
                     {link}\n\nLe lien n’ouvre qu’une fois. S’il ne vous dit rien, ne faites rien : il expire de lui-même.\n"
                ),
            ),
            (Language::Fr, true) => (
                format!("Revenir dans Vigie chez {organisation}"),
                format!(
                    "{inviter} vous permet de choisir un autre mot de passe ou une clé d’accès pour Vigie chez {organisation}, ici avant le {until} :\n\n\
                     {link}\n\nLe lien n’ouvre qu’une fois. Si vous n’avez rien demandé, prévenez {inviter}.\n"
                ),
            ),
        }
    }
}

/// Whose people somebody with these belongs to, if to one client's alone.
fn of_one(grants: &[Grant]) -> Option<Slug> {
    let mut clients = grants.iter().map(|grant| grant.scope.of_client());
    let first = clients.next().flatten()?;
    clients.all(|other| other == Some(first)).then(|| first.clone())
}

/// A day and an hour that read the same everywhere.
fn day(ms: i64) -> String {
    let at =
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_who_until_when_and_where_in_either_language() {
        for (language, word) in [(Language::En, "invites you"), (Language::Fr, "vous invite")] {
            for is_reset in [false, true] {
                let words = Words {
                    language,
                    organisation: "Dupont".to_owned(),
                    inviter: "root@example.org".to_owned(),
                    until: day(1_795_258_930_000),
                    is_reset,
                    client: None,
                };
                let (subject, text) = words.letter("https://hub.example.org/invitation?code=a");
                assert!(subject.contains("Dupont") && text.contains("\nhttps://hub.example.org/invitation?code=a\n"));
                assert!(text.contains("root@example.org") && text.contains("2026-11-21 11:02 UTC"), "{text}");
                assert_eq!(text.contains(word), !is_reset, "{text}");
            }
        }
    }
}
