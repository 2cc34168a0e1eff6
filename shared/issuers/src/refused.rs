//! Why does nobody come in that way?

use vigie_people::BadToken;
use vigie_saml::BadAnswer;

/// Why somebody did not come in. Nobody was signed in, and nothing was linked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSignIn {
    /// The hub's file names none.
    #[error("there is no issuer of this name")]
    NoIssuer,
    /// What came back answers nothing that this browser was sent to ask: it came late, twice, or to another browser.
    #[error("this answers no sign-in that this browser began within the last ten minutes")]
    NotBegun,
    /// The issuer, or the person there, said no.
    #[error("{0} let nobody in: {1}")]
    Declined(String, String),
    /// The issuer can not be asked, or answers what can not be used.
    #[error("{0} can not be used now: {1}")]
    Away(String, String),
    /// It said something that is not believed.
    #[error("what {0} said is not believed: {1}")]
    NotBelieved(String, BadToken),
    /// It had a browser post something that is not believed.
    #[error("the answer of {0} is not believed: {1}")]
    NoAnswer(String, BadAnswer),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoChance,
}
