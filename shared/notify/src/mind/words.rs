//! What is said, in the reader's language, before it has a shape?
//!
//! Times are absolute: a message is read later than it is written. The names of states are those of every screen.

use vigie_model::{Severity, Slug};

use super::alert::{AlertId, Reach};
use super::notice::{Kind, Language, Line, MAX_LINES, Notice, Stamp};
use super::text::Text;

/// Characters of a subject: what a list of mails shows, and some more.
const MAX_SUBJECT_CHARS: usize = 150;

/// A message as sentences. Nothing in it is escaped yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Composed {
    pub(crate) subject: String,
    /// What is said before the list.
    pub(crate) lead: Vec<String>,
    pub(crate) parts: Vec<Part>,
    /// What is not listed, and who says all this.
    pub(crate) foot: Vec<String>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) head: String,
    pub(crate) lines: Vec<String>,
    pub(crate) link: Option<String>,
    /// The alert, while somebody is asked to do something about it.
    pub(crate) asks: Option<AlertId>,
    pub(crate) severity: Severity,
    pub(crate) over: bool,
}

pub(crate) fn compose(notice: &Notice) -> Composed {
    let words = Words(notice.language);
    let line = |line: &Line| words.part(line);
    let is_line_of_site = matches!(notice.kind, Kind::Cut | Kind::Back);
    let listed = || notice.wrong.iter().take(MAX_LINES).chain(notice.over.iter().take(MAX_LINES));
    let parts = if is_line_of_site { Vec::new() } else { listed().map(line).collect() };
    let mut foot = Vec::new();
    for (list, more, wrong) in [(&notice.wrong, notice.more_wrong, true), (&notice.over, notice.more_over, false)] {
        foot.extend(list.get(MAX_LINES..).into_iter().flat_map(|rest| words.briefly(rest, wrong)));
        if more > 0 {
            foot.push(words.more(more, wrong));
        }
    }
    foot.push(words.made(notice.made));
    Composed { subject: subject(notice, words), lead: lead(notice, words), parts, foot }
}

