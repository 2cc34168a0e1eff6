//! Which bytes of a document did this house sign?
//!
//! An enveloped signature over one element, as SAML asks for it. The reference, its digest and the method are read out of the
//! bytes that the signature is of, after it was found to be right.

use ring::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use roxmltree::{Document, Node};

use crate::answer::{BadAnswer, MOST};
use crate::canonical::{Writing, canonical, prefixes};
use crate::key::{Key, Method};
use crate::xml::{EXCLUSIVE, SIGNATURE, all, base64, is, one, read, text};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// Nodes of what a signature says of itself, which is read before anybody has signed it: some twenty, with the blanks between.
const MOST_OF_INFO: usize = 64;

/// Prefixes that a signature has written whether they are used or not: two or three.
const MOST_PREFIXES: usize = 32;

/// The canonical text of an element, without its signature, if one of these keys signed it; nothing if nobody did.
///
/// # Errors
/// When there is a signature, and it is not right.
pub(crate) fn signed(element: Node<'_, '_>, keys: &[Key]) -> Result<Option<String>, BadAnswer> {
    let mut signatures = all(element, SIGNATURE, "Signature");
    let Some(signature) = signatures.next() else { return Ok(None) };
    if signatures.next().is_some() {
        return Err(BadAnswer::Wrapped);
    }
    let info = one(signature, SIGNATURE, "SignedInfo").ok_or(BadAnswer::Shape)?;
    let value = one(signature, SIGNATURE, "SignatureValue").and_then(text).ok_or(BadAnswer::Shape)?;
    let value = base64(&value).ok_or(BadAnswer::Shape)?;
    let how = one(info, SIGNATURE, "CanonicalizationMethod").ok_or(BadAnswer::Shape)?;
    let writing = Writing { inclusive: exclusive(how)?, without: None };
    if info.descendants().take(MOST_OF_INFO + 1).count() > MOST_OF_INFO {
        return Err(BadAnswer::Shape);
    }
    let info = canonical(info, &writing, MOST.bytes).ok_or(BadAnswer::Shape)?;
    let info = read(&info, MOST).ok_or(BadAnswer::Shape)?;
    verified(&info, &value, keys)?;
    let reference = Reference::of(info.root_element())?;
    if reference.of != id(element)? {
        return Err(BadAnswer::Wrapped);
    }
    let writing = Writing { inclusive: reference.inclusive, without: Some(signature.id()) };
    let bytes = canonical(element, &writing, MOST.bytes).ok_or(BadAnswer::Shape)?;
    let is_it = digest(reference.by, bytes.as_bytes()).as_ref() == reference.digest;
    if is_it { Ok(Some(bytes)) } else { Err(BadAnswer::Signature) }
}

/// What bears a name that a signature refers to; a name that two bear is nobody's.
fn id<'a>(element: Node<'a, '_>) -> Result<&'a str, BadAnswer> {
    let id = element.attribute("ID").filter(|id| !id.is_empty()).ok_or(BadAnswer::Shape)?;
    let bears = |node: &Node<'_, '_>| ["ID", "Id", "id"].iter().any(|name| node.attribute(*name) == Some(id));
    let bearers = element.document().descendants().filter(bears).count();
    if bearers == 1 { Ok(id) } else { Err(BadAnswer::Wrapped) }
}

fn verified(info: &Document<'_>, value: &[u8], keys: &[Key]) -> Result<(), BadAnswer> {
    let method = one(info.root_element(), SIGNATURE, "SignatureMethod").and_then(|node| node.attribute("Algorithm"));
    let method = method.and_then(Method::of).ok_or(BadAnswer::Algorithm)?;
    // While a house changes its keys, either of them may have signed.
    let found = keys.iter().filter_map(|key| key.verifies(method, info.input_text().as_bytes(), value));
    match found.reduce(|one, other| one || other) {
        Some(true) => Ok(()),
        Some(false) => Err(BadAnswer::Signature),
        None => Err(BadAnswer::NoKey),
    }
}

/// What a signature is of.
struct Reference {
    of: String,
    by: &'static Algorithm,
    digest: Vec<u8>,
    inclusive: std::collections::BTreeSet<String>,
}

impl Reference {
    fn of(info: Node<'_, '_>) -> Result<Self, BadAnswer> {
        let reference = one(info, SIGNATURE, "Reference").ok_or(BadAnswer::Wrapped)?;
        let of = reference.attribute("URI").and_then(|uri| uri.strip_prefix('#')).ok_or(BadAnswer::Wrapped)?;
        let transforms = one(reference, SIGNATURE, "Transforms").ok_or(BadAnswer::Shape)?;
        let mut transforms = transforms.children().filter(Node::is_element);
        let (Some(enveloped), Some(last), None) = (transforms.next(), transforms.next(), transforms.next()) else {
            return Err(BadAnswer::Algorithm);
        };
        let is_enveloped = enveloped.attribute("Algorithm") == Some(ENVELOPED);
        if !is_enveloped || !is(enveloped, SIGNATURE, "Transform") || !is(last, SIGNATURE, "Transform") {
            return Err(BadAnswer::Algorithm);
        }
        let by = one(reference, SIGNATURE, "DigestMethod").and_then(|node| node.attribute("Algorithm"));
        let by = match by {
            Some("http://www.w3.org/2001/04/xmlenc#sha256") => &SHA256,
            Some("http://www.w3.org/2001/04/xmldsig-more#sha384") => &SHA384,
            Some("http://www.w3.org/2001/04/xmlenc#sha512") => &SHA512,
            _ => return Err(BadAnswer::Algorithm),
        };
        let digest = one(reference, SIGNATURE, "DigestValue").and_then(text).as_deref().and_then(base64);
        let digest = digest.ok_or(BadAnswer::Shape)?;
        Ok(Self { of: of.to_owned(), by, digest, inclusive: exclusive(last)? })
    }
}

/// The prefixes that are written anyway, where this says exclusive canonicalization without comments.
fn exclusive(method: Node<'_, '_>) -> Result<std::collections::BTreeSet<String>, BadAnswer> {
    if method.attribute("Algorithm") != Some(EXCLUSIVE) {
        return Err(BadAnswer::Algorithm);
    }
    let list = all(method, EXCLUSIVE, "InclusiveNamespaces").filter_map(|node| node.attribute("PrefixList"));
    let list: std::collections::BTreeSet<String> = list.flat_map(prefixes).take(MOST_PREFIXES + 1).collect();
    if list.len() > MOST_PREFIXES { Err(BadAnswer::Shape) } else { Ok(list) }
}
