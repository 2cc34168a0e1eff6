//! A house that speaks SAML, with keys of its own, that answers as a real one does, and as a wrong one would.
//!
//! What it writes is canonical as it stands, so what is signed is not made by the code that is tried.

#![allow(dead_code, reason = "each test file uses a part of it")]

use data_encoding::BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

pub(crate) const HOUSE: &str = "https://idp.acme.org/saml";
pub(crate) const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const ECDSA: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
pub(crate) const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

pub(crate) struct House {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    /// Of the two keys, as DER.
    pub(crate) certificates: [Vec<u8>; 2],
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signs {
    Assertion,
    Response,
    Both,
    Nothing,
}

/// What it says, and how.
#[derive(Debug, Clone)]
pub(crate) struct Says {
    pub(crate) signs: Signs,
    /// The way to sign that it names, which says by which key, too.
    pub(crate) method: &'static str,
    pub(crate) canonical: &'static str,
    pub(crate) hash: &'static str,
    pub(crate) house: String,
    pub(crate) service: String,
    pub(crate) back: String,
    pub(crate) answers: Option<String>,
    pub(crate) id: String,
    pub(crate) name_id: String,
    pub(crate) format: &'static str,
    pub(crate) attributes: Vec<(&'static str, String)>,
    pub(crate) status: &'static str,
    /// Seconds from now.
    pub(crate) made: i64,
    pub(crate) begins: i64,
    pub(crate) ends: i64,
    pub(crate) proved: i64,
    /// A further condition.
    pub(crate) condition: &'static str,
    pub(crate) now_seconds: i64,
}

impl Says {
    /// What is right.
    pub(crate) fn right(service: &str, back: &str, answers: &str, now_seconds: i64) -> Self {
        Self {
            signs: Signs::Assertion,
            method: RSA,
            canonical: EXCLUSIVE,
            hash: "http://www.w3.org/2001/04/xmlenc#sha256",
            house: HOUSE.to_owned(),
            service: service.to_owned(),
            back: back.to_owned(),
            answers: Some(answers.to_owned()),
            id: format!("_of{answers}"),
            name_id: "7f3a".to_owned(),
            format: PERSISTENT,
            attributes: vec![("mail", "Ann@ACME.org".to_owned()), ("displayName", "Ann Lemoine".to_owned())],
            status: "urn:oasis:names:tc:SAML:2.0:status:Success",
            made: 0,
            begins: -30,
            ends: 300,
            proved: -5,
            condition: "",
            now_seconds,
        }
    }

    fn at(&self, seconds: i64) -> String {
        let at = time::OffsetDateTime::from_unix_timestamp(self.now_seconds + seconds).expect("a time");
        at.format(&time::format_description::well_known::Rfc3339).expect("a text")
    }

    fn answers(&self) -> String {
        self.answers.as_ref().map(|answers| format!(" InResponseTo=\"{answers}\"")).unwrap_or_default()
    }
}

impl House {
    pub(crate) fn new() -> Self {
        let rsa = include_bytes!("../../../issuers/tests/common/rsa.pk8");
        let of_rsa = rcgen::KeyPair::try_from(rsa.as_slice()).expect("a key");
        let of_p256 = rcgen::KeyPair::generate().expect("a key");
        let certificate = |key: &rcgen::KeyPair| {
            let params = rcgen::CertificateParams::new(vec!["idp.acme.org".to_owned()]).expect("a name");
            params.self_signed(key).expect("signed").der().to_vec()
        };
        let p256 = of_p256.serialize_der();
        Self {
            rsa: RsaKeyPair::from_pkcs8(rsa).expect("a key"),
            p256: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &p256, &SystemRandom::new())
                .expect("a key"),
            certificates: [certificate(&of_rsa), certificate(&of_p256)],
        }
    }

