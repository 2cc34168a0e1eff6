//! Which of the sentences that the hub itself says of a job is this one, and with which figures?
//!
//! What happened to a job is kept as an English sentence, which rows of every version have. Who reads another language reads the
//! [`Told`] of it: a code and the figures in their places. Sentences of others (a mail server, the system, a query) have none, and
//! are shown as they were said.

use std::collections::BTreeMap;

/// What the hub says of jobs: the code of each sentence, and the sentence with its places in braces.
///
/// A place takes anything but what stands behind it. Codes and places are the API's and are never renamed; a sentence that is
/// said otherwise one day gets a line beside the old one, under the same code, because rows with the old one are kept.
const SENTENCES: &[(&str, &str)] = &[
    ("erased", "nothing of it is left"),
    ("no_mail", "this hub writes no letters any more: say [people] mail in its file"),
    ("kept_for_ever", "everything is kept for ever: nothing was looked for"),
    ("nothing_older", "nothing was older than it is to be kept"),
    ("let_go", "{ticks} ticks, {bytes} bytes were let go of"),
    ("not_writable", "the store can not be written: {why}"),
    ("not_readable", "what was asked for can not be read any more: {why}"),
    ("exports_full", "the client's exports that are kept take all that they may: ask again when some of them are gone"),
    ("exported", "{samples} samples, {bytes} bytes"),
    (
        "too_large",
        "it takes more than {bytes} bytes, and no file was kept: ask for fewer series, a shorter time, Parquet, or hours",
    ),
    ("file_not_writable", "the file can not be written: {why}"),
    ("hub_error", "it ended by an error of the hub itself, which its log tells of"),
    ("backed_up", "{path}: {rows} rows, {bytes} bytes"),
    ("no_plan", "there is no plan any more"),
    ("words_gone", "the words that seal it went with the hub, which ended meanwhile: ask for another one"),
    ("letter_not_readable", "to whom it goes can not be read any more: send the invitation again"),
    ("letter_not_opened", "this hub can not open the letter any more: send the invitation again"),
    ("letter_not_needed", "nothing was sent: the invitation was taken up, taken back, sent anew, or its time is over"),
    ("channel_no_mail", "the channel {channel} sends no mail"),
    ("no_answer", "no answer within {seconds} s; whether it arrived is not known"),
    (
        "letter_before_backup",
        "this hub was brought back from a backup: whether the letter went since is not known; send it again if not",
    ),
    ("hub_stopping", "the hub is stopping"),
    ("hub_ended_each_time", "the hub ended each time while it ran"),
    ("hub_ended", "the hub ended while it ran"),
];

/// Places that are numbers: a sentence with something else there is not the hub's own.
const NUMBERS: [&str; 5] = ["ticks", "bytes", "samples", "rows", "seconds"];

/// A sentence of the hub's own, as a code with its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which sentence.
    pub code: &'static str,
    /// What stands in its places, by their names: numbers as digits.
    pub figures: BTreeMap<&'static str, String>,
}

impl Told {
    /// All sentences, with their places in braces: so that who says them and who translates them are held to them.
    pub fn sentences() -> impl Iterator<Item = (&'static str, &'static str)> {
        SENTENCES.iter().copied()
    }

    /// What a sentence is; none where it is not one of the hub's own.
    pub fn of(text: &str) -> Option<Self> {
        SENTENCES.iter().find_map(|&(code, sentence)| Some(Self { code, figures: places(sentence, text)? }))
    }
}

/// What stands in a sentence's places. Of a path that has what stands behind its place in it, too, the whole path is taken: the
/// last of such places decides.
fn places(mut sentence: &'static str, mut text: &str) -> Option<BTreeMap<&'static str, String>> {
    let mut figures = BTreeMap::new();
    while let Some((before, rest)) = sentence.split_once('{') {
        text = text.strip_prefix(before)?;
        let (name, rest) = rest.split_once('}')?;
        let behind = rest.split_once('{').map_or(rest, |(behind, _)| behind);
        let at = if behind.is_empty() { text.len() } else { text.rfind(behind)? };
        let (value, after) = text.split_at(at);
        let is_number = value.parse::<u64>().is_ok();
        if value.is_empty() || (NUMBERS.contains(&name) && !is_number) {
            return None;
        }
        figures.insert(name, value.to_owned());
        (sentence, text) = (rest, after);
    }
    (text == sentence).then_some(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_read_back_as_itself_with_what_stands_in_its_places() {
        for (code, sentence) in SENTENCES {
            let mut said = (*sentence).to_owned();
            let mut figures = BTreeMap::new();
            while let Some((_, rest)) = said.clone().split_once('{') {
                let name = rest.split('}').next().expect("a place ends");
                let value = if NUMBERS.contains(&name) { "12" } else { "/mnt/a: b" };
                said = said.replace(&format!("{{{name}}}"), value);
                figures.insert(name.to_owned(), value.to_owned());
            }
            let told = Told::of(&said).unwrap_or_else(|| panic!("{said:?} is not read"));
            let read = told.figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!((told.code, figures), (*code, read), "{said}");
        }
    }

    #[test]
    fn what_others_said_stays_as_they_said_it() {
        for said in [
            "",
            "250 2.0.0 Ok: queued as 4F1",
            "many samples, 12 bytes",
            "12 samples, 40 bytes, and more",
            "12 samples",
        ] {
            assert_eq!(Told::of(said), None, "{said}");
        }
    }

    #[test]
    fn a_code_is_one_sentence() {
        let codes: std::collections::BTreeSet<_> = Told::sentences().map(|(code, _)| code).collect();
        assert_eq!(codes.len(), SENTENCES.len());
    }
}
