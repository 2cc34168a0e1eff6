//! What browsers bring from other houses, before anybody is signed in.

use std::sync::LazyLock;

use data_encoding::BASE64;
use vigie_model::UtcMs;
use vigie_saml::{Expected, MOST_ANSWER_BYTES, Provider, Wanted, read_provider};

use crate::Door;

const HOUSE: &str = "https://idp.acme.org/saml";
const METADATA: &str = include_str!("../../../../shared/saml/tests/golden/metadata.xml");
const PYSAML2: &str = include_str!("../../../../shared/saml/tests/golden/pysaml2.xml");
const XMLSEC: &str = include_str!("../../../../shared/saml/tests/golden/xmlsec.xml");

/// Some seconds after they were written.
const NOW: UtcMs = UtcMs(1_795_336_370_000);

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| read_provider(METADATA, HOUSE).expect("it is one"));

/// Whoever is believed is who was signed.
fn believed(posted: &str) {
    let expected = Expected {
        house: HOUSE,
        service: "https://hub.example.org/sign-in/with/office/metadata",
        back: "https://hub.example.org/sign-in/with/office/back",
        wanted: &Wanted::default(),
        unasked: true,
    };
    if let Ok(answer) = PROVIDER.read_answer(posted, &expected, NOW) {
        assert!(posted.len() <= MOST_ANSWER_BYTES, "no more is read than there may be");
        assert_eq!(answer.email.as_deref(), Some("ann@acme.org"), "nobody else was signed");
        assert_eq!(answer.answers.as_deref(), Some("_question"), "and in answer to nothing else");
    }
}

pub(super) const SAML_ANSWER: Door = Door {
    name: "saml.answer",
    good: || vec![PYSAML2.as_bytes().to_vec(), XMLSEC.as_bytes().to_vec()],
    knock: |bytes| {
        believed(&BASE64.encode(bytes));
        believed(&String::from_utf8_lossy(bytes));
    },
};

pub(super) const SAML_METADATA: Door = Door {
    name: "saml.metadata",
    good: || vec![METADATA.as_bytes().to_vec()],
    knock: |bytes| {
        if let Ok(provider) = read_provider(&String::from_utf8_lossy(bytes), HOUSE) {
            assert!((1..=8).contains(&provider.keys()), "as many keys as there may be, and one at least");
        }
    },
};
