//! An issuer of OpenID Connect on loopback, with keys of its own, that does what a real one does, and what a wrong one would.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

pub(crate) const CLIENT: &str = "vigie hub";
pub(crate) const SECRET: &str = "a secret/of the client:1";

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    Rs256,
    Es256,
    EdDsa,
    /// By a key that is not in the set, under the name of one that is.
    Stranger,
    /// By one under a name that nobody knows.
    Unnamed,
    /// Not at all.
    Nothing,
    /// With the public key as if it were a shared secret.
    Shared,
}

/// What it says of whoever signs in, and how.
#[derive(Debug, Clone)]
pub(crate) struct Says {
    pub(crate) signing: Signing,
    /// In place of, or beside, what is right; null takes a claim away.
    pub(crate) claims: Value,
    /// Of itself.
    pub(crate) described: Value,
    pub(crate) breaks_signature: bool,
    /// At its UserInfo address.
    pub(crate) told: Value,
}

#[derive(Debug, Clone)]
struct Granted {
    nonce: String,
    challenge: String,
    back: String,
}

pub(crate) struct House {
    pub(crate) issuer: String,
    pub(crate) says: Mutex<Says>,
    granted: Mutex<BTreeMap<String, Granted>>,
    pub(crate) asked: Mutex<Vec<String>>,
    now_seconds: i64,
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    stranger: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn p256() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).expect("a key")
}

impl House {
    /// Opens its doors; at this time, for the hubs that ask it.
    pub(crate) fn open(now_seconds: i64) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let says = Says {
            signing: Signing::Es256,
            claims: json!({}),
            described: json!({}),
            breaks_signature: false,
            told: json!({}),
        };
        let house = Arc::new(Self {
            issuer,
            says: Mutex::new(says),
            granted: Mutex::default(),
            asked: Mutex::default(),
            now_seconds,
            rsa: RsaKeyPair::from_pkcs8(include_bytes!("rsa.pk8")).expect("a key"),
            p256: p256(),
            stranger: p256(),
            ed25519: Ed25519KeyPair::from_pkcs8(ed25519.as_ref()).expect("a key"),
        });
        let served = house.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let house = served.clone();
                std::thread::spawn(move || house.serve(stream));
            }
        });
        house
    }

    pub(crate) fn say(&self, change: impl FnOnce(&mut Says)) {
        change(&mut lock(&self.says));
    }

    /// What was asked of it, as `GET /path`.
    pub(crate) fn was_asked(&self, what: &str) -> usize {
        lock(&self.asked).iter().filter(|asked| *asked == what).count()
    }

    /// Somebody signs in at the address that their browser was sent to, and goes back: state and code.
    pub(crate) fn sign_in_at(&self, to: &str) -> (String, String) {
        let (at, query) = to.split_once('?').expect("a query");
        assert_eq!(at, format!("{}/authorize", self.issuer));
        let asked = pairs(query);
        for (name, value) in [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256")] {
            assert_eq!(asked[name], value);
        }
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let text = |name: &str| asked[name].clone();
        let granted = Granted { nonce: text("nonce"), challenge: text("code_challenge"), back: text("redirect_uri") };
        let code = format!("code & of {}", granted.nonce);
        lock(&self.granted).insert(code.clone(), granted);
        (text("state"), code)
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some((head, body)) = request(&mut stream) else { return };
        let asked = head.split(' ').take(2).collect::<Vec<_>>().join(" ");
        lock(&self.asked).push(asked.clone());
        let (status, answer) = match asked.as_str() {
            "GET /.well-known/openid-configuration" => (200, self.described()),
            "GET /keys" => (200, self.keys()),
            "POST /token" => self.token(&head, &body),
            "GET /userinfo" if head.contains("Bearer x") => (200, lock(&self.says).told.clone()),
            _ => (404, json!({})),
        };
        let answer = answer.to_string();
        let _gone = write!(
            stream,
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        );
    }

    fn described(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut described = json!({ "issuer": self.issuer, "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"), "jwks_uri": at("/keys"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256", "ES256"] });
        merge(&mut described, &lock(&self.says).described);
        described
    }

    fn keys(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let rsa: PublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        let point = self.p256.public_key().as_ref();
        json!({ "keys": [
            { "kty": "oct", "kid": "shared", "k": "AAAA" },
            { "kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": text(&rsa.n), "e": text(&rsa.e) },
            { "kty": "EC", "kid": "p256", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": text(self.ed25519.public_key().as_ref()) },
        ] })
    }

    fn token(&self, head: &str, body: &str) -> (u16, Value) {
        let form = pairs(body);
        let refused = |error: &str| (400, json!({ "error": error, "error_description": "it was\u{1b}[2J refused" }));
        let both = BASE64.encode(format!("{}:{}", escaped(CLIENT), escaped(SECRET)).as_bytes());
        if !head.to_ascii_lowercase().contains(&format!("authorization: basic {both}").to_ascii_lowercase()) {
            return refused("invalid_client");
        }
        // A code is changed once.
        let Some(granted) = lock(&self.granted).remove(&form["code"]) else { return refused("invalid_grant") };
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()).as_ref());
        if challenge != granted.challenge || form["redirect_uri"] != granted.back {
            return refused("invalid_grant");
        }
        (200, json!({ "token_type": "Bearer", "access_token": "x", "id_token": self.id_token(&granted.nonce) }))
    }

    fn id_token(&self, nonce: &str) -> String {
        let says = lock(&self.says).clone();
        let (algorithm, key) = match says.signing {
            Signing::Rs256 => ("RS256", "rsa"),
            Signing::Es256 | Signing::Stranger => ("ES256", "p256"),
            Signing::Unnamed => ("ES256", "another"),
            Signing::EdDsa => ("EdDSA", "ed"),
            Signing::Nothing => ("none", "p256"),
            Signing::Shared => ("HS256", "rsa"),
        };
        let mut claims = json!({ "iss": self.issuer, "sub": "subject-1", "aud": CLIENT, "nonce": nonce,
            "iat": self.now_seconds, "exp": self.now_seconds + 300, "email": "ann@acme.org", "email_verified": true,
            "name": "Ann Lemoine", "auth_time": self.now_seconds - 5 });
        merge(&mut claims, &says.claims);
        let head = json!({ "alg": algorithm, "kid": key, "typ": "JWT" });
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let mut signature = self.signed(says.signing, signed.as_bytes());
        if says.breaks_signature {
            signature[7] ^= 1;
        }
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn signed(&self, signing: Signing, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match signing {
            Signing::Rs256 => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).expect("signed");
                signature
            }
            Signing::Es256 => self.p256.sign(&random, text).expect("signed").as_ref().to_vec(),
            Signing::Stranger | Signing::Unnamed => {
                self.stranger.sign(&random, text).expect("signed").as_ref().to_vec()
            }
            Signing::EdDsa => self.ed25519.sign(text).as_ref().to_vec(),
            Signing::Nothing => Vec::new(),
            Signing::Shared => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.rsa.public().as_ref());
                ring::hmac::sign(&key, text).as_ref().to_vec()
            }
        }
    }
}

fn merge(into: &mut Value, with: &Value) {
    for (name, value) in with.as_object().into_iter().flatten() {
        let into = into.as_object_mut().expect("an object");
        if value.is_null() {
            into.remove(name)
        } else {
            into.insert(name.clone(), value.clone())
        };
    }
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some((head.to_owned(), body.to_owned()));
        }
    }
}

/// Pairs of a query or a form.
pub(crate) fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = if *first == b'%' { after.get(..2) } else { None };
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).expect("text")
}

pub(crate) fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