    /// What it says of itself, with these of its keys.
    pub(crate) fn metadata(&self, ask_at: &str, keys: &[usize]) -> String {
        let key = |at: &usize| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"{DS}\"><ds:X509Data><ds:X509Certificate>\n{}\n\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                BASE64.encode(&self.certificates[*at])
            )
        };
        format!(
            "<?xml version=\"1.0\"?><md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"{HOUSE}\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"{SAMLP}\">{}<md:SingleSignOnService \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"{ask_at}\"/></md:IDPSSODescriptor>\
             </md:EntityDescriptor>",
            keys.iter().map(key).collect::<String>()
        )
    }

    /// A response, with its assertion.
    pub(crate) fn response(&self, says: &Says) -> String {
        let assertion = Self::assertion(says);
        let assertion = match says.signs {
            Signs::Assertion | Signs::Both => self.with_signature(&assertion, &says.id, says),
            Signs::Response | Signs::Nothing => assertion.replace("{signature}", ""),
        };
        let response = format!(
            "<samlp:Response xmlns:samlp=\"{SAMLP}\" Destination=\"{}\" ID=\"_response\"{} IssueInstant=\"{}\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"{SAML}\">{}</saml:Issuer>{{signature}}<samlp:Status><samlp:StatusCode Value=\"{}\">\
             </samlp:StatusCode></samlp:Status>{}</samlp:Response>",
            says.back,
            says.answers(),
            says.at(says.made),
            says.house,
            says.status,
            if says.status.ends_with(":Success") { assertion } else { String::new() },
        );
        match says.signs {
            Signs::Response | Signs::Both => self.with_signature(&response, "_response", says),
            Signs::Assertion | Signs::Nothing => response.replace("{signature}", ""),
        }
    }

    /// As a browser posts it.
    pub(crate) fn posted(&self, says: &Says) -> String {
        BASE64.encode(self.response(says).as_bytes())
    }

    fn assertion(says: &Says) -> String {
        let attribute = |(name, value): &(&str, String)| {
            format!(
                "<saml:Attribute Name=\"{name}\"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
            )
        };
        format!(
            "<saml:Assertion xmlns:saml=\"{SAML}\" ID=\"{id}\" IssueInstant=\"{made}\" Version=\"2.0\">\
             <saml:Issuer>{house}</saml:Issuer>{{signature}}<saml:Subject>\
             <saml:NameID Format=\"{format}\">{name_id}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData\
             {answers} NotOnOrAfter=\"{ends}\" Recipient=\"{back}\"></saml:SubjectConfirmationData></saml:SubjectConfirmation>\
             </saml:Subject><saml:Conditions NotBefore=\"{begins}\" NotOnOrAfter=\"{ends}\"><saml:AudienceRestriction>\
             <saml:Audience>{service}</saml:Audience></saml:AudienceRestriction>{condition}</saml:Conditions>\
             <saml:AuthnStatement AuthnInstant=\"{proved}\"></saml:AuthnStatement>\
             <saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>",
            id = says.id,
            made = says.at(says.made),
            house = says.house,
            format = says.format,
            name_id = says.name_id,
            answers = says.answers(),
            ends = says.at(says.ends),
            back = says.back,
            begins = says.at(says.begins),
            service = says.service,
            condition = says.condition,
            proved = says.at(says.proved),
            attributes = says.attributes.iter().map(attribute).collect::<String>(),
        )
    }

    /// With a signature where it belongs, of all that stands there without it.
    fn with_signature(&self, text: &str, id: &str, says: &Says) -> String {
        let hash = BASE64.encode(digest(&SHA256, text.replace("{signature}", "").as_bytes()).as_ref());
        let info = format!(
            "><ds:CanonicalizationMethod Algorithm=\"{}\"></ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod><ds:Reference URI=\"#{id}\"><ds:Transforms>\
             <ds:Transform Algorithm=\"{DS}enveloped-signature\"></ds:Transform>\
             <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"{}\"></ds:DigestMethod><ds:DigestValue>{hash}</ds:DigestValue>\
             </ds:Reference></ds:SignedInfo>",
            says.canonical, says.method, says.hash
        );
        let value = self.signed(says.method, format!("<ds:SignedInfo xmlns:ds=\"{DS}\"{info}").as_bytes());
        let signature = format!(
            "<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo{info}<ds:SignatureValue>{}</ds:SignatureValue></ds:Signature>",
            BASE64.encode(&value)
        );
        text.replacen("{signature}", &signature, 1)
    }

    fn signed(&self, method: &str, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        if method == ECDSA {
            return self.p256.sign(&random, text).expect("signed").as_ref().to_vec();
        }
        if method.ends_with("hmac-sha256") {
            // With the public key as if it were a shared secret.
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.certificates[0]);
            return ring::hmac::sign(&key, text).as_ref().to_vec();
        }
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        self.rsa.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).expect("signed");
        signature
    }
}
