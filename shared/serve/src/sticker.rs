//! What is stuck onto a relay, for who stands before it while the line is cut?
//!
//! A page without script, made to be printed: one sticker for each relay of a site, with the address as squares for a telephone
//! and as text for everybody else.

use axum::extract::{Extension, Path, State};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::{Html as Page, IntoResponse, Response};

use crate::door::Caller;
use crate::local::frame_of;
use crate::local::html::Html;
use crate::local::voice::{Lang, Voice};
use crate::page::Asset;
use crate::problem::Problem;
use crate::qr::DrawQr;
use crate::shared::App;
use crate::{LocalPage, Relay, Site, shape, work};

/// How it looks, also on paper.
pub(crate) const STYLE: [Asset; 1] = [("/sticker.css", "text/css; charset=utf-8", include_str!("../page/sticker.css"))];

struct Words {
    title: &'static str,
    back: &'static str,
    how: &'static str,
    works: &'static str,
    only: &'static str,
    named: &'static str,
    alt: &'static str,
    told: &'static str,
    closed: &'static str,
    unknown: &'static str,
    no_address: &'static str,
    none: &'static str,
}

const EN: Words = Words {
    title: "Sticker",
    back: "Back to the site",
    how: "Print this page (Ctrl P) and stick it onto the relay, or where people look when the Internet is gone.",
    works: "Vigie: works without internet",
    only: "Opens only on this site’s own network",
    named: "or {name}",
    alt: "QR code: {url}",
    told: "As the relay has told since {time}. If its address changes, print a new one.",
    closed: "Its page is closed to the site’s network. Open it with --http 0.0.0.0:7802 on the relay, and a sticker can be printed here.",
    unknown: "It has not told where its page is: it may be of an older version, or not yet heard.",
    no_address: "Its page is open, but it knows no address by which the site’s network reaches it.",
    none: "There is no relay here: only a relay has a page that works while the line is cut.",
};

const FR: Words = Words {
    title: "Étiquette",
    back: "Retour au site",
    how: "Imprimez cette page (Ctrl P) et collez-la sur le relais, ou là où l’on regarde quand Internet n’est plus là.",
    works: "Vigie : fonctionne sans internet",
    only: "S’ouvre seulement sur le réseau de ce site",
    named: "ou {name}",
    alt: "Code QR : {url}",
    told: "Tel que le relais le dit depuis {time}. Si son adresse change, imprimez-en une nouvelle.",
    closed: "Sa page est fermée au réseau du site. Ouvrez-la avec --http 0.0.0.0:7802 sur le relais, et une étiquette pourra être imprimée ici.",
    unknown: "Il n’a pas dit où est sa page : il est peut-être d’une version plus ancienne, ou pas encore entendu.",
    no_address: "Sa page est ouverte, mais il ne connaît aucune adresse par laquelle le réseau du site l’atteint.",
    none: "Il n’y a pas de relais ici : seul un relais a une page qui fonctionne quand la ligne est coupée.",
};

/// `GET /sites/{client}/{site}/sticker`.
pub(crate) async fn page(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((client, site)): Path<(String, String)>,
    uri: Uri,
    parts: Parts,
) -> Response {
    let found = work::list(&app, move |app| {
        let mut sites = app.lookout.sites_where(&mut |own, name| {
            own.as_str() == client && name.as_str() == site && caller.sees_at(Some(own), Some(name))
        });
        let mut site =
            sites.pop().ok_or_else(|| Problem::not_found("there is no such site, or none that you may see"))?;
        for relay in &mut site.relays {
            relay.page = app.lookout.page_of(relay.id);
        }
        Ok(site)
    });
    match found.await {
        Ok(site) => {
            let frame = frame_of(&app, &parts);
            Page(drawn(&site, &frame.voice, app.options.qr)).into_response()
        }
        Err(problem) => shape::said_to(&uri, problem),
    }
}

fn drawn(site: &Site, voice: &Voice, qr: Option<DrawQr>) -> String {
    let w = match voice.lang {
        Lang::English => &EN,
        Lang::French => &FR,
    };
    let mut out = Html::default();
    out.html("<!doctype html>\n<html lang=\"")
        .html(voice.lang.code())
        .html("\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    out.text(w.title).text(" ").text(site.name.as_str()).html(
        " · Vigie</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light\">\n<link rel=\"icon\" href=\"/icon.svg\">\n\
         <link rel=\"stylesheet\" href=\"/sticker.css\">\n</head>\n<body>\n<main>\n<div class=\"about\"><p><a href=\"/sites/",
    );
    out.text(site.client.as_str()).html("/").text(site.name.as_str()).html("\">← ").text(w.back);
    out.html("</a></p><h1>").text(w.title).html("</h1><p>");
    out.text(if site.relays.is_empty() { w.none } else { w.how }).html("</p></div>\n");
    for relay in &site.relays {
        one(&mut out, w, voice, (site, relay), qr);
    }
    out.html("</main>\n</body>\n</html>\n");
    out.into_text()
}

