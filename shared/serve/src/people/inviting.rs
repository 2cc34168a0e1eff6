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
use vigie_people::{Answer, Change, Directory, Done, Email, Grant, Id, Invited, Language, Mailed, Order};

use super::door::problem;
use super::{Draft, Letter, Post, letter_went};
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
    let (inviter, post) = (caller.who.name.clone(), app.options.post.clone().filter(|_| by_mail));
    let writes = post.clone();
    let (invited, draft) = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        let mut draft = None;
        let mut with = |directory: &Directory, done: &Done| {
            let words = Words::of(directory, done, &inviter)?;
            let (job, beside) = match written(app, writes.as_deref()?, &words, done)? {
                Ok(Draft { job, beside }) => (Ok(job), Some(beside)),
                Err(why) => (Err(letter_went(app.lookout.now().utc, false, &why)), None),
            };
            draft = Some(job);
            beside
        };
        match people.carry_out_with(order, &asker, &mut with).map_err(problem)? {
            Answer::Invited(invited) => Ok((invited, draft)),
            _ => Err(Problem::internal()),
        }
    })
    .await?;
    let (mailed, job) = match (post, draft) {
        (Some(post), Some(Ok(job))) => (Some(post.first_try(&job).await), Some(job)),
        (_, Some(Err(not_kept))) => (Some(not_kept), None),
        _ => (None, None),
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

/// The letter for who is invited by this.
fn written(app: &Shared, post: &dyn Post, words: &Words, done: &Done) -> Option<Result<Draft, String>> {
    let Answer::Invited(invited) = &done.answer else { return None };
    let (subject, text) = words.letter(&link(app, &invited.code));
    Some(post.draft(Letter {
        invitation: &invited.id,
        client: words.client.as_ref(),
        is_reset: words.is_reset,
        by: &words.inviter,
        to: invited.email.as_str(),
        subject: &subject,
        code: &invited.code,
        text: &text,
    }))
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
    /// Of the invitation that comes of an order, if one does.
    fn of(directory: &Directory, done: &Done, inviter: &str) -> Option<Self> {
        let invitation = done.changes.iter().find_map(|change| match change {
            Change::Invitation(invitation) => Some(invitation),
            _ => None,
        })?;
        let known = invitation.person.as_ref().and_then(|id| directory.person(id));
        let organisation = directory.begun().map_or_else(|| "Vigie".to_owned(), |begun| begun.organisation.clone());
        Some(Self {
            client: of_one(known.map_or(&invitation.grants, |person| &person.grants)),
            language: invitation.language,
            organisation,
            inviter: inviter.to_owned(),
            until: day(invitation.until_ms),
            is_reset: invitation.person.is_some(),
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
