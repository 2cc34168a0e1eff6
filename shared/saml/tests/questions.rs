//! What does a house get to read of us?

#[path = "common/house.rs"]
mod house;

use std::io::Read;

use data_encoding::BASE64;
use flate2::read::DeflateDecoder;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use roxmltree::Document;
use vigie_model::UtcMs;
use vigie_saml::{BadKey, Question, Service, Signer};

const SERVICE: &str = "https://hub.example.org/sign-in/with/office/metadata";
const BACK: &str = "https://hub.example.org/sign-in/with/office/back";
const QUESTION: Question<'static> =
    Question { id: "_7", ask_at: "https://idp.acme.org/sso", again: false, at: UtcMs(1_795_258_930_000) };

fn service(certificate: Option<&[u8]>) -> Service<'_> {
    Service { name: SERVICE, back: BACK, certificate }
}

fn plain(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut out = parts.next().expect("a text").as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    out
}

fn request(to: &str) -> String {
    let packed = to.split("SAMLRequest=").nth(1).and_then(|rest| rest.split('&').next()).expect("a request");
    let packed = BASE64.decode(&plain(packed)).expect("base64");
    let mut text = String::new();
    DeflateDecoder::new(packed.as_slice()).read_to_string(&mut text).expect("deflated");
    text
}

#[test]
fn a_question_says_who_asks_where_the_answer_goes_and_nothing_of_where_the_browser_is_led() {
    let to = service(None).asks(&QUESTION, None).expect("a question");
    assert!(to.starts_with("https://idp.acme.org/sso?SAMLRequest=") && !to.contains("RelayState"));
    let text = request(&to);
    let document = Document::parse(&text).expect("XML");
    let root = document.root_element();
    for (name, value) in [
        ("ID", "_7"),
        ("Version", "2.0"),
        ("IssueInstant", "2026-11-21T11:02:10Z"),
        ("Destination", "https://idp.acme.org/sso"),
        ("AssertionConsumerServiceURL", BACK),
        ("ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"),
    ] {
        assert_eq!(root.attribute(name), Some(value));
    }
    assert!(!root.has_attribute("ForceAuthn") && text.contains(&format!("<saml:Issuer>{SERVICE}</saml:Issuer>")));
    let again = Question { again: true, ask_at: "https://idp.acme.org/sso?tenant=a&b=c", ..QUESTION };
    let to = service(None).asks(&again, None).expect("a question");
    assert!(to.starts_with("https://idp.acme.org/sso?tenant=a&b=c&SAMLRequest="));
    let text = request(&to);
    assert!(text.contains("ForceAuthn=\"true\"") && text.contains("tenant=a&amp;b=c"));
}

#[test]
fn a_question_is_signed_as_it_is_sent() {
    let key = rcgen::KeyPair::generate().expect("a key");
    let signer = Signer::new(&key.serialize_der()).expect("a key");
    let to = service(None).asks(&QUESTION, Some(&signer)).expect("a question");
    let query = to.split_once('?').expect("a query").1;
    let (signed, signature) = query.split_once("&Signature=").expect("a signature");
    assert!(signed.contains("&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23ecdsa-sha256"));
    let signature = BASE64.decode(&plain(signature)).expect("base64");
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key_raw().to_vec());
    assert!(public.verify(signed.as_bytes(), &signature).is_ok());
    let rsa = Signer::new(include_bytes!("../../issuers/tests/common/rsa.pk8")).expect("a key");
    let to = service(None).asks(&QUESTION, Some(&rsa)).expect("a question");
    assert!(to.contains("rsa-sha256&Signature="));
    assert_eq!(Signer::new(b"no key").err(), Some(BadKey));
}

#[test]
fn our_metadata_name_the_address_the_name_and_the_certificate() {
    let certificate = &house::House::new().certificates[0];
    let text = service(Some(certificate)).metadata();
    let document = Document::parse(&text).expect("XML");
    let root = document.root_element();
    assert_eq!(root.attribute("entityID"), Some(SERVICE));
    let back =
        document.descendants().find(|node| node.tag_name().name() == "AssertionConsumerService").expect("it is there");
    assert_eq!(back.attribute("Location"), Some(BACK));
    assert!(text.contains(&BASE64.encode(certificate)) && text.contains("AuthnRequestsSigned=\"true\""));
    let unsigned = service(None).metadata();
    assert!(!unsigned.contains("KeyDescriptor") && unsigned.contains("AuthnRequestsSigned=\"false\""));
}
