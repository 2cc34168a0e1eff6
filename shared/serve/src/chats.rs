//! What must a node know so that people decide from a chat?

use serde_json::Value;

/// Where somebody writes or presses a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chat {
    /// Slack, by a button of a message.
    Slack,
    /// Microsoft Teams, by a line that mentions an outgoing webhook.
    Teams,
}

/// What a chat sent; nothing of it is believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRequest {
    /// Which chat, as the address says.
    pub chat: Chat,
    /// Which channel, as the address says.
    pub channel: String,
    /// By what it proves that it is the chat.
    pub signature: String,
    /// When it was signed, where the chat says so beside the body.
    pub at: String,
    /// What was sent.
    pub body: Vec<u8>,
}

/// What a hub implements so that people decide from a chat.
pub trait Chats: Send + Sync + 'static {
    /// Whether people answer from that chat by a channel of this name. Asked before anything is read.
    fn hears(&self, chat: Chat, channel: &str) -> bool;

    /// Does what somebody wants, once, and says what the chat is answered: nothing, as `null`, where it is answered another
    /// way. `None` where the chat has not signed it, or not now, or where it came before.
    ///
    /// Asked from blocking threads.
    fn answer(&self, request: &ChatRequest) -> Option<Value>;
}
