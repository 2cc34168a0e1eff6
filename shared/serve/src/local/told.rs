//! Who was told of an alert by this relay, and of each other route that is for it: why nobody was?

use super::html::Html;
use super::told_words::Words;
use super::voice::Voice;
use crate::{MessageOf, MessageState, RouteOf, RouteStands, ToldOf};

/// Messages that are shown: the latest.
const SHOWN: usize = 20;

/// Under the facts of an alert.
pub(crate) fn draw(out: &mut Html, voice: &Voice, told: &ToldOf) {
    let w = Words::of(voice.lang);
    out.html("<section aria-labelledby=\"told\">\n<h2 id=\"told\">").text(w.title).html("</h2>\n");
    let silent: Vec<&RouteOf> = told.routes.iter().filter(|route| route.standing != RouteStands::Told).collect();
    let first = told.messages.len().saturating_sub(SHOWN);
    if first + told.earlier > 0 {
        out.html("<p>").fill(w.earlier, |out, _| out.shown(first + told.earlier)).html("</p>\n");
    }
    if !told.messages.is_empty() || !silent.is_empty() {
        out.html("<ul class=\"told\">\n");
        told.messages.iter().skip(first).for_each(|one| message(out, voice, one));
        silent.into_iter().for_each(|one| route(out, voice, one));
        out.html("</ul>\n");
    } else if told.routes.is_empty() {
        out.html("<p class=\"empty\">").text(w.nobody).html("</p>\n");
    }
    if let Some(since) = told.known_since {
        out.html("<p><small>").fill(w.known_since, |out, _| voice.at(out, since)).html("</small></p>\n");
    }
    out.html("</section>\n");
}

/// By which way, what, and what became of it; to whom is for the hub's pages.
fn message(out: &mut Html, voice: &Voice, one: &MessageOf) {
    let w = Words::of(voice.lang);
    let fate = match one.state {
        MessageState::Sent => w.sent,
        MessageState::Waiting => w.waiting,
        MessageState::Dead => w.dead,
    };
    out.html("<li>").fill(w.message, |out, place| match place {
        "channel" => out.name(&one.channel),
        "route" => out.name(&one.route),
        "kind" => out.text(kind(w, &one.kind)),
        _ => out.fill(fate, |out, _| voice.at(out, one.at)),
    });
    out.html("</li>\n");
}

fn route(out: &mut Html, voice: &Voice, one: &RouteOf) {
    let w = Words::of(voice.lang);
    let why = match one.standing {
        RouteStands::Told => return,
        RouteStands::Elsewhere => w.elsewhere,
        RouteStands::Known => w.known,
        RouteStands::Muted => w.muted,
        RouteStands::BehindCut => w.behind_cut,
        RouteStands::Held => w.held,
        RouteStands::Waits => w.gathers,
        RouteStands::Nothing => w.nothing,
    };
    out.html("<li>").fill(w.route, |out, place| match place {
        "route" => out.name(&one.route),
        _ => out.text(why),
    });
    if let Some(until) = one.until {
        out.text(", ").fill(w.until, |out, _| voice.at(out, until));
    }
    out.html("</li>\n");
}

/// What it told of; a word of a newer version stays as it is.
fn kind<'a>(w: &'static Words, kind: &'a str) -> &'a str {
    match kind {
        "firing" => w.firing,
        "resolved" => w.resolved,
        "cut" => w.cut,
        "back" => w.back,
        "digest" => w.digest,
        "acknowledged" => w.acknowledged,
        "escalated" => w.escalated,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use vigie_model::UtcMs;

    use super::super::voice::Lang;
    use super::*;
    use crate::Stamp;

    fn one(state: MessageState, kind: &str) -> MessageOf {
        MessageOf {
            id: "a".to_owned(),
            state,
            kind: kind.to_owned(),
            route: "night".to_owned(),
            channel: "ops <b>".to_owned(),
            to: Some("marc@acme.org".to_owned()),
            at: Stamp(UtcMs(60_000)),
            tries: 1,
            said: Some("250 kept".to_owned()),
            displayed_at: None,
        }
    }

    fn drawn(lang: Lang, told: &ToldOf) -> String {
        let voice = Voice { lang, zone: TimeZone::UTC, now: UtcMs(120_000) };
        let mut out = Html::default();
        draw(&mut out, &voice, told);
        out.into_text()
    }

    #[test]
    fn each_message_says_what_became_of_it_and_to_nobody_to_whom_it_went() {
        let messages = vec![one(MessageState::Dead, "firing"), one(MessageState::Sent, "resolved")];
        let until = Some(Stamp(UtcMs(180_000)));
        let routes = vec![
            RouteOf { route: "night".to_owned(), standing: RouteStands::Told, until: None },
            RouteOf { route: "day".to_owned(), standing: RouteStands::Held, until },
        ];
        let told = ToldOf { messages, earlier: 3, routes, known_since: None };
        let text = drawn(Lang::English, &told);
        assert!(text.contains("that it is so: given up at ") && text.contains("that it is over: taken at "), "{text}");
        assert!(text.contains("held back at this hour, until ") && text.matches("<li>").count() == 3, "{text}");
        assert!(text.contains("3 earlier messages") && text.contains("ops &lt;b&gt;"), "{text}");
        assert!(!text.contains("marc@acme.org") && !text.contains("250 kept"), "{text}");
        assert!(drawn(Lang::French, &told).contains("abandonné à "), "in the reader's language");
    }

    #[test]
    fn where_no_route_is_for_it_the_relay_says_that_it_tells_nobody() {
        let text = drawn(Lang::English, &ToldOf::default());
        assert!(text.contains("it tells nobody") && !text.contains("<ul"), "{text}");
        // What an earlier version sent is not known: then nobody was told, or somebody was.
        let told = ToldOf { known_since: Some(Stamp(UtcMs(60_000))), ..ToldOf::default() };
        assert!(drawn(Lang::English, &told).contains("is not known any more"));
    }

    #[test]
    fn of_many_messages_the_latest_are_shown_and_the_others_counted() {
        let messages = vec![one(MessageState::Sent, "firing"); 25];
        let text = drawn(Lang::English, &ToldOf { messages, ..ToldOf::default() });
        assert!(text.contains("5 earlier messages") && text.matches("<li>").count() == 20, "{text}");
    }
}
