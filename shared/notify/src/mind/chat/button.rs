//! What does a button of ours say of itself when it comes back?
//!
//! Which alert, in whose message. It bears a MAC of the secret that the chat signs with: who can post to a channel without
//! knowing that makes no button that anything follows from, whoever presses it.

use data_encoding::HEXLOWER;

use super::super::alert::AlertId;
use super::super::key::Digest16;
use super::super::notice::Language;
use super::key::ChatKey;

/// Bytes of the MAC that travel.
const TAG_BYTES: usize = 16;

/// The longest value that Slack keeps.
const MAX_BYTES: usize = 2_000;

/// What a button is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// Which alert.
    pub alert: AlertId,
    /// In which language the message was.
    pub language: Language,
    /// By which channel it was sent.
    pub channel: String,
    /// By which route.
    pub route: String,
}

impl Button {
    /// As a message carries it.
    pub(crate) fn sealed(&self, key: &ChatKey) -> String {
        let language = match self.language {
            Language::English => "en",
            Language::French => "fr",
        };
        let text = format!("v1 {} {language} {} {}", self.alert, self.channel, self.route);
        format!("{} {text}", HEXLOWER.encode(&tag(key, &text)))
    }

    /// As it came back; nothing where it is not one of ours.
    pub fn opened(value: &str, key: &ChatKey) -> Option<Self> {
        let button = Self::read(value)?;
        let ours = button.sealed(key);
        // Both are compared as what the key makes of them, so that nothing is learnt from how long that takes.
        key.has_signed(&[ours.as_bytes()], &key.sign(&[value.as_bytes()])).then_some(button)
    }

    /// What it says before that is believed: which channel's key would open it.
    pub fn read(value: &str) -> Option<Self> {
        let (_, text) = value.split_once(' ').filter(|_| value.len() <= MAX_BYTES)?;
        let mut parts = text.splitn(5, ' ');
        let mut next = || parts.next();
        let ("v1", alert, language) = (next()?, next()?, next()?) else { return None };
        let bytes: [u8; 16] = HEXLOWER.decode(alert.as_bytes()).ok()?.try_into().ok()?;
        let language = match language {
            "en" => Language::English,
            "fr" => Language::French,
            _ => return None,
        };
        let (channel, route) = (next()?.to_owned(), next()?.to_owned());
        Some(Self { alert: AlertId(Digest16(bytes)), language, channel, route })
    }
}

fn tag(key: &ChatKey, text: &str) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&key.sign(&[b"vigie button\0", text.as_bytes()])[..TAG_BYTES]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_comes_back_as_it_went_and_one_that_somebody_changed_or_made_is_none() {
        let key = ChatKey::of_slack("8f742231b10e8888abcd99yyyzzz85a5").expect("a secret");
        let other = ChatKey::of_slack("0000000000000000abcd99yyyzzz85a5").expect("a secret");
        let button = Button {
            alert: AlertId(Digest16([7; 16])),
            language: Language::French,
            channel: "ops".to_owned(),
            route: "night".to_owned(),
        };
        let sealed = button.sealed(&key);
        assert_eq!(Button::opened(&sealed, &key), Some(button.clone()));
        let moved = sealed.replace(" ops ", " all ");
        let flipped = format!("0{}", &sealed[1..]);
        for wrong in [moved.as_str(), flipped.as_str(), "", "x", &button.sealed(&other), &sealed[33..]] {
            assert!(wrong == sealed || Button::opened(wrong, &key).is_none(), "{wrong}");
        }
    }
}
