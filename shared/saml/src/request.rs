//! What do we ask a house, and what do we say of ourselves?

use std::fmt::Write as _;
use std::io::Write as _;

use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use vigie_model::UtcMs;

use crate::key::Signer;
use crate::moment::written;
use crate::xml::{ASSERTION, METADATA, PROTOCOL, SIGNATURE, escaped};

pub(crate) const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// This hub, as one house knows it.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    /// How the house calls it.
    pub name: &'a str,
    /// Where browsers bring answers to.
    pub back: &'a str,
    /// What it signs its questions with: the certificate, as DER.
    pub certificate: Option<&'a [u8]>,
}

/// A question to a house.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What it is called: the answer names it, so nobody can guess it.
    pub id: &'a str,
    /// Where the house is asked.
    pub ask_at: &'a str,
    /// Whether its person has to prove there who they are, however well the house knows the browser.
    pub again: bool,
    /// When it is asked.
    pub at: UtcMs,
}

impl Service<'_> {
    /// Where a browser is sent with a question. Nothing goes with it that would say where the browser is led afterwards.
    /// Nothing where the system gives no random bytes to sign with.
    pub fn asks(&self, question: &Question<'_>, signer: Option<&Signer>) -> Option<String> {
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
        let packed = deflated.write_all(self.request(question).as_bytes()).and_then(|()| deflated.finish());
        let packed = packed.expect("memory takes what is written");
        let mut query = format!("SAMLRequest={}", percent(&BASE64.encode(&packed)));
        if let Some(signer) = signer {
            write!(query, "&SigAlg={}", percent(signer.method())).expect("a text takes more text");
            let signature = signer.sign(query.as_bytes())?;
            write!(query, "&Signature={}", percent(&BASE64.encode(&signature))).expect("a text takes more text");
        }
        let and = if question.ask_at.contains('?') { '&' } else { '?' };
        Some(format!("{}{and}{query}", question.ask_at))
    }

    fn request(&self, question: &Question<'_>) -> String {
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{}\" Version=\"2.0\" \
             IssueInstant=\"{}\" Destination=\"{}\" AssertionConsumerServiceURL=\"{}\" ProtocolBinding=\"{POST}\"{}>\
             <saml:Issuer>{}</saml:Issuer><samlp:NameIDPolicy AllowCreate=\"true\"/></samlp:AuthnRequest>",
            escaped(question.id),
            written(question.at),
            escaped(question.ask_at),
            escaped(self.back),
            if question.again { " ForceAuthn=\"true\"" } else { "" },
            escaped(self.name),
        )
    }

    /// What whoever looks after the house tells it of this hub.
    pub fn metadata(&self) -> String {
        let key = self.certificate.map(|certificate| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"{SIGNATURE}\"><ds:X509Data><ds:X509Certificate>{}\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                BASE64.encode(certificate)
            )
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<md:EntityDescriptor xmlns:md=\"{METADATA}\" entityID=\"{}\">\
             <md:SPSSODescriptor AuthnRequestsSigned=\"{}\" WantAssertionsSigned=\"true\" \
             protocolSupportEnumeration=\"{PROTOCOL}\">{}\
             <md:AssertionConsumerService Binding=\"{POST}\" Location=\"{}\" index=\"0\" isDefault=\"true\"/>\
             </md:SPSSODescriptor></md:EntityDescriptor>\n",
            escaped(self.name),
            key.is_some(),
            key.unwrap_or_default(),
            escaped(self.back),
        )
    }
}

/// A value of a query, as it is signed and sent.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a text takes more text");
        }
        out
    })
}
