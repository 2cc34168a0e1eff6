//! Which bytes are signed of an element?
//!
//! Exclusive XML Canonicalization 1.0, without comments. What is read of an answer is read out of these bytes, so a mistake
//! here could refuse an answer that is right and never take one for something that was not signed.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Attribute, Node, NodeId};

/// The only prefix that everybody has without saying it.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// How an element is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writing {
    /// What stands in the element and is not signed: the signature itself.
    pub(crate) without: Option<NodeId>,
    /// Prefixes that are written wherever they hold, used or not (`PrefixList`). The empty one is the default.
    pub(crate) inclusive: BTreeSet<String>,
}

/// The canonical bytes of an element, as text; nothing where they are more than `most`: a name that is said above and used
/// by many is written with each of them, so they may be thousands of times what was sent.
pub(crate) fn canonical(node: Node<'_, '_>, writing: &Writing, most: usize) -> Option<String> {
    let mut out = String::new();
    write(&mut out, node, writing, &BTreeMap::new(), most)?;
    Some(out)
}

/// The prefixes of a `PrefixList`.
pub(crate) fn prefixes(list: &str) -> BTreeSet<String> {
    list.split_ascii_whitespace().map(|prefix| if prefix == "#default" { "" } else { prefix }.to_owned()).collect()
}

