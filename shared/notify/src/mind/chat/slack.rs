//! What does Slack say when somebody presses a button, and what is it answered?
//!
//! What was said is plain text wherever it is shown; what stood in the message goes back as Slack itself gave it.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use vigie_model::UtcMs;

use super::super::text::Text;
use super::FRESH_MS;
use super::key::ChatKey;

/// Blocks of one message.
const MAX_BLOCKS: usize = 50;

/// What our buttons are called.
pub(crate) const ACKNOWLEDGE: &str = "vigie.acknowledge";
pub(crate) const SNOOZE: &str = "vigie.snooze";
pub(crate) const OPEN: &str = "vigie.open";

/// Whether a request is Slack's and of now: `v0=` and the HMAC of `v0:`, the time and the body.
///
/// Says nothing of how it is wrong but to whom the secret belongs: how old it is, in ms, where it was signed rightly.
///
/// # Errors
/// When it was signed by nobody who knows the secret (none), or rightly and too long ago (its age).
pub fn slack_signed(key: &ChatKey, (signature, at): (&str, &str), body: &[u8], now: UtcMs) -> Result<(), Option<i64>> {
    let said = signature.strip_prefix("v0=").and_then(|hex| HEXLOWER.decode(hex.as_bytes()).ok());
    let seconds: Option<i64> = at.parse().ok().filter(|_| at.bytes().all(|byte| byte.is_ascii_digit()));
    let (Some(said), Some(seconds)) = (said, seconds) else { return Err(None) };
    if !key.has_signed(&[b"v0:", at.as_bytes(), b":", body], &said) {
        return Err(None);
    }
    let age_ms = now.0.saturating_sub(seconds.saturating_mul(1_000));
    if age_ms.abs() > FRESH_MS { Err(Some(age_ms)) } else { Ok(()) }
}

/// Somebody pressed a button.
#[derive(Debug, Clone, PartialEq)]
pub struct Press {
    /// Who, as Slack knows them for good.
    pub user: String,
    /// Who, as Slack calls them.
    pub name: Text,
    /// Which.
    pub pressed: Pressed,
    /// What our button says of itself; not yet believed.
    pub value: String,
    /// What tells this press from every other.
    pub once: String,
    /// Where the message is changed.
    pub answer_to: String,
    /// When the message was sent, in ms, as Slack names it.
    pub sent_ms: Option<i64>,
    /// The message, as it is now.
    text: String,
    blocks: Vec<Value>,
    /// The block of the button.
    block: String,
    action: String,
}

/// Which button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// I know.
    Acknowledge,
    /// Be quiet for an hour.
    Snooze,
    /// A link, which needs no answer.
    Open,
}

impl Press {
    /// Reads what Slack sends to the address of an app: a form with one field, in which the rest is JSON. Nothing where no
    /// button of ours was pressed.
    pub fn read(form: &[u8]) -> Option<Self> {
        let (_, payload) = form_urlencoded::parse(form).find(|(name, _)| name == "payload")?;
        let said: Value = serde_json::from_str(&payload).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let action = &said["actions"][0];
        let pressed = match action["action_id"].as_str()? {
            ACKNOWLEDGE => Pressed::Acknowledge,
            SNOOZE => Pressed::Snooze,
            OPEN => Pressed::Open,
            _ => return None,
        };
        let user = text(&said["user"]["id"]).filter(|_| said["type"] == "block_actions")?;
        let name = said["user"]["username"].as_str().or(said["user"]["name"].as_str()).unwrap_or(&user);
        Some(Self {
            name: Text::new(name),
            pressed,
            value: text(&action["value"]).unwrap_or_default(),
            once: format!("{user} {} {} {}", action["action_ts"], action["block_id"], action["action_id"]),
            user,
            answer_to: text(&said["response_url"]).unwrap_or_default(),
            sent_ms: said["message"]["ts"].as_str().and_then(sent_ms),
            text: text(&said["message"]["text"]).unwrap_or_default(),
            blocks: said["message"]["blocks"].as_array().cloned().unwrap_or_default(),
            block: text(&action["block_id"]).unwrap_or_default(),
            action: text(&action["action_id"]).unwrap_or_default(),
        })
    }

