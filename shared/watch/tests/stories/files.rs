use proptest::prelude::*;
use vigie_watch::{Alerting, Group, Rule, RuleKind, Strictness, read_rules, write_rules};

#[test]
fn a_fault_says_where_it_is_and_what_to_do() {
    let text = "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: up ==\n        fro: 5m\n";
    let faults = read_rules("shop.yml", text, Strictness::Prometheus3).expect_err("two faults");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().any(
            |text| text.starts_with("shop.yml:6:9: field fro not found in a rule; remove it, or use one of record")
        ),
        "{told:?}"
    );
    assert!(told.iter().any(|text| text.starts_with("shop.yml:5:15: could not parse expression")), "{told:?}");
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "\\PC{0,20}",
        "[ \t\n:#'\"{}\\[\\]&*!|>%@`,?-]{1,10}",
        Just("yes".to_owned()),
        Just("1.5".to_owned())
    ]
    .prop_filter("no template", |text| !text.contains("{{"))
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::btree_map("[a-z_]{1,6}", text(), 0..3)
        .prop_map(|map| map.into_iter().filter(|(name, _)| name != "__name__").collect())
}

fn rule() -> impl Strategy<Value = Rule> {
    let alerting = (0..100_i64, 0..100_i64, pairs()).prop_map(|(wait, keep, annotations)| {
        RuleKind::Alerting(Alerting { for_ms: wait * 1_500, keep_firing_for_ms: keep * 1_000, annotations })
    });
    let named = prop_oneof![
        ("[a-z:]{1,8}", Just(RuleKind::Recording)),
        (text().prop_filter("a name", |name| !name.is_empty()), alerting)
    ];
    let exprs = prop_oneof![Just("up == 0"), Just("sum by (a) (rate(x{b=~\"c\\\\d|#\"}[5m])) > 0.5"), Just("1\n+\n1")];
    (named, exprs, pairs()).prop_map(|((name, kind), expr, labels)| Rule { name, expr: expr.to_owned(), labels, kind })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        groups in prop::collection::vec((prop::option::of(1..90_000_i64), 0..9_usize, prop::option::of(0..9_000_i64), pairs(), prop::collection::vec(rule(), 0..4)), 0..4)
    ) {
        let group = |(at, (interval_ms, limit, query_offset_ms, labels, rules))| {
            Group { name: format!("g {at}"), interval_ms, limit, query_offset_ms, labels, rules }
        };
        let groups: Vec<Group> = groups.into_iter().enumerate().map(group).collect();
        let written = write_rules(&groups);
        prop_assert_eq!(read_rules("x.yml", &written, Strictness::Prometheus3), Ok(groups), "{}", written);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(groups:\n)?[ \\-a-z{}\\[\\]:&*\n\"'|>#<]{0,200}") {
        let read = read_rules("x.yml", &text, Strictness::Prometheus3);
        prop_assert!(read.is_ok() || read.is_err_and(|faults| !faults.is_empty()), "a refusal has its reasons");
    }

    #[test]
    fn no_template_makes_it_panic(text in "(\\{\\{|\\}\\}|[ $.a-z()|:=\"%0-9,-]|if |end|else|range |with |printf |\\$value|query ){0,40}") {
        let read = vigie_watch::Template::parse("A", &text);
        if let Ok(template) = read {
            let labels = vigie_query::LabelSet::new([("a", "b")]);
            let subject = vigie_watch::Subject { labels: &labels, value: 1.5, external_labels: &[], external_url: "" };
            let _ = template.expand(&subject, &|_| Ok(Vec::new()));
        }
    }
}

#[test]
fn a_template_that_would_not_end_is_given_up_and_says_so() {
    let list = "{{ range query \"x\" }}{{ range query \"x\" }}{{ range query \"x\" }}{{ range query \"x\" }}a{{ end }}{{ end }}{{ end }}{{ end }}";
    let template = vigie_watch::Template::parse("A", list).expect("a template");
    let sample = vigie_watch::Sample { labels: std::sync::Arc::default(), value: 1.0 };
    let labels = vigie_query::LabelSet::default();
    let subject = vigie_watch::Subject { labels: &labels, value: 1.0, external_labels: &[], external_url: "" };
    let text = template.expand(&subject, &|_| Ok(vec![sample.clone(); 1_000]));
    assert!(text.contains("steps") || text.contains("longer than"), "{text}");
}
