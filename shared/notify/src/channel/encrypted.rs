//! How is a message closed so that nobody but one browser opens it, and how do push services know whose it is?
//!
//! RFC 8291 (with RFC 8188, one record) and RFC 8292. Keys are P-256.

use std::path::Path;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde::Deserialize;

/// The longest key file.
const MAX_KEY_BYTES: u64 = 4_096;

/// Where a browser is pushed to, as it said itself (the Push API's own JSON).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) endpoint: String,
    keys: Keys,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Keys {
    p256dh: String,
    auth: String,
}

impl Subscription {
    /// Of its parts.
    pub(crate) fn new(endpoint: &str, p256dh: &str, auth: &str) -> Self {
        let keys = Keys { p256dh: p256dh.to_owned(), auth: auth.to_owned() };
        Self { endpoint: endpoint.to_owned(), keys }
    }

    /// What only this browser opens. `salt` is random.
    ///
    /// # Errors
    /// When the browser's keys are none, in words for people.
    pub(crate) fn close(&self, plain: &[u8], salt: [u8; 16]) -> Result<Vec<u8>, String> {
        let theirs = decode(&self.keys.p256dh).filter(|key| key.len() == 65 && key[0] == 4);
        let theirs = theirs.ok_or("p256dh of the subscription is no uncompressed P-256 key")?;
        let auth = decode(&self.keys.auth).filter(|auth| auth.len() == 16);
        let auth = auth.ok_or("auth of the subscription is not 16 bytes")?;
        let chance = SystemRandom::new();
        let ours =
            EphemeralPrivateKey::generate(&ECDH_P256, &chance).map_err(|_| "there is no chance to make a key of")?;
        let public = ours.compute_public_key().map_err(|_| "there is no chance to make a key of")?;
        let public = public.as_ref().to_vec();
        let closed = agree_ephemeral(ours, &UnparsedPublicKey::new(&ECDH_P256, &theirs), |shared| {
            seal(shared, (&theirs, &auth), &public, salt, plain)
        });
        closed.map_err(|_| "p256dh of the subscription is no point of P-256".to_owned())?
    }
}

/// The body of RFC 8291 from a shared secret: header of salt, record size and our key; one record.
fn seal(
    shared: &[u8],
    (theirs, auth): (&[u8], &[u8]),
    ours: &[u8],
    salt: [u8; 16],
    plain: &[u8],
) -> Result<Vec<u8>, String> {
    let wrong = |_| "the message can not be encrypted".to_owned();
    let about: Vec<u8> = [b"WebPush: info\0".as_slice(), theirs, ours].concat();
    let ikm = derive::<32>(auth, shared, &about)?;
    let key = derive::<16>(&salt, &ikm, b"Content-Encoding: aes128gcm\0")?;
    let nonce = derive::<12>(&salt, &ikm, b"Content-Encoding: nonce\0")?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).map_err(wrong)?);
    // 2 ends the last record, which is the only one.
    let mut record = [plain, &[2]].concat();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record).map_err(wrong)?;
    let size = 4_096u32.to_be_bytes();
    let key_bytes = u8::try_from(ours.len()).map_err(|_| "our key is too long".to_owned())?;
    Ok([&salt, size.as_slice(), &[key_bytes], ours, &record].concat())
}

