//! How does somebody who was invited get their code?
//!
//! By a letter, where the hub writes any; the code is then shown to nobody else. Otherwise, and whenever the letter did not
//! go, whoever invited them gets the link, once, to hand it on.

use axum::http::request::Parts;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;
use utoipa::ToSchema;
use vigie_people::{Answer, Asker, Email, Id, Invited, Language, Mailed, Order, Who};

use super::door::problem;
use super::{Letter, Post};
use crate::door::{Address, Caller};
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::work;

/// Characters that are kept of what a mail server said.
const SAID_CHARS: usize = 300;

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
    let mailed = match post {
        Some(post) => Some(mail(app, &*post, &invited, words).await),
        None => None,
    };
    let Invited { id, email, code, until_ms } = invited;
    if mailed.as_ref().is_some_and(|mailed| mailed.taken) {
        return Ok(Handed { id, email, until_ms, code: None, link: None, mailed });
    }
    let link = Some(link(app, &code));
    Ok(Handed { id, email, until_ms, code: Some(code), link, mailed })
}

fn link(app: &Shared, code: &str) -> String {
    format!("{}/invitation?code={code}", app.options.origin.as_deref().unwrap_or_default())
}

/// Sends the letter, and writes down how that went.
async fn mail(app: &App, post: &dyn Post, invited: &Invited, words: Words) -> Mailed {
    let (subject, text) = words.letter(&link(app, &invited.code));
    let said = post.write(Letter { to: invited.email.as_str(), subject: &subject, text: &text }).await;
    let (taken, said) = match said {
        Ok(said) => (true, said),
        Err(why) => (false, why),
    };
    let said = said.chars().filter(|char| !char.is_control()).take(SAID_CHARS).collect();
    let how = Mailed { at_ms: app.lookout.now().utc.0, taken, said };
    let (order, asker) = (
        Order::Mailed { invitation: invited.id.clone(), how: how.clone() },
        Asker { who: Who::Nobody, by: "hub", from: String::new() },
    );
    let kept = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        people.carry_out(order, &asker).map_err(problem)
    });
    if let Err(problem) = kept.await {
        tracing::warn!(why = problem.detail, "how a letter went could not be written down");
    }
    how
}

/// What stands in a letter.
struct Words {
    language: Language,
    organisation: String,
    inviter: String,
    until: String,
    is_reset: bool,
}

impl Words {
    fn of(app: &Shared, invited: &Invited, inviter: &str) -> Result<Self, Problem> {
        let directory = app.people.as_deref().ok_or_else(Problem::internal)?.directory();
        let open = directory.invitation(&invited.code, app.lookout.now().utc);
        let organisation = directory.begun().map_or_else(|| "Vigie".to_owned(), |begun| begun.organisation.clone());
        Ok(Self {
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
                };
                let (subject, text) = words.letter("https://hub.example.org/invitation?code=a");
                assert!(subject.contains("Dupont") && text.contains("\nhttps://hub.example.org/invitation?code=a\n"));
                assert!(text.contains("root@example.org") && text.contains("2026-11-21 11:02 UTC"), "{text}");
                assert_eq!(text.contains(word), !is_reset, "{text}");
            }
        }
    }
}
