//! How does a telephone read an address or a secret off the glass or off paper?
//!
//! A node that has squares to draw says how; the drawing is part of the page itself, so that what it holds is in no other
//! address, log or cache.

use crate::local::html::Html;

/// Squares of a QR code, without the margin around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    /// Squares on one side.
    pub side: usize,
    /// Whether each is dark, row by row.
    pub dark: Vec<bool>,
}

/// Draws a text; none where it is too long for one.
pub type DrawQr = fn(&str) -> Option<Qr>;

/// Light squares that readers want around it (ISO/IEC 18004).
const MARGIN: usize = 4;

impl Qr {
    /// Draws it black on white, whatever colours the page has; `alt` says what it is to who does not see it.
    pub(crate) fn draw(&self, out: &mut Html, alt: &str) {
        let whole = self.side + 2 * MARGIN;
        out.html("<svg class=\"qr\" role=\"img\" aria-label=\"").text(alt).html("\" viewBox=\"0 0 ").shown(whole);
        out.html(" ").shown(whole).html("\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h").shown(whole);
        out.html("v").shown(whole).html("H0z\"/><path fill=\"#000\" d=\"");
        for (row, squares) in self.dark.chunks(self.side.max(1)).enumerate() {
            let mut column = 0;
            for run in squares.chunk_by(|one, next| one == next) {
                if run.first() == Some(&true) {
                    out.html("M").shown(column + MARGIN).html(" ").shown(row + MARGIN).html("h").shown(run.len());
                    out.html("v1h-").shown(run.len()).html("z");
                }
                column += run.len();
            }
        }
        out.html("\"/></svg>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_that_stand_side_by_side_are_drawn_as_one_within_the_margin_and_the_alt_is_only_text() {
        let mut out = Html::default();
        Qr { side: 2, dark: vec![true, true, false, true] }.draw(&mut out, "a\"><script>");
        let drawn = out.into_text();
        assert!(drawn.contains("d=\"M4 4h2v1h-2zM5 5h1v1h-1z\"/></svg>"), "{drawn}");
        assert!(drawn.contains("viewBox=\"0 0 10 10\"") && !drawn.contains("<script>"), "{drawn}");
    }
}