fn derive<const N: usize>(salt: &[u8], from: &[u8], about: &[u8]) -> Result<[u8; N], String> {
    struct Long(usize);
    impl KeyType for Long {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = [0; N];
    let extracted = Salt::new(HKDF_SHA256, salt).extract(from);
    let about = [about];
    let filled = extracted.expand(&about, Long(N)).and_then(|found| found.fill(&mut key));
    filled.map(|()| key).map_err(|_| "no key can be derived".to_owned())
}

/// The key by which push services know us.
#[derive(Debug)]
pub(crate) struct Vapid {
    pair: EcdsaKeyPair,
}

impl Vapid {
    /// A new one, as PKCS #8.
    ///
    /// # Errors
    /// When there is no chance to make it of.
    pub(crate) fn make() -> Result<Vec<u8>, ring::error::Unspecified> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())?;
        Ok(made.as_ref().to_vec())
    }

    /// Of PKCS #8.
    ///
    /// # Errors
    /// When it is no P-256 key.
    pub(crate) fn of(der: &[u8]) -> Result<Self, String> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
        Ok(Self { pair: pair.map_err(|_| "holds no P-256 key".to_owned())? })
    }

    /// Reads a P-256 key: PKCS #8, in PEM.
    ///
    /// # Errors
    /// In words for people, with how to make one.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "{} {why}; make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {0}",
                path.display()
            )
        };
        let size = std::fs::metadata(path).map_err(|error| wrong(&format!("can not be read: {error}")))?.len();
        if size > MAX_KEY_BYTES {
            return Err(wrong("is too long for a key"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&format!("can not be read: {error}")))?;
        let inner = text.split("-----BEGIN PRIVATE KEY-----").nth(1).and_then(|rest| rest.split("-----END").next());
        let base64: String = inner.unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        let der = BASE64.decode(base64.as_bytes()).ok().filter(|der| !der.is_empty());
        let der = der.ok_or_else(|| wrong("holds no private key in PEM"))?;
        Self::of(&der).map_err(|why| wrong(&why))
    }

    /// What browsers are given when they subscribe.
    pub(crate) fn public(&self) -> String {
        BASE64URL_NOPAD.encode(self.pair.public_key().as_ref())
    }

    /// The `authorization` of RFC 8292, for a push service, good until then.
    ///
    /// # Errors
    /// When it can not be signed.
    pub(crate) fn authorization(&self, origin: &str, contact: &str, until_s: i64) -> Result<String, String> {
        let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let head = part(serde_json::json!({ "typ": "JWT", "alg": "ES256" }));
        let claims = part(serde_json::json!({ "aud": origin, "exp": until_s, "sub": contact }));
        let signed = format!("{head}.{claims}");
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| "there is no chance to sign with".to_owned())?;
        Ok(format!("vapid t={signed}.{}, k={}", BASE64URL_NOPAD.encode(signature.as_ref()), self.public()))
    }
}

/// Browsers leave the padding out; some libraries do not.
fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_is_what_the_rfc_says() {
        // RFC 8291, appendix A.
        let bytes = |text: &str| decode(text).expect("base64url");
        let shared = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let theirs = bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4");
        let ours = bytes("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
        let auth = bytes("BTBZMqHH6r4Tts7J_aSIgg");
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().expect("16 bytes");
        let plain = b"When I grow up, I want to be a watermelon";
        let closed = seal(&shared, (&theirs, &auth), &ours, salt, plain).expect("it is closed");
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS\
             6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(BASE64URL_NOPAD.encode(&closed), expected);
    }

    #[test]
    fn keys_that_are_none_are_refused_in_words() {
        let of = |p256dh: &str, auth: &str| Subscription {
            endpoint: String::new(),
            keys: Keys { p256dh: p256dh.to_owned(), auth: auth.to_owned() },
        };
        let good = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
        let beside = BASE64URL_NOPAD.encode(&[[4; 33].as_slice(), &[7; 32]].concat());
        for (key, auth, word) in [
            ("x", "BTBZMqHH6r4Tts7J_aSIgg", "no uncompressed"),
            (good, "AAAA", "not 16 bytes"),
            (&beside, "BTBZMqHH6r4Tts7J_aSIgg", "no point"),
        ] {
            let why = of(key, auth).close(b"x", [0; 16]).expect_err(word);
            assert!(why.contains(word), "{why}");
        }
        assert!(of(good, "BTBZMqHH6r4Tts7J_aSIgg").close(b"x", [0; 16]).is_ok());
    }
}
