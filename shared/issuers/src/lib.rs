//! How does somebody come in by an account of another house?
//!
//! OpenID Connect with any issuer, by the code flow alone: the browser is sent there with a question that only this browser
//! can bring the answer to, the code that it brings back is changed for an ID token, and `vigie-people` says what the token
//! has to be and who it lets in. Every request goes by the guarded client of `vigie-outgoing`. Or SAML 2.0: the answer comes by
//! a form, `vigie-saml` says whether it is believed, and the browser brings by a link what shows that it asked. Knows no page,
//! no cookie's name and no person; keeps no token.

mod begun;
mod house;
mod issuer;
mod issuers;
mod refused;
mod said;
mod said_saml;
mod words;

pub use issuers::{Issuers, Question, Returned, Taken};
pub use refused::NoSignIn;
pub use said::{OidcSaid, Setup, SignInError, SignInSaid, check_all, origin};
pub use said_saml::SamlSaid;