fn subject(notice: &Notice, words: Words) -> String {
    let wrong = notice.wrong.len() + notice.more_wrong as usize;
    let over = notice.over.len() + notice.more_over as usize;
    let place = place(notice.client.as_ref(), notice.site.as_ref());
    let first = notice.wrong.first().or(notice.over.first());
    let one = |line: &Line| match &line.machine {
        Some(machine) => format!("{} · {machine}", line.title),
        None => line.title.to_string(),
    };
    let what = match (notice.kind, wrong, over, first) {
        (Kind::Cut | Kind::Back, _, _, _) => String::new(),
        (Kind::Test, _, _, _) => words.pick("this channel works", "ce canal fonctionne").to_owned(),
        (Kind::Firing | Kind::Escalated | Kind::Acknowledged, 1, 0, Some(line))
        | (Kind::Resolved, 0, 1, Some(line)) => one(line),
        (Kind::Escalated | Kind::Acknowledged, _, _, _) | (Kind::Firing, _, 0, _) => {
            words.count(wrong, "alert", "alerts", "alerte", "alertes")
        }
        (Kind::Firing, _, _, _) => format!(
            "{}, {}",
            words.count(wrong, "alert", "alerts", "alerte", "alertes"),
            words.count(over, "resolved", "resolved", "résolue", "résolues")
        ),
        (Kind::Resolved, _, _, _) => words.count(over, "alert", "alerts", "alerte", "alertes"),
        (Kind::Digest, _, _, _) => words.count(
            over,
            "alert began and ended",
            "alerts began and ended",
            "alerte apparue et terminée",
            "alertes apparues et terminées",
        ),
    };
    let tag = match notice.kind {
        Kind::Firing | Kind::Escalated => words.severity(notice.severity),
        Kind::Acknowledged => words.pick("Acknowledged", "Acquitté"),
        Kind::Resolved => words.pick("Resolved", "Résolu"),
        Kind::Cut => words.pick("Site cut off", "Site coupé"),
        Kind::Back => words.pick("Site back", "Site rétabli"),
        Kind::Digest => words.pick("Digest", "Bilan"),
        Kind::Test => "Test",
    };
    let again = match (notice.kind, notice.again) {
        (Kind::Escalated, _) => words.pick(" (nobody has acknowledged)", " (personne n'a acquitté)"),
        (_, true) => words.pick(" (still)", " (toujours)"),
        (_, false) => "",
    };
    let parts = [what, place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let whole = format!("[{tag}]{again} {parts}");
    let mut cut: String = whole.chars().take(MAX_SUBJECT_CHARS).collect();
    if cut.len() < whole.len() {
        cut.push('…');
    }
    cut
}

fn lead(notice: &Notice, words: Words) -> Vec<String> {
    let place = place(notice.client.as_ref(), notice.site.as_ref());
    match notice.kind {
        Kind::Cut => notice.wrong.iter().flat_map(|line| words.cut(&place, line)).collect(),
        Kind::Back => notice.over.iter().map(|line| words.back(&place, line)).collect(),
        Kind::Digest => vec![
            words
                .pick(
                    "These alerts began and ended while nobody was told of them, or ended behind a cut.",
                    "Ces alertes sont apparues et se sont terminées sans que personne en soit averti, ou se sont \
                     terminées pendant une coupure.",
                )
                .to_owned(),
        ],
        Kind::Test => vec![
            words
                .pick(
                    "Somebody tries this channel. There is nothing to do.",
                    "Quelqu'un essaie ce canal. Il n'y a rien à faire.",
                )
                .to_owned(),
        ],
        Kind::Escalated => vec![
            words
                .pick(
                    "Others were told, and nobody has said that they know. Acknowledge it, and nobody else is told.",
                    "D'autres ont été avertis et personne n'a acquitté. Acquittez, et personne d'autre ne sera averti.",
                )
                .to_owned(),
        ],
        Kind::Firing | Kind::Resolved | Kind::Acknowledged => Vec::new(),
    }
}

fn place(client: Option<&Slug>, site: Option<&Slug>) -> String {
    [client, site].into_iter().flatten().map(Slug::as_str).collect::<Vec<_>>().join("/")
}

/// What is said where not all alerts of a message are shown.
pub(crate) fn left_out(many: usize, language: Language) -> String {
    let words = Words(language);
    words.count(
        many,
        "more alert is not shown here for lack of room.",
        "more alerts are not shown here for lack of room.",
        "autre alerte n'est pas montrée ici, faute de place.",
        "autres alertes ne sont pas montrées ici, faute de place.",
    )
}

/// What a link to a page is called.
pub(crate) fn open(language: Language) -> &'static str {
    Words(language).pick("Open in Vigie", "Ouvrir dans Vigie")
}

/// What the buttons of a message say.
pub(crate) fn buttons(language: Language) -> (&'static str, &'static str) {
    let words = Words(language);
    (words.pick("Acknowledge", "Acquitter"), words.pick("Snooze 1 h", "Pause 1 h"))
}

/// How somebody answers who can only write.
pub(crate) fn how_to_answer(language: Language) -> &'static str {
    Words(language).pick(
        "Answer here with @Vigie ack CODE, snooze CODE 1h, comment CODE and your words, or help.",
        "Répondez ici : @Vigie ack CODE, pause CODE 1h, commenter CODE et vos mots, ou aide.",
    )
}

/// What a voice says at the end.
pub(crate) fn listen(language: Language) -> &'static str {
    Words(language).pick("Look at Vigie, please.", "Consultez Vigie, s'il vous plaît.")
}

/// How we know, in one sentence.
pub(crate) fn freshness(line: &Line, language: Language) -> String {
    Words(language).freshness(line)
}

#[derive(Debug, Clone, Copy)]
struct Words(Language);

