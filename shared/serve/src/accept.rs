//! Which of the forms that we have does the asker like best?

use axum::http::{HeaderMap, header};

/// The place in `offered` of the media type that the request likes best; none when it names none of them, and then our
/// own choice is as good as any.
pub(crate) fn preferred(headers: &HeaderMap, offered: &[&str]) -> Option<usize> {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let mut best = None;
    for (media, quality) in lines.flat_map(|line| line.split(',')).map(liked) {
        let Some(at) = offered.iter().position(|one| media.eq_ignore_ascii_case(one)) else { continue };
        // Of two that are liked equally the first counts.
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((at, quality));
        }
    }
    best.map(|(at, _)| at)
}

fn liked(entry: &str) -> (&str, f32) {
    let mut parts = entry.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |quality| quality.parse().ok());
    (media, quality.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(accept: &'static str) -> Option<usize> {
        let headers = [(header::ACCEPT, accept.parse().expect("a header"))].into_iter().collect();
        preferred(&headers, &["text/plain", "application/openmetrics-text"])
    }

    #[test]
    fn the_best_liked_form_is_chosen() {
        assert_eq!(
            of("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.6,*/*;q=0.1"),
            Some(1)
        );
        assert_eq!(of("application/openmetrics-text;q=0.5, text/plain"), Some(0));
        assert_eq!(of("text/html, */*;q=0.8"), None);
        assert_eq!(of("text/plain;q=0"), None);
        assert_eq!(of("text/plain;q=many"), None);
    }
}
