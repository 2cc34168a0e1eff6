//! How is a page written so that no text of a machine or a person becomes markup?
//!
//! Markup is what stands in this program: [`Html::html`] takes nothing that was made while it runs. Everything else is
//! [`Html::text`], and is escaped. No templates and no macro crate: some ten pages do not pay for one.

use std::fmt::{Display, Write};

/// A page, as far as it is written.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Markup of this program.
    pub(crate) fn html(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Any text, as text: within an element or a quoted attribute.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(char),
                char if char.is_control() || turns_the_line(char) => self.0.push('\u{fffd}'),
                char => self.0.push(char),
            }
        }
        self
    }

    /// A number, an id or a moment, as text.
    pub(crate) fn shown(&mut self, shown: impl Display) -> &mut Self {
        self.text(&shown.to_string())
    }

    /// A coordinate of a drawing, to a tenth.
    pub(crate) fn tenth(&mut self, number: f64) -> &mut Self {
        let tenths = (number * 10.0).round();
        // Writing into a string does not fail.
        let _written = if tenths % 10.0 == 0.0 {
            write!(self.0, "{:.0}", tenths / 10.0)
        } else {
            write!(self.0, "{:.1}", tenths / 10.0)
        };
        self
    }

    /// Text of somebody else in the middle of ours: its direction does not spill.
    pub(crate) fn name(&mut self, text: &str) -> &mut Self {
        self.html("<bdi>").text(text).html("</bdi>")
    }

    /// A sentence with `{places}`, each written by `place`.
    pub(crate) fn fill(
        &mut self,
        sentence: &'static str,
        mut place: impl for<'a> FnMut(&'a mut Self, &str) -> &'a mut Self,
    ) -> &mut Self {
        let mut rest = sentence;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            self.text(before);
            place(self, name);
            rest = after;
        }
        self.text(rest)
    }

    /// The page.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// Characters that let what follows run the other way, and so let a name say something else than it is.
fn turns_the_line(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Html)) -> String {
        let mut out = Html::default();
        write(&mut out);
        out.into_text()
    }

    #[test]
    fn no_text_becomes_markup() {
        let hostile = "<script>alert('x')</script>\" onload=\"&\u{202e}\0";
        let text = written(|out| {
            out.text(hostile);
        });
        assert!(!text.contains(['<', '>', '"', '\'', '\u{202e}', '\0']), "{text}");
        assert!(text.starts_with("&lt;script&gt;alert(&#39;x&#39;)"));
    }

    #[test]
    fn a_sentence_takes_its_places_in_any_order() {
        let text = written(|out| {
            out.fill("{b} before {a}.", |out, place| out.html("<i>").text(place).html("</i>"));
        });
        assert_eq!(text, "<i>b</i> before <i>a</i>.");
    }

    #[test]
    fn a_coordinate_has_at_most_one_decimal() {
        let text = written(|out| {
            out.tenth(12.0).text(" ").tenth(3.0571).text(" ").tenth(-0.04);
        });
        assert_eq!(text, "12 3.1 -0");
    }
}