impl Words {
    fn pick<'a>(self, english: &'a str, french: &'a str) -> &'a str {
        match self.0 {
            Language::English => english,
            Language::French => french,
        }
    }

    fn severity(self, severity: Severity) -> &'static str {
        match (self.0, severity) {
            (_, Severity::Info) => "Info",
            (Language::English, Severity::Warning) => "Warning",
            (Language::English, Severity::Critical) => "Critical",
            (Language::French, Severity::Warning) => "Avertissement",
            (Language::French, Severity::Critical) => "Critique",
        }
    }

    /// French takes nought for one, English for many.
    fn count(self, n: usize, one: &str, many: &str, une: &str, plusieurs: &str) -> String {
        let noun = match self.0 {
            Language::English if n == 1 => one,
            Language::English => many,
            Language::French if n < 2 => une,
            Language::French => plusieurs,
        };
        format!("{n} {noun}")
    }

    fn part(self, line: &Line) -> Part {
        let state = match line.until {
            None => self.severity(line.severity),
            Some(_) => self.pick("Over", "Terminé"),
        };
        let (colon, mut lines) = (self.pick(":", " :"), Vec::new());
        let whose = place(Some(&line.client), line.site.as_ref());
        let machine = line.machine.as_ref().map(|machine| format!("{machine} · ")).unwrap_or_default();
        lines.push(format!("{machine}{whose}"));
        lines.push(match line.until {
            None => format!("{} {}", self.pick("Since", "Depuis"), full(line.since)),
            Some(until) => self.span(line.since, until),
        });
        if let Some(value) = line.value.as_ref().filter(|value| !value.as_str().is_empty()) {
            lines.push(format!("{}{colon} {value}", self.pick("Value", "Valeur")));
        }
        lines.push(self.freshness(line));
        Part {
            head: format!("{state}{colon} {}", line.title),
            lines,
            link: line.link.as_ref().map(|link| link.as_str().to_owned()),
            asks: line.until.is_none().then_some(line.alert),
            severity: line.severity,
            over: line.until.is_some(),
        }
    }

    fn span(self, since: Stamp, until: Stamp) -> String {
        let (from, to) = (full(since), full(until));
        let lasted = self.duration(until.at.0.saturating_sub(since.at.0));
        match self.0 {
            Language::English => format!("From {from} to {to} ({lasted})"),
            Language::French => format!("De {from} à {to} ({lasted})"),
        }
    }

    fn freshness(self, line: &Line) -> String {
        let via = |words: &str, of: &Option<Text>| of.as_ref().map(|via| format!("{words} {via}")).unwrap_or_default();
        let Some(heard) = line.heard.filter(|_| line.reach != Reach::Unseen) else {
            return self.pick("Never seen.", "Jamais vu.").to_owned();
        };
        let at = full(heard);
        match self.0 {
            Language::English => {
                let via = via(" via relay", &line.via);
                match line.reach {
                    Reach::Live => format!("Live, as of {at}{via}."),
                    Reach::Late => format!("Late: showing {at}{via}."),
                    Reach::Silent => format!("Not answering: last heard {at}{via}."),
                    Reach::Cut => format!("Site cut off: last heard {at}{via}, not verified since."),
                    Reach::Asleep => format!("Asleep since {at}{via}."),
                    Reach::Unseen => "Never seen.".to_owned(),
                }
            }
            Language::French => {
                let via = via(" via le relais", &line.via);
                match line.reach {
                    Reach::Live => format!("En direct, état du {at}{via}."),
                    Reach::Late => format!("En retard : données du {at}{via}."),
                    Reach::Silent => format!("Ne répond pas : dernier contact le {at}{via}."),
                    Reach::Cut => format!("Site coupé : dernier contact le {at}{via}, non vérifié depuis."),
                    Reach::Asleep => format!("En veille depuis le {at}{via}."),
                    Reach::Unseen => "Jamais vu.".to_owned(),
                }
            }
        }
    }

    fn cut(self, place: &str, line: &Line) -> Vec<String> {
        let at = full(line.heard.unwrap_or(line.since));
        let mut said = vec![match self.0 {
            Language::English => format!("Site {place} was last heard {at}. Nothing behind it is verified since."),
            Language::French => {
                format!("Dernier contact avec le site {place} le {at}. Rien derrière n'est vérifié depuis.")
            }
        }];
        if !line.exposed.is_empty() {
            let list = line.exposed.iter().map(Text::as_str).collect::<Vec<_>>().join(", ");
            said.push(format!("{} {list}", self.pick("Exposed meanwhile:", "Exposés entre-temps :")));
        }
        said
    }

    fn back(self, place: &str, line: &Line) -> String {
        let span = line.until.map(|until| self.span(line.since, until)).unwrap_or_default();
        match self.0 {
            Language::English => format!("Site {place} is heard again. Cut off: {span}."),
            Language::French => format!("Le site {place} répond de nouveau. Coupure : {span}."),
        }
    }

    /// What is not told in full: which machines, for each rule.
    fn briefly(self, rest: &[Line], wrong: bool) -> Vec<String> {
        let also = if wrong { self.pick("Also", "Également") } else { self.pick("Also over", "Également terminé") };
        let mut rules: Vec<(&Text, Vec<&str>)> = Vec::new();
        for line in rest {
            let name = line.machine.as_ref().unwrap_or(&line.title).as_str();
            match rules.iter_mut().find(|(rule, _)| **rule == line.rule) {
                Some((_, names)) => names.push(name),
                None => rules.push((&line.rule, vec![name])),
            }
        }
        let colon = self.pick(": ", " : ");
        rules.iter().map(|(rule, names)| format!("{also}{colon}{rule} · {}", names.join(", "))).collect()
    }

    fn more(self, more: u32, wrong: bool) -> String {
        match (self.0, wrong) {
            (Language::English, true) => format!("And {more} more that are wrong."),
            (Language::English, false) => format!("And {more} more that are over."),
            (Language::French, true) => format!("Et {more} de plus en cours."),
            (Language::French, false) => format!("Et {more} de plus terminées."),
        }
    }

    fn made(self, at: Stamp) -> String {
        match self.0 {
            Language::English => format!("Vigie, {}", full(at)),
            Language::French => format!("Vigie, le {}", full(at)),
        }
    }

    /// The two largest units: `3 h 4 min`.
    fn duration(self, ms: i64) -> String {
        let seconds = ms.max(0) / 1_000;
        let units = [(86_400, self.pick("d", "j")), (3_600, "h"), (60, "min"), (1, "s")];
        let mut left = seconds;
        let parts = units.iter().filter_map(|(of, unit)| {
            let n = left / of;
            left %= of;
            (n > 0).then(|| format!("{n} {unit}"))
        });
        let said = parts.take(2).collect::<Vec<_>>().join(" ");
        if said.is_empty() { "0 s".to_owned() } else { said }
    }
}

/// A date and time on the reader's clock, and how that clock stands: `2026-11-21 14:02:10 UTC+01:00`.
pub(crate) fn full(stamp: Stamp) -> String {
    let at = jiff::Timestamp::from_millisecond(stamp.at.0).unwrap_or_default();
    let seconds = i32::from(stamp.offset_minutes) * 60;
    let offset = jiff::tz::Offset::from_seconds(seconds).unwrap_or(jiff::tz::Offset::UTC);
    let local = offset.to_datetime(at);
    let (sign, minutes) = (if stamp.offset_minutes < 0 { '-' } else { '+' }, stamp.offset_minutes.unsigned_abs());
    let offset = if minutes == 0 { String::new() } else { format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60) };
    let (date, time) = (local.date(), local.time());
    format!("{date} {:02}:{:02}:{:02} UTC{offset}", time.hour(), time.minute(), time.second())
}
