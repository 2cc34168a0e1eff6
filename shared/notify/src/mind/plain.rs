//! How does a message look as text alone?

use super::notice::Notice;
use super::words::compose;

/// The subject: one line.
pub fn subject(notice: &Notice) -> String {
    compose(notice).subject
}

/// The body, with lines that end in a newline.
pub fn plain(notice: &Notice) -> String {
    let composed = compose(notice);
    let mut text = String::new();
    let mut say = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    say(&composed.subject);
    say("");
    for line in &composed.lead {
        say(line);
    }
    if !composed.lead.is_empty() {
        say("");
    }
    for part in &composed.parts {
        say(&part.head);
        part.lines.iter().chain(&part.link).for_each(|line| say(&format!("  {line}")));
        say("");
    }
    composed.foot.iter().for_each(|line| say(line));
    text
}