    /// The message with what was decided in it, in place of the button; nothing where the message did not come along.
    pub fn rewritten(&self, said: &str) -> Option<Value> {
        let mut blocks = self.blocks.clone();
        let at =
            blocks.iter().position(|block| block["block_id"] == self.block.as_str() && block["type"] == "actions")?;
        let mut left = blocks[at].clone();
        if let Some(elements) = left["elements"].as_array_mut() {
            elements.retain(|element| element["action_id"] != self.action.as_str());
        }
        let has_buttons = left["elements"].as_array().is_some_and(|elements| !elements.is_empty());
        blocks[at] = json!({ "type": "context", "elements": [{ "type": "plain_text", "text": said, "emoji": false }] });
        if has_buttons && blocks.len() < MAX_BLOCKS {
            blocks.insert(at + 1, left);
        }
        Some(json!({ "replace_original": true, "text": self.text, "blocks": blocks }))
    }
}

/// `1531420618.000100`: seconds, and which message of them.
fn sent_ms(ts: &str) -> Option<i64> {
    let seconds = ts.split('.').next()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000)
}

/// A line that only who pressed the button sees.
pub fn ephemeral(said: &str) -> Value {
    let text = said.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let block = json!({ "type": "section", "text": { "type": "plain_text", "text": said, "emoji": false } });
    json!({ "response_type": "ephemeral", "replace_original": false, "text": text, "blocks": [block] })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's own documentation, "Verifying requests from Slack".
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F\
hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.\
803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn signed(signature: &str, at: &str, body: &str, now_s: i64) -> Result<(), Option<i64>> {
        let key = ChatKey::of_slack(SECRET).expect("a secret");
        slack_signed(&key, (signature, at), body.as_bytes(), UtcMs(now_s * 1_000))
    }

    #[test]
    fn what_slack_documents_as_signed_is_and_for_five_minutes() {
        let at = 1_531_420_618;
        for now in [at, at + 300, at - 300] {
            assert_eq!(signed(SIGNATURE, AT, BODY, now), Ok(()), "{now}");
        }
        assert_eq!(signed(SIGNATURE, AT, BODY, at + 301), Err(Some(301_000)));
        assert_eq!(signed(SIGNATURE, AT, BODY, at - 301), Err(Some(-301_000)));
    }

    #[test]
    fn another_body_another_time_or_another_signature_is_nobodys() {
        let now = 1_531_420_618;
        let (other_body, other_end) = (BODY.replace("roadrunner", "coyote"), SIGNATURE.replace("b503", "b504"));
        for (signature, at, body) in [
            (SIGNATURE, AT, other_body.as_str()),
            (SIGNATURE, "1531420619", BODY),
            (SIGNATURE, "+1531420618", BODY),
            (SIGNATURE, "", BODY),
            (&other_end, AT, BODY),
            (&SIGNATURE[..40], AT, BODY),
            ("", AT, BODY),
            ("v0=", AT, BODY),
            (&SIGNATURE[3..], AT, BODY),
        ] {
            assert_eq!(signed(signature, at, body, now), Err(None), "{signature} {at}");
        }
    }

    #[test]
    fn what_is_no_press_of_a_button_of_ours_is_none_and_breaks_nothing() {
        for form in
            ["", "payload=", "payload=%7B%7D", "payload=[]", "payload=%22", "x=1", "payload=%7B%22actions%22:[1]%7D"]
        {
            assert_eq!(Press::read(form.as_bytes()), None, "{form}");
        }
        let other = json!({ "type": "view_submission", "user": { "id": "U1" }, "actions": [{ "action_id": OPEN }] });
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &other.to_string()).finish();
        assert_eq!(Press::read(form.as_bytes()), None);
    }
}
