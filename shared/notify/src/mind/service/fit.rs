//! How is a message said where there is little room, without hiding that something was left out?

use super::super::notice::{Kind, Language, Notice};
use super::super::words::{compose, left_out, listen};

/// The message as text, with as many of its alerts as there is room for. What is left out is counted in the text itself.
pub(crate) fn text_within(notice: &Notice, room: usize, measure: fn(&str) -> usize) -> String {
    let composed = compose(notice);
    let head: String = composed.lead.iter().map(|line| format!("{line}\n")).collect();
    let foot = composed.foot.join("\n");
    let parts = composed.parts.iter().map(|part| {
        let link = part.link.as_ref().map(|link| format!("\n{link}")).unwrap_or_default();
        format!("{}\n{}{link}\n\n", part.head, part.lines.join("\n"))
    });
    let parts: Vec<String> = parts.collect();
    let (shown, gone) = fitting(&parts, room.saturating_sub(measure(&head) + measure(&foot)), measure, notice.language);
    cut(&format!("{head}{}{gone}{foot}", shown.concat()), room, measure)
}

/// As many parts as there is room for together with the words for those that are left out.
pub(super) fn fitting(
    parts: &[String],
    room: usize,
    measure: fn(&str) -> usize,
    language: Language,
) -> (Vec<String>, String) {
    let sizes: Vec<usize> = parts.iter().map(|part| measure(part)).collect();
    if sizes.iter().sum::<usize>() <= room {
        return (parts.to_vec(), String::new());
    }
    let words = |left: usize| format!("{}\n", left_out(left, language));
    let mut many = parts.len();
    let mut used: usize = sizes.iter().sum();
    while many > 0 && used + measure(&words(parts.len() - many)) > room {
        many -= 1;
        used -= sizes[many];
    }
    (parts[..many].to_vec(), words(parts.len() - many))
}

/// The beginning of a text, with an ellipsis where it was cut.
pub(super) fn cut(text: &str, room: usize, measure: fn(&str) -> usize) -> String {
    if measure(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = measure("…");
    for c in text.chars() {
        used += measure(c.encode_utf8(&mut [0; 4]));
        if used > room {
            break;
        }
        kept.push(c);
    }
    if room >= measure("…") { format!("{}…", kept.trim_end()) } else { String::new() }
}

/// One line that says what matters: for a telephone that shows nothing else.
pub(crate) fn one_line(notice: &Notice, max_chars: usize) -> String {
    let composed = compose(notice);
    let mut all = vec![composed.subject];
    if matches!(notice.kind, Kind::Firing | Kind::Escalated | Kind::Resolved | Kind::Digest) {
        let details = composed.parts.iter().take(3).flat_map(|part| part.lines.iter().take(2));
        all.extend(details.cloned());
    } else {
        all.extend(composed.lead);
    }
    let link = composed.parts.iter().find_map(|part| part.link.clone());
    let room = link.as_ref().map_or(max_chars, |link| max_chars.saturating_sub(chars(link) + 1));
    // A link that leaves no room for what is said is left out: who is told finds the page.
    match link.filter(|_| room >= 70) {
        Some(link) => format!("{} {link}", cut(&all.join(" · "), room, chars)),
        None => cut(&all.join(" · "), max_chars, chars),
    }
}

/// What a voice says: twice the one thing that matters, and where to look.
pub(crate) fn spoken(notice: &Notice, max_chars: usize) -> String {
    let subject = compose(notice).subject;
    let plain: String = subject.chars().map(|c| if "[]·/_".contains(c) { ' ' } else { c }).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&format!("Vigie. {words}. {}", listen(notice.language)), max_chars, chars)
}

pub(super) fn chars(text: &str) -> usize {
    text.chars().count()
}

pub(super) fn bytes(text: &str) -> usize {
    text.len()
}
