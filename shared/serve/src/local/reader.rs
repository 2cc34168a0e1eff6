//! In which language and colours does this reader want the page?
//!
//! Their browser says the language, and a cookie of two words what they chose instead. It opens nothing, so it is as plain as
//! that.

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;

use super::frame::{Frame, Theme};
use super::voice::{Lang, Voice};
use crate::door::Caller;
use crate::params::Params;
use crate::shared::{App, Shared};

/// Kept for a year: it is a habit, not a secret.
const KEPT_SECONDS: u64 = 365 * 24 * 3600;

const COOKIE: &str = "vigie-look";

/// Everything around a page for whoever asks.
pub(crate) fn frame_of(app: &Shared, parts: &Parts) -> Frame {
    let (lang, theme) = (language_of(&parts.headers), chosen(&parts.headers).1);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    Frame {
        voice: Voice { lang, zone: TimeZone::system(), now: app.lookout.now().utc },
        theme: theme.unwrap_or_default(),
        node: app.lookout.name(),
        place: app.incidents.as_ref().and_then(|incidents| incidents.home()).or_else(|| own_place(app)),
        who: parts.extensions.get::<Caller>().map(|caller| caller.who.name.clone()),
        path: to_own_page(path).to_owned(),
        reloads: None,
        wall: false,
        sound: false,
    }
}

/// The language that was chosen, or the one that a browser asks for.
pub(crate) fn language_of(headers: &HeaderMap) -> Lang {
    let accepted = || headers.get(header::ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    chosen(headers).0.unwrap_or_else(|| Lang::accepted(accepted().unwrap_or_default()))
}

/// A relay's own site: the one that it lists.
fn own_place(app: &Shared) -> Option<crate::Place> {
    let mut sites = app.lookout.sites();
    let site = sites.pop().filter(|_| sites.is_empty())?;
    Some(crate::Place { client: site.client, site: site.name })
}

/// Takes a choice and leads back to where it was made. Of what is not said the choice before holds: who chooses a language among
/// the hub's pages says nothing of colours.
pub(crate) async fn look(State(app): State<App>, headers: HeaderMap, params: Result<Params, String>) -> Response {
    let params = params.unwrap_or_default();
    let before = chosen(&headers);
    let lang = params.get("lang").and_then(Lang::of_code).or(before.0);
    let theme = params.get("theme").and_then(Theme::of_code).or(before.1).unwrap_or_default();
    let secure = if app.options.tls { "; Secure" } else { "" };
    let text = format!(
        "{COOKIE}={}.{}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Lax{secure}",
        lang.map_or("", Lang::code),
        theme.code()
    );
    let cookie = HeaderValue::from_str(&text).expect("the codes of languages and colours are plain letters");
    let to = to_own_page(params.get("to").unwrap_or("/"));
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}

fn chosen(headers: &HeaderMap) -> (Option<Lang>, Option<Theme>) {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| *name == COOKIE).and_then(|(_, value)| value.split_once('.'));
    value.map_or((None, None), |(lang, theme)| (Lang::of_code(lang), Theme::of_code(theme)))
}

/// An address of these pages, or the first of them: nobody is led elsewhere, and never to what only takes forms.
fn to_own_page(path: &str) -> &str {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'"');
    let parts = path.split('?').next().unwrap_or_default().split('/').count();
    let own = path.starts_with('/') && !path.starts_with("//") && path.len() <= 200;
    if own && plain && parts <= 3 { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        for (path, to) in [
            ("/", "/"),
            ("/machines?page=2", "/machines?page=2"),
            ("/alerts/01ABC", "/alerts/01ABC"),
            ("/alerts/01ABC/comment", "/"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/a\r\nset-cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(to_own_page(path), to, "{path}");
        }
    }

    #[test]
    fn what_was_chosen_is_remembered_and_nonsense_is_not() {
        let with = |cookie: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            chosen(&headers)
        };
        assert_eq!(with("vigie=x; vigie-look=fr.dark"), (Some(Lang::French), Some(Theme::Dark)));
        assert_eq!(with("vigie-look=.light"), (None, Some(Theme::Light)));
        assert_eq!(with("vigie-look=<b>.<i>"), (None, None));
    }
}
