//! How are the squares made that telephones read?

use qrcode::{Color, EcLevel, QrCode};
use vigie_serve::Qr;

/// A text as squares, of which a seventh may be scratched off; none where it is too long for one.
pub(crate) fn draw(text: &str) -> Option<Qr> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    Some(Qr { side: code.width(), dark })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_telephone_reads_is_what_was_written() {
        for text in
            ["http://192.168.1.10:7802/", "https://[2001:db8::7]:7802/", "otpauth://totp/Vigie:a%40b?secret=ABC"]
        {
            let Qr { side, dark } = draw(text).expect("it is short");
            // Each square as 4 points, within a margin of 4 squares.
            let whole = (side + 8) * 4;
            let is_dark = |x: usize, y: usize| {
                let (column, row) = ((x / 4).checked_sub(4), (y / 4).checked_sub(4));
                column.zip(row).is_some_and(|(x, y)| x < side && y < side && dark[y * side + x])
            };
            let mut seen =
                rqrr::PreparedImage::prepare_from_greyscale(whole, whole, |x, y| if is_dark(x, y) { 0 } else { 255 });
            let grids = seen.detect_grids();
            let [grid] = &grids[..] else { panic!("one code, not {}", grids.len()) };
            assert_eq!(grid.decode().expect("it is read").1, text);
        }
        assert_eq!(draw(&"x".repeat(5_000)), None);
    }
}
