//! What does a house say of itself, and what of that is used?

use roxmltree::Node;
use vigie_model::UtcMs;

use crate::answer::{Answer, BadAnswer, Expected, read_posted};
use crate::key::Key;
use crate::moment;
use crate::request::REDIRECT;
use crate::xml::{METADATA, Most, PROTOCOL, SIGNATURE, all, base64, is, one, read, text};

/// Metadata of one house are some 10 kB; of a small federation's houses some 100.
pub const MOST_METADATA_BYTES: usize = 1024 * 1024;

const MOST: Most = Most { bytes: MOST_METADATA_BYTES, nodes: 65_536, equals: 16_384 };

/// Keys of one house: two while it changes them.
const MOST_KEYS: usize = 8;

/// A house, as its metadata say.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Where browsers are sent with a question.
    pub ask_at: String,
    /// Whether it wants questions signed.
    pub wants_signed: bool,
    /// From when on these metadata are not believed.
    pub until: Option<UtcMs>,
    keys: Vec<Key>,
}

/// Why metadata are of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMetadata {
    /// They are none.
    #[error("these are no SAML 2.0 metadata of at most {MOST_METADATA_BYTES} bytes")]
    Shape,
    /// They are of somebody else.
    #[error("they are not of an identity provider that calls itself {0:?}")]
    Other(String),
    /// It can not be asked.
    #[error("they name no SingleSignOnService by HTTP-Redirect")]
    NoWay,
    /// It has no key that could have signed.
    #[error("they name no certificate for signing with a key of RSA (2048 bits or more), P-256 or P-384")]
    NoKey,
}

/// Reads what a house, or a federation, says of the house of this name.
///
/// # Errors
/// When it says nothing that is of use.
pub fn read_provider(xml: &str, house: &str) -> Result<Provider, BadMetadata> {
    let document = read(xml, MOST).ok_or(BadMetadata::Shape)?;
    let root = document.root_element();
    if !is(root, METADATA, "EntityDescriptor") && !is(root, METADATA, "EntitiesDescriptor") {
        return Err(BadMetadata::Shape);
    }
    let mut houses = root.descendants().filter(|node| is(*node, METADATA, "EntityDescriptor"));
    let found = houses.find(|node| node.attribute("entityID") == Some(house));
    let other = || BadMetadata::Other(house.to_owned());
    let found = found.ok_or_else(other)?;
    let speaks = |role: &Node<'_, '_>| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    };
    let role = all(found, METADATA, "IDPSSODescriptor").find(speaks).ok_or_else(other)?;
    let mut ways = all(role, METADATA, "SingleSignOnService");
    let ask_at = ways.find(|way| way.attribute("Binding") == Some(REDIRECT)).and_then(|way| way.attribute("Location"));
    let keys: Vec<Key> = all(role, METADATA, "KeyDescriptor")
        .filter(|key| key.attribute("use").is_none_or(|used| used == "signing"))
        .filter_map(key)
        .take(MOST_KEYS)
        .collect();
    let until = role.ancestors().filter_map(|node| node.attribute("validUntil"));
    let until = until.map(|text| moment::read(text).ok_or(BadMetadata::Shape)).collect::<Result<Vec<_>, _>>()?;
    Ok(Provider {
        ask_at: ask_at.ok_or(BadMetadata::NoWay)?.to_owned(),
        wants_signed: role.attribute("WantAuthnRequestsSigned").is_some_and(|said| said == "true" || said == "1"),
        until: until.into_iter().min_by_key(|at| at.0),
        keys: if keys.is_empty() { return Err(BadMetadata::NoKey) } else { keys },
    })
}

fn key(descriptor: Node<'_, '_>) -> Option<Key> {
    let info = one(descriptor, SIGNATURE, "KeyInfo")?;
    let mut data = all(info, SIGNATURE, "X509Data");
    let certificate = data.find_map(|data| all(data, SIGNATURE, "X509Certificate").next())?;
    Key::of_certificate(&base64(&text(certificate)?)?)
}

impl Provider {
    /// How many of its keys are known.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// Believes an answer that a browser posts, as base64, or says why not. That the question was ours, is still open and of
    /// this browser, and that the answer was not taken before, is left to look at.
    ///
    /// # Errors
    /// Whatever is wrong with it first.
    pub fn read_answer(&self, posted: &str, expected: &Expected<'_>, now: UtcMs) -> Result<Answer, BadAnswer> {
        read_posted(posted, &self.keys, expected, now)
    }
}
