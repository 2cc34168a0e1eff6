use proptest::prelude::*;

use super::*;

const FIELDS: &[Field] = &[
    Field { key: "status", kind: Kind::Word(&["ok", "warning", "critical", "silent", "stale"]) },
    Field { key: "site", kind: Kind::Text },
    Field { key: "cpu", kind: Kind::Share },
    Field { key: "seen", kind: Kind::Span },
    Field { key: "waiting", kind: Kind::Number },
];

struct Machine {
    site: &'static str,
    status: &'static str,
    cpu: Option<f64>,
}

impl Row for Machine {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let text = if key == "site" { self.site } else { self.status };
        !text.is_empty() && passes(text)
    }

    fn number(&self, key: &str) -> Option<f64> {
        if key == "cpu" { self.cpu } else { Some(7_200.0) }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        passes(self.site)
    }
}

fn keeps(text: &str) -> bool {
    let machine = Machine { site: "Lyon-Est", status: "critical", cpu: Some(0.95) };
    Filter::read(text, FIELDS).unwrap_or_else(|error| panic!("{text}: {error}")).keeps(&machine)
}

fn refused(text: &str) -> (usize, String) {
    let error = Filter::read(text, FIELDS).expect_err(text);
    (error.at, error.why)
}

#[test]
fn all_terms_must_hold_and_one_value_of_each() {
    for text in [
        "",
        "  ",
        "status:crit,warn",
        "STATUS:Critical",
        "site:lyon-est",
        "site:lyon*",
        "site:\"LYON-EST\"",
        "-site:paris",
        "cpu:>90",
        "cpu:>90%",
        "cpu:>=95 cpu:<=95",
        "seen:>1h seen:<3h seen:2h seen:120m",
        "waiting:7200",
        "yon",
        "\"yon-e\"",
        "-\"paris\"",
        "status:crit site:lyon* cpu:>90",
    ] {
        assert!(keeps(text), "{text}");
    }
    for text in ["status:ok", "site:lyon", "-site:lyon*", "cpu:<90", "seen:>1d", "paris", "yon status:ok", "site:none"]
    {
        assert!(!keeps(text), "{text}");
    }
}

#[test]
fn of_what_is_not_known_nothing_holds() {
    let machine = Machine { site: "", status: "ok", cpu: None };
    let keeps = |text: &str| Filter::read(text, FIELDS).expect("a filter").keeps(&machine);
    assert!(!keeps("cpu:>0") && !keeps("cpu:<100") && keeps("-cpu:>0"));
    assert!(keeps("site:none") && !keeps("site:\"none\""));
}

#[test]
fn what_can_not_be_understood_is_refused_with_its_place() {
    assert_eq!(
        refused("site:lyon colour:red"),
        (11, "\"colour\" is no field of this list: status, site, cpu, seen, waiting".to_owned())
    );
    assert_eq!(
        refused("é status:s"),
        (10, "\"s\" is no value of status, which is one of ok, warning, critical, silent, stale".to_owned())
    );
    assert_eq!(refused("cpu:>many").0, 5);
    assert_eq!(refused("cpu:inf").0, 5);
    assert_eq!(refused("seen:>1y").0, 6);
    assert_eq!(refused("site:").0, 6);
    assert_eq!(refused("site:a,,b").0, 8);
    assert_eq!(refused("site:\"lyon").0, 6);
    assert_eq!(refused("- a").0, 2);
    assert_eq!(refused(&"a ".repeat(65)).0, 129);
    assert_eq!(refused(&"a".repeat(2_001)).0, 1);
    assert_eq!(refused(&format!("site:{}", "a,".repeat(65))).0, 134);
}

proptest! {
    #[test]
    fn no_text_makes_it_stumble(text in "\\PC{0,200}") {
        match Filter::read(&text, FIELDS) {
            Ok(filter) => drop(filter.keeps(&Machine { site: "x", status: "ok", cpu: Some(0.5) })),
            Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.at), "{error}"),
        }
    }

    #[test]
    fn any_text_can_be_looked_for_in_quotation_marks(text in "\\PC{1,100}") {
        let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let read = Filter::read(&quoted, FIELDS).expect("quoted");
        prop_assert_eq!(read, Filter { terms: vec![Term { not: false, what: What::Anywhere(text.to_lowercase()) }] });
    }

    #[test]
    fn not_is_the_other_half(site in "[a-z]{1,3}", star: bool, own in 0_usize..3) {
        let machine = Machine { site: ["a", "ab", "xyz"][own], status: "ok", cpu: None };
        let term = format!("site:{site}{}", if star { "*" } else { "" });
        let keeps = |text: &str| Filter::read(text, FIELDS).expect("a filter").keeps(&machine);
        prop_assert_ne!(keeps(&term), keeps(&format!("-{term}")));
    }
}
