//! What happened to an alert, in the order in which it happened, with who, where, and when it was learnt here.

use super::alert::LATE_MS;
use super::html::Html;
use super::voice::Voice;
use crate::{Incident, Reached, Stamp, Word};

/// Words of people that are shown of each kind: the newest ones.
const MOST: usize = 20;

/// One thing that happened.
struct Event<'a> {
    at: Stamp,
    sentence: &'static str,
    word: Option<&'a Word>,
}

/// The life of one alert.
pub(crate) fn life(out: &mut Html, voice: &Voice, it: &Incident, here: &str) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"life\">\n<h2 id=\"life\">").text(w.life).html("</h2>\n<ol class=\"life\">\n");
    let at_hub = it.reached == Reached::Everywhere;
    events(voice, it).iter().for_each(|event| draw(out, voice, event, (at_hub, here)));
    out.html("</ol>\n</section>\n");
}

fn events<'a>(voice: &Voice, it: &'a Incident) -> Vec<Event<'a>> {
    let w = voice.words();
    let of_rule = |at: Option<Stamp>, sentence| at.map(|at| Event { at, sentence, word: None });
    let again = it.since.filter(|_| it.since != it.began);
    let mut events: Vec<Event<'_>> =
        [of_rule(it.began, w.life_began), of_rule(again, w.life_again), of_rule(it.ended, w.life_ended)]
            .into_iter()
            .flatten()
            .collect();
    let mut told = |words: &'a [Word], newest_last: bool, sentence: &dyn Fn(&Word) -> &'static str| {
        let skip = if newest_last { words.len().saturating_sub(MOST) } else { 0 };
        let of_person = |word: &'a Word| Event { at: word.happened_at, sentence: sentence(word), word: Some(word) };
        events.extend(words.iter().skip(skip).take(MOST).map(of_person));
    };
    told(&it.acknowledgements, false, &|_| w.life_acknowledged);
    told(&it.assignments, false, &|word| if word.text.is_empty() { w.life_unassigned } else { w.life_assigned });
    told(&it.closings, false, &|_| w.life_closed);
    told(&it.comments, true, &|_| w.life_comment);
    events.sort_by_key(|event| event.at);
    events
}

/// What was said here is known to have reached the hub once all of the alert has.
fn draw(out: &mut Html, voice: &Voice, event: &Event<'_>, (at_hub, here): (bool, &str)) {
    let w = voice.words();
    out.html("<li>");
    voice.at(out, event.at).html(" <span>");
    let Some(word) = event.word else {
        out.text(event.sentence).html("</span></li>\n");
        return;
    };
    let takes_text = event.sentence.contains("{whom}");
    out.fill(event.sentence, |out, place| out.name(if place == "who" { &word.by } else { &word.text }));
    out.html(" <small>").fill(w.life_at, |out, _| out.name(&word.at));
    let late = word.learnt_at.map(|learnt| (learnt, learnt.ms() - event.at.ms())).filter(|(_, late)| *late > LATE_MS);
    if let Some((learnt, late_ms)) = late {
        out.text(", ").fill(w.life_learnt, |out, place| match place {
            "time" => voice.at(out, learnt),
            _ => out.text(&voice.span(late_ms)),
        });
    }
    let (tick, words) = match (at_hub, word.at == here) {
        (true, _) => ("✓✓", w.tick_all),
        (false, false) => ("✓✓", w.tick_both),
        (false, true) => ("✓", w.tick_site),
    };
    out.text(" · ").html("<span class=\"tick\" aria-hidden=\"true\">").html(tick).html("</span> ").text(words);
    out.html("</small></span>");
    if !word.text.is_empty() && !takes_text {
        out.html("<blockquote>").text(&word.text).html("</blockquote>");
    }
    out.html("</li>\n");
}
