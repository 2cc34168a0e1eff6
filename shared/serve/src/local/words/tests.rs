use super::*;

#[test]
fn each_language_says_everything_with_the_same_places() {
    assert!(PAIRS.len() > 150);
    say_the_same_places(PAIRS);
}

#[test]
fn what_is_long_is_translated() {
    // Words may be the same in both (Machines, Silence), sentences never are.
    for (name, english, french) in PAIRS.iter().filter(|(_, english, _)| english.split(' ').count() > 2) {
        assert_ne!(english, french, "{name}");
    }
}

#[test]
fn no_line_of_french_begins_with_its_punctuation() {
    for (name, _, french) in PAIRS.iter().filter(|(name, ..)| *name != "months") {
        assert!(![" :", " ;", " ?", " !"].iter().any(|sign| french.contains(sign)), "{name}");
    }
}

#[test]
fn each_language_has_twelve_months() {
    for words in [EN, FR] {
        assert_eq!(words.months.split(' ').count(), 13);
    }
}

/// Each sentence is said in both languages, and the same is filled in.
pub(crate) fn say_the_same_places(pairs: &[(&str, &str, &str)]) {
    for (name, english, french) in pairs {
        assert!(!english.trim().is_empty() && !french.trim().is_empty(), "{name}");
        assert_eq!(places(english), places(french), "{name}");
    }
}

fn places(text: &str) -> Vec<&str> {
    let mut places: Vec<_> = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
    places.sort_unstable();
    places
}
