//! What is said at the door is proven, and changed by nobody.

use proptest::prelude::*;
use vigie_model::{Role, UtcMs};

use super::*;
use crate::fingerprint::CaFingerprint;
use crate::key::NodeKey;
use crate::token::{JoinToken, TokenId, TokenSecret};

#[test]
fn a_copys_plea_is_proven_by_the_shared_key_only_and_changed_by_nobody() {
    let (shared, other) = (NodeKey::from_random_bytes([1; 32]), NodeKey::from_random_bytes([2; 32]));
    let said = Part::new(&shared, &[7; 300], vec![8; 200], "till-1\n", true);
    let read = Part::decode(&said.encode().unwrap()).unwrap();
    assert_eq!((read.hostname.as_str(), &read), ("till-1", &said));
    assert!(read.is_signed_by(&shared.public_key()) && !read.is_signed_by(&other.public_key()));
    for changed in [
        Part { certain: false, ..read.clone() },
        Part { csr: vec![9; 200], ..read.clone() },
        Part { hostname: "till-2".to_owned(), ..read.clone() },
    ] {
        assert!(!changed.is_signed_by(&shared.public_key()), "{changed:?}");
    }
    let long = Part { csr: vec![0; MAX_DER_BYTES + 1], ..read };
    assert!(Part::decode(&long.encode().unwrap()).is_err());
}

proptest! {
    #[test]
    fn a_plea_of_arbitrary_bytes_never_panics(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        drop(Plea::decode(&[&[0, 0x23, 1], &length[..], &body].concat()));
    }
}

#[test]
fn a_request_is_proven_by_its_own_token_only_and_changed_by_nobody() {
    let (token, request) = (token(), request());
    let sent = request.encode().unwrap();
    let read = EnrolRequest::decode(&sent).unwrap();
    assert_eq!(read, request);
    assert!(read.is_proven_by(&token.secret.proof_key()));
    assert!(!read.is_proven_by(&TokenSecret::from_random_bytes([8; 16]).proof_key()));
    for place in 7..sent.len() {
        let mut changed = sent.clone();
        changed[place] ^= 1;
        let believed = EnrolRequest::decode(&changed).is_ok_and(|r| r.is_proven_by(&token.secret.proof_key()));
        assert!(!believed, "byte {place}");
    }
    assert!(!sent.windows(16).any(|window| window == [9; 16]), "the secret travelled");
}

#[test]
fn an_answer_counts_for_its_own_request_only_and_is_changed_by_nobody() {
    let (key, request) = (token().secret.proof_key(), request());
    let sent = encode_grant(admitted(), &request, UtcMs(5)).unwrap();
    assert!(matches!(decode_answer(&sent, &request, &key), Ok(Answer::Granted { .. })));
    let other = EnrolRequest::new(&token(), &ask(), vec![1], UtcMs(0), [2; 16]).unwrap();
    assert_eq!(decode_answer(&sent, &other, &key), Err(AnswerError::Forged));
    for place in 7..sent.len() {
        let mut changed = sent.clone();
        changed[place] ^= 1;
        assert!(!matches!(decode_answer(&changed, &request, &key), Ok(Answer::Granted { .. })), "byte {place}");
    }
}

#[test]
fn a_refusal_is_read_as_it_was_meant() {
    let (key, request) = (token().secret.proof_key(), request());
    for why in [RefusedWhy::Expired, RefusedWhy::UsedUp, RefusedWhy::Revoked, RefusedWhy::NotNow] {
        let refused = Refused::new(why);
        let sent = encode_refusal(&refused, UtcMs(5)).unwrap();
        let answer = Answer::Refused { refused, server_time: UtcMs(5) };
        assert_eq!(decode_answer(&sent, &request, &key), Ok(answer));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_no_message_and_no_panic(
        kind in 0x20_u8..0x23, body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let bytes = [&[0, kind, 1], &length[..], &body].concat();
        prop_assert!(!EnrolRequest::decode(&bytes).is_ok_and(|r| r.is_proven_by(&token().secret.proof_key())));
        drop(Plea::decode(&bytes));
        let answer = decode_answer(&bytes, &request(), &token().secret.proof_key());
        let granted = matches!(answer, Ok(Answer::Granted { .. }));
        prop_assert!(!granted);
    }
}

fn token() -> JoinToken {
    JoinToken {
        hub_addrs: vec!["hub:1".to_owned()],
        ca: CaFingerprint::of(b"ca"),
        id: TokenId([1; 8]),
        secret: TokenSecret::from_random_bytes([9; 16]),
    }
}

fn ask() -> Ask {
    Ask { role: Role::Relay, hostname: "web-1".to_owned(), advertised: vec!["10.0.0.1:4433".to_owned()] }
}

fn request() -> EnrolRequest {
    EnrolRequest::new(&token(), &ask(), vec![1, 2, 3], UtcMs(7), [0; 16]).unwrap()
}

fn admitted() -> Admitted {
    Admitted {
        chain: [vec![1; 10], vec![2; 10]],
        client: "acme".parse().unwrap(),
        site: "lyon".parse().unwrap(),
        hub_key: [3; 32],
        hub_addrs: vec!["hub:1".to_owned()],
        relay_addrs: vec!["relay:1".to_owned()],
        proof_key: token().secret.proof_key(),
    }
}
