//! What is said to people who decide from a chat? One sentence each, in both languages.

use vigie_model::UtcMs;

use super::super::notice::{Language, Stamp};
use super::super::words::{full, open};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Somebody knows.
    Acknowledged {
        /// Who.
        by: String,
        /// When.
        at: UtcMs,
    },
    /// It is quiet.
    Snoozed {
        /// Who said so.
        by: String,
        /// Until when.
        until: UtcMs,
    },
    /// Something was said of it.
    Commented {
        /// Who said it.
        by: String,
        /// When.
        at: UtcMs,
    },
    /// It is over; since when, where that is known.
    Over(Option<UtcMs>),
    /// There is no such incident for who asks.
    NotThere,
    /// It is another one's, or who asks may not decide of it.
    NoRight,
    /// Nobody here is called so by the chat.
    Stranger {
        /// As the chat calls them for good.
        user: String,
        /// Whose list they are not in.
        channel: String,
    },
    /// A code that calls several; these.
    Several(Vec<String>),
    /// It could not be kept, and why.
    NotKept(String),
    /// What was written is no order, or somebody asks what is.
    Help,
}

impl Answered {
    /// The sentence.
    pub fn said(&self, language: Language) -> String {
        let pick = |english: String, french: String| match language {
            Language::English => english,
            Language::French => french,
        };
        let time = |at: UtcMs| full(Stamp { at, offset_minutes: 0 });
        match self {
            Self::Acknowledged { by, at } => {
                pick(format!("✓ {by} has it, {}", time(*at)), format!("✓ {by} s’en occupe, {}", time(*at)))
            }
            Self::Snoozed { by, until } => pick(
                format!("Quiet until {}, said by {by}", time(*until)),
                format!("En pause jusqu’à {}, demandé par {by}", time(*until)),
            ),
            Self::Commented { by, at } => {
                pick(format!("Noted: {by}, {}", time(*at)), format!("C’est noté : {by}, {}", time(*at)))
            }
            Self::Over(Some(since)) => pick(
                format!("This is over since {}. Nothing was changed.", time(*since)),
                format!("C’est terminé depuis {}. Rien n’a été modifié.", time(*since)),
            ),
            Self::Over(None) => {
                pick("This is over. Nothing was changed.".to_owned(), "C’est terminé. Rien n’a été modifié.".to_owned())
            }
            Self::NotThere => pick(
                "There is no such incident for you here. Nothing was changed.".to_owned(),
                "Il n’y a pas d’incident de ce nom pour vous ici. Rien n’a été modifié.".to_owned(),
            ),
            Self::NoRight => pick(
                "You may not decide of this from here. Nothing was changed.".to_owned(),
                "Vous ne pouvez pas décider de cela depuis ici. Rien n’a été modifié.".to_owned(),
            ),
            Self::Stranger { user, channel } => pick(
                format!(
                    "Vigie does not know who {user} is, so nothing was changed. Ask whoever runs the hub to put {user} under \
                     [channel.two_way.people] of channel {channel}, or decide on Vigie’s pages."
                ),
                format!(
                    "Vigie ne sait pas qui est {user} : rien n’a été modifié. Demandez à qui administre Vigie d’ajouter {user} \
                     sous [channel.two_way.people] du canal {channel}, ou décidez sur les pages de Vigie."
                ),
            ),
            Self::Several(codes) => pick(
                format!("That may be any of {}: write more of the code. Nothing was changed.", codes.join(", ")),
                format!("Plusieurs y répondent ({}) : écrivez-en plus. Rien n’a été modifié.", codes.join(", ")),
            ),
            Self::NotKept(why) => pick(
                format!("It could not be done now: {why}. Try again, or decide on Vigie’s pages."),
                format!("Impossible pour le moment : {why}. Réessayez, ou décidez sur les pages de Vigie."),
            ),
            Self::Help => pick(
                "Write: ack CODE, snooze CODE 1h, comment CODE and your words, help. The code stands in the message."
                    .to_owned(),
                "Écrivez : ack CODE, pause CODE 1h, commenter CODE et vos mots, aide. Le code figure dans le message."
                    .to_owned(),
            ),
        }
    }
}

/// What a link to an incident is called.
pub fn link_word(language: Language) -> &'static str {
    open(language)
}

/// Who somebody is whom only the chat knows: by what it calls them, and where they said it.
pub fn name_in(chat: &str, name: &str, by: &str) -> String {
    let at = if name.starts_with('@') { "" } else { "@" };
    format!("{at}{name} in {chat}, by {by}")
}
