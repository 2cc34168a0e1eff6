//! What others wrote and signed: is it read as they meant it?
//!
//! `golden/pysaml2.xml` is a response of pysaml2 7.5.5, signed twice over by xmlsec1 1.2.37; `golden/xmlsec.xml` is written as
//! OpenSAML writes (prefixes that are kept though nothing uses them, blanks, a comment within a name), signed by xmlsec1 with
//! RSA and SHA-512. Keys and house were made for this.

use data_encoding::BASE64;
use vigie_model::UtcMs;
use vigie_saml::{Answer, BadAnswer, Expected, Provider, Wanted, read_provider};

const METADATA: &str = include_str!("golden/metadata.xml");
const PYSAML2: &str = include_str!("golden/pysaml2.xml");
const XMLSEC: &str = include_str!("golden/xmlsec.xml");

/// Some seconds after they were written.
const NOW: UtcMs = UtcMs(1_795_336_370_000);

const HOUSE: &str = "https://idp.acme.org/saml";

fn provider() -> Provider {
    read_provider(METADATA, HOUSE).expect("metadata")
}

fn read(provider: &Provider, xml: &str) -> Result<Answer, BadAnswer> {
    let expected = Expected {
        house: HOUSE,
        service: "https://hub.example.org/sign-in/with/office/metadata",
        back: "https://hub.example.org/sign-in/with/office/back",
        wanted: &Wanted::default(),
        unasked: false,
    };
    provider.read_answer(&BASE64.encode(xml.as_bytes()), &expected, NOW)
}

#[test]
fn what_pysaml2_and_xmlsec_sign_is_believed_as_they_mean_it() {
    let provider = provider();
    assert_eq!((provider.ask_at.as_str(), provider.keys()), ("https://idp.acme.org/sso", 2));
    let one = read(&provider, PYSAML2).expect("believed");
    assert_eq!((one.email.as_deref(), one.answers.as_deref()), (Some("ann@acme.org"), Some("_question")));
    assert_eq!(one.name.as_deref(), Some("Ann Lemoine & Söhne <é>"));
    let other = read(&provider, XMLSEC).expect("believed");
    assert_eq!((other.subject.as_str(), other.email.as_deref()), ("7f3a", Some("ann@acme.org")));
    assert_eq!(other.name.as_deref(), Some("Ann & <Söhne>"));
}

#[test]
fn no_byte_of_what_they_signed_can_be_another() {
    let provider = provider();
    for (text, signed) in [(PYSAML2, "<ns1:Assertion "), (XMLSEC, "<saml2:Subject>")] {
        let begin = text.find(signed).expect("it begins");
        let (before, mut refused) = (read(&provider, text).expect("believed"), 0);
        let letters = (begin..text.len()).filter(|at| text.as_bytes()[*at].is_ascii_alphanumeric());
        // Every third is enough to meet each element, and takes seconds.
        for at in letters.step_by(3) {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).expect("ASCII for ASCII");
            match read(&provider, &changed) {
                // What was changed is not signed then, as a certificate beside the signature is not.
                Ok(answer) => assert_eq!(answer, before, "{}", &changed[at.saturating_sub(30)..at + 5]),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 300, "{refused}");
    }
}