fn one(out: &mut Html, w: &'static Words, voice: &Voice, (site, relay): (&Site, &Relay), qr: Option<DrawQr>) {
    match relay.page.as_ref().map(|page| (page, address(page))) {
        Some((page, Some(url))) => {
            sticker(out, w, (site, relay), (page, url), qr);
            out.html("<p class=\"about\">").fill(w.told, |out, _| voice.at(out, page.told_at)).html("</p>\n");
        }
        other => {
            let why = match other {
                None => w.unknown,
                Some((page, _)) if page.is_open => w.no_address,
                Some(_) => w.closed,
            };
            out.html("<p class=\"about\"><b>").name(&relay.name).html("</b> ").text(why).html("</p>\n");
        }
    }
}

/// What the squares hold: an address works on telephones that know no names of the network, so it comes first.
fn address(page: &LocalPage) -> Option<&str> {
    page.urls.first().or(page.name_url.as_ref()).map(String::as_str)
}

fn sticker(
    out: &mut Html,
    w: &'static Words,
    (site, relay): (&Site, &Relay),
    (page, url): (&LocalPage, &str),
    qr: Option<DrawQr>,
) {
    out.html("<section class=\"sticker\"><h2>").text(w.works).html("</h2>");
    if let Some(squares) = qr.and_then(|draw| draw(url)) {
        squares.draw(out, &w.alt.replace("{url}", url));
    }
    out.html("<p class=\"url\">").text(url).html("</p>");
    if let Some(name) = page.name_url.as_deref().filter(|name| *name != url) {
        out.html("<p class=\"url\">").fill(w.named, |out, _| out.text(name)).html("</p>");
    }
    out.html("<p class=\"who\"><b>").text(site.client.as_str()).text(" / ").text(site.name.as_str()).html("</b> · ");
    out.name(&relay.name).html("</p><p>").text(w.only).html("</p></section>\n");
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use vigie_model::{NodeId, UtcMs};

    use super::*;
    use crate::qr::Qr;
    use crate::{Amount, Link, Stamp, reach_of_site};

    fn site(page: Option<LocalPage>) -> Site {
        let link = Link { connected: false, since: None, last_heard: None, round_trip_ms: None };
        Site {
            name: "lyon".parse().expect("a name"),
            client: "acme".parse().expect("a name"),
            relays: vec![Relay { id: NodeId::from_bytes([1; 16]), name: "<b>r1</b>".to_owned(), link, page }],
            reachability: reach_of_site([], UtcMs(0)),
            machines: 0,
            waiting: Amount::known(0, None),
            drain: None,
        }
    }

    fn shown(site: &Site, lang: Lang) -> String {
        let qr: DrawQr = |text| Some(Qr { side: 1, dark: vec![!text.is_empty()] });
        drawn(site, &Voice { lang, zone: TimeZone::UTC, now: UtcMs(60_000) }, Some(qr))
    }

    fn told(is_open: bool, urls: &[&str], name_url: Option<&str>) -> Option<LocalPage> {
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        Some(LocalPage { is_open, urls, name_url: name_url.map(str::to_owned), told_at: Stamp(UtcMs(0)) })
    }

    #[test]
    fn a_sticker_says_the_address_as_squares_and_as_text_and_a_relays_name_is_only_text() {
        let page =
            shown(&site(told(true, &["http://192.168.1.10:7802/"], Some("http://vigie.local:7802/"))), Lang::English);
        for part in [
            "aria-label=\"QR code: http://192.168.1.10:7802/\"",
            "<p class=\"url\">http://192.168.1.10:7802/</p>",
            "or http://vigie.local:7802/",
            "Vigie: works without internet",
            "<b>acme / lyon</b>",
            "&lt;b&gt;r1&lt;/b&gt;",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert!(!page.contains("<script") && !page.contains("style="), "{page}");
        assert!(
            shown(&site(told(true, &[], Some("http://vigie.local:1/"))), Lang::French)
                .contains("Code QR : http://vigie.local:1/")
        );
    }

    #[test]
    fn where_nothing_leads_to_the_page_there_is_no_sticker_but_what_to_do() {
        for (page, says) in [
            (None, "It has not told"),
            (told(false, &[], None), "--http 0.0.0.0:7802"),
            (told(true, &[], None), "knows no address"),
        ] {
            let page = shown(&site(page), Lang::English);
            assert!(page.contains(says) && !page.contains("<svg"), "{says}: {page}");
        }
        let nobody = Site { relays: Vec::new(), ..site(None) };
        assert!(shown(&nobody, Lang::French).contains("pas de relais"));
    }
}