/// Goes down as deep as the document, whose depth is bounded where it is read.
fn write<'a>(
    out: &mut String,
    node: Node<'a, 'a>,
    writing: &'a Writing,
    said: &BTreeMap<&'a str, &'a str>,
    most: usize,
) -> Option<()> {
    let name = name(node);
    let own = prefix(name);
    let mut attributes: Vec<(&str, &str, &str, &str)> = node
        .attributes()
        .map(|attribute| {
            let written = written(node, &attribute);
            (attribute.namespace().unwrap_or_default(), attribute.name(), written, attribute.value())
        })
        .collect();
    attributes.sort_unstable();
    let used = attributes.iter().map(|attribute| prefix(attribute.2)).filter(|prefix| !prefix.is_empty());
    let used: BTreeSet<&str> = used.chain([own]).chain(writing.inclusive.iter().map(String::as_str)).collect();
    let mut said = said.clone();
    out.push('<');
    out.push_str(name);
    for prefix in used {
        let space = space(node, prefix);
        let before = said.get(prefix).copied().unwrap_or_default();
        // A prefix of the list that does not hold here is not said; the empty name is said only where it undoes another.
        if space == before || space == XML || (space.is_empty() && !prefix.is_empty()) {
            continue;
        }
        out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        attribute(out, prefix, space);
        said.insert(prefix, space);
        has_room(out, most)?;
    }
    for (_, _, written, value) in attributes {
        out.push(' ');
        attribute(out, written, value);
        has_room(out, most)?;
    }
    out.push('>');
    for child in node.children().filter(|child| Some(child.id()) != writing.without) {
        if child.is_element() {
            write(out, child, writing, &said, most)?;
        } else if child.is_text() {
            child.text().unwrap_or_default().chars().for_each(|char| match char {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '\r' => out.push_str("&#xD;"),
                other => out.push(other),
            });
            has_room(out, most)?;
        }
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
    has_room(out, most)
}

/// One text or attribute more is a few times what was sent, at most.
fn has_room(out: &str, most: usize) -> Option<()> {
    (out.len() <= most).then_some(())
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    value.chars().for_each(|char| match char {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '"' => out.push_str("&quot;"),
        '\t' => out.push_str("&#x9;"),
        '\n' => out.push_str("&#xA;"),
        '\r' => out.push_str("&#xD;"),
        other => out.push(other),
    });
    out.push('"');
}

/// An element's name with its prefix, as it stands there.
fn name<'i>(node: Node<'_, 'i>) -> &'i str {
    let after = node.document().input_text().get(node.range().start + 1..).unwrap_or_default();
    after.split(|char: char| char.is_ascii_whitespace() || "/>".contains(char)).next().unwrap_or_default()
}

fn written<'i>(node: Node<'_, 'i>, attribute: &Attribute<'_, 'i>) -> &'i str {
    node.document().input_text().get(attribute.range_qname()).unwrap_or_default()
}

fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

fn space<'a>(node: Node<'a, '_>, prefix: &str) -> &'a str {
    node.lookup_namespace_uri(Some(prefix).filter(|prefix| !prefix.is_empty())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    fn written(text: &str, of: &str, inclusive: &str) -> String {
        let document = Document::parse(text).expect("XML");
        let node = document.descendants().find(|node| node.has_tag_name(of) || node.tag_name().name() == of);
        let writing = Writing { inclusive: prefixes(inclusive), without: None };
        canonical(node.expect("it is there"), &writing, 4_096).expect("room")
    }

    #[test]
    fn what_is_written_is_bounded_however_often_a_long_name_is_used() {
        let text = format!("<r xmlns:p='{}'>{}</r>", "\u{22}".repeat(2_000), "<p:a/>".repeat(1_000));
        let document = Document::parse(&text).expect("XML");
        let whole = canonical(document.root_element(), &Writing::default(), usize::MAX).expect("room");
        assert!(whole.len() > 12_000_000);
        assert_eq!(canonical(document.root_element(), &Writing::default(), 192 * 1024), None);
    }

    // What is expected was written by libxml2's exclusive canonicalization.
    #[test]
    fn names_are_said_where_they_are_used_and_once() {
        let text = r#"<r xmlns="urn:r" xmlns:p="urn:one" xmlns:q="urn:q"><p:a><x xmlns:p="urn:two"><p:b/></x></p:a><p:c/></r>"#;
        let whole = r#"<r xmlns="urn:r"><p:a xmlns:p="urn:one"><x><p:b xmlns:p="urn:two"></p:b></x></p:a><p:c xmlns:p="urn:one"></p:c></r>"#;
        assert_eq!(written(text, "r", ""), whole);
        assert_eq!(written(text, "c", ""), r#"<p:c xmlns:p="urn:one"></p:c>"#);
        assert_eq!(written(text, "c", "q #default"), r#"<p:c xmlns="urn:r" xmlns:p="urn:one" xmlns:q="urn:q"></p:c>"#);
        assert_eq!(written(text, "c", "nobody"), r#"<p:c xmlns:p="urn:one"></p:c>"#);
        let undone = r#"<r xmlns="urn:r"><plain xmlns=""><child/></plain><again/></r>"#;
        assert_eq!(
            written(undone, "r", ""),
            r#"<r xmlns="urn:r"><plain xmlns=""><child></child></plain><again></again></r>"#
        );
        assert_eq!(written(undone, "plain", ""), "<plain><child></child></plain>");
    }

    #[test]
    fn attributes_stand_in_their_order_and_texts_are_escaped() {
        let text = "<a  z='1' b:y='&quot;&#9;&lt;&gt;' xmlns:b='urn:b' xmlns:a='urn:z' a:x='2'   c='&#13;'>\r\n&amp;&gt;&#13;<![CDATA[<&]]><!-- no --></a>";
        let expected = "<a xmlns:a=\"urn:z\" xmlns:b=\"urn:b\" c=\"&#xD;\" z=\"1\" b:y=\"&quot;&#x9;&lt;>\" a:x=\"2\">\n&amp;&gt;&#xD;&lt;&amp;</a>";
        assert_eq!(written(text, "a", ""), expected);
        assert_eq!(written("<a xml:lang='fr'>é</a>", "a", "xml"), "<a xml:lang=\"fr\">é</a>");
    }

    #[test]
    fn what_is_written_is_written_again_the_same() {
        let text = "<s:a xmlns:s='u' xmlns:t='v' t:k=' x&#10;y '><b xmlns='w'>&#60;</b></s:a>";
        let once = written(text, "a", "");
        assert_eq!(written(&once, "a", ""), once);
    }
}
