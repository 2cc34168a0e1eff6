//! How is XML of strangers read?
//!
//! Without document types, so without entities of theirs, and within bounds that are known before it is read.

use roxmltree::{Document, Node, ParsingOptions};

/// Names of SAML 2.0 and of what it is made of.
pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
pub(crate) const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Elements within elements. An answer has a dozen; who walks down them needs some hundred bytes of stack for each.
const MOST_DEPTH: usize = 64;

/// Namespaces that are said: each element below keeps those above it, so many of both take more than the text.
const MOST_NAMESPACES: usize = 512;

/// How much there may be of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub(crate) bytes: usize,
    pub(crate) nodes: u32,
    /// Attributes are compared with one another; each has this sign.
    pub(crate) equals: usize,
}

/// Reads a document; nothing where it is none, or too much.
pub(crate) fn read(text: &str, most: Most) -> Option<Document<'_>> {
    let is_much = text.len() > most.bytes
        || text.bytes().filter(|byte| *byte == b'=').count() > most.equals
        || text.matches("xmlns").count() > MOST_NAMESPACES;
    if is_much {
        return None;
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: most.nodes, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).ok()?;
    // What is for a program and not for readers has no place here, and would cut texts in two.
    let is_plain = !document.descendants().any(|node| node.is_pi());
    (is_plain && is_shallow(&document)).then_some(document)
}

/// Without walking down: nodes stand in their order, so whoever is above comes first.
fn is_shallow(document: &Document<'_>) -> bool {
    let mut depths: Vec<usize> = Vec::new();
    document.descendants().all(|node| {
        let above = node.parent().and_then(|parent| depths.get(parent.id().get_usize()).copied());
        let depth = above.map_or(0, |above| above + 1);
        depths.push(depth);
        depths.len() == node.id().get_usize() + 1 && depth <= MOST_DEPTH
    })
}

/// The children of a name.
pub(crate) fn all<'a, 'i>(of: Node<'a, 'i>, space: &'a str, name: &'a str) -> impl Iterator<Item = Node<'a, 'i>> + 'a
where
    'i: 'a,
{
    of.children().filter(move |node| is(*node, space, name))
}

/// The only child of a name; nothing where there are several, too.
pub(crate) fn one<'a, 'i>(of: Node<'a, 'i>, space: &'a str, name: &'a str) -> Option<Node<'a, 'i>> {
    let mut found = all(of, space, name);
    let first = found.next();
    if found.next().is_some() { None } else { first }
}

/// Whether an element has this name.
pub(crate) fn is(node: Node<'_, '_>, space: &str, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && node.tag_name().namespace() == Some(space)
}

/// All that an element says, where it says text alone: a comment within does not cut it short.
pub(crate) fn text(node: Node<'_, '_>) -> Option<String> {
    let mut out = String::new();
    for child in node.children().filter(|child| !child.is_comment()) {
        out.push_str(child.text().filter(|_| child.is_text())?);
    }
    Some(out.trim().to_owned())
}

/// Bytes that are written as base64, with whatever blanks are between them.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let dense: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    data_encoding::BASE64.decode(&dense).ok()
}

/// A text as it stands between elements or in an attribute.
pub(crate) fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, char| {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most { bytes: 64 * 1024, nodes: 4_096, equals: 1_024 };

    #[test]
    fn no_entity_is_made_up_or_fetched_and_no_program_is_spoken_to() {
        let laughs = "<!DOCTYPE a [<!ENTITY l 'ha'><!ENTITY m '&l;&l;&l;&l;'>]><a>&m;</a>";
        let fetched = "<!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><a>&f;</a>";
        for bad in
            [laughs, fetched, "<!DOCTYPE a SYSTEM 'http://evil.example/a.dtd'><a/>", "<a>&f;</a>", "<a><?b c?></a>"]
        {
            assert!(read(bad, MOST).is_none(), "{bad}");
        }
        assert!(read("<?xml version='1.0' encoding='UTF-8'?><a>&amp;&#65;</a>", MOST).is_some());
    }

    #[test]
    fn what_is_too_long_too_deep_or_too_much_is_not_read() {
        let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(read(&deep(MOST_DEPTH), MOST).is_some());
        for bad in [
            deep(MOST_DEPTH + 1),
            deep(2_000),
            format!("<a>{}</a>", "<b/>".repeat(5_000)),
            format!("<a>{}</a>", "x".repeat(64 * 1024)),
            format!("<a {}/>", (0..1_100).map(|n| format!("a{n}='' ")).collect::<String>()),
            format!("<a {}/>", (0..600).map(|n| format!("xmlns:a{n}='u' ")).collect::<String>()),
        ] {
            assert!(read(&bad, MOST).is_none(), "{}", &bad[..40]);
        }
    }

    #[test]
    fn a_text_is_read_whole_or_not_at_all() {
        let document = read("<a><b>ann@acme.org<!-- -->.evil.example</b><c>x<d/>y</c></a>", MOST).expect("a document");
        let mut each = document.root_element().children();
        assert_eq!(each.next().and_then(text).as_deref(), Some("ann@acme.org.evil.example"));
        assert_eq!(each.next().and_then(text), None);
    }
}
