//! Who is muted by what?

use vigie_merge::{Actor, Hlc, Marker};

use super::*;

#[test]
fn an_alert_is_muted_by_what_is_said_of_its_own_client_and_by_what_is_said_of_nobodys() {
    let mut mutes = Mutes::default();
    let of = |client: Option<&str>, labels: &[(&str, &str)]| MuteWish {
        kind: MuteKind::Silence,
        client: client.map(|client| client.parse().expect("a name")),
        site: None,
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        from_ms: Some(0),
        until_ms: 1_000,
        every: None,
        why: String::new(),
    };
    let wishes = [
        of(Some("acme"), &[]),
        of(Some("bron"), &[]),
        of(None, &[("rule", "Hot")]),
        of(None, &[("client", "acme"), ("rule", "Hot")]),
        of(Some("acme"), &[("rule", "Cold")]),
    ];
    let ids: Vec<String> = (1..)
        .zip(&wishes)
        .map(|(chance, wish)| {
            let id = Ulid::new(UtcMs(0), [chance; 10]);
            let edit = Mutes::written(wish, id, ("ann", "hub"), UtcMs(0)).expect("it makes sense");
            let row = (edit.make)(None, Marker { hlc: Hlc::of_utc(UtcMs(0)), actor: Actor::of(1, 1) });
            assert!(mutes.take(&edit.key, &row.expect("a new row")));
            id.to_string()
        })
        .collect();
    let muted = |client: &str, rule: &str, at_ms: i64| {
        let label = |name: &str| match name {
            "client" => client.to_owned(),
            "rule" => rule.to_owned(),
            _ => String::new(),
        };
        let by = mutes.active(UtcMs(at_ms)).covering(label);
        ids.iter().enumerate().filter(|(_, id)| by.contains(id)).map(|(at, _)| at).collect::<Vec<_>>()
    };
    assert_eq!(muted("acme", "Hot", 500), [0, 2, 3]);
    assert_eq!(muted("acme", "Cold", 500), [0, 4]);
    assert_eq!(muted("bron", "Hot", 500), [1, 2]);
    assert_eq!(muted("", "Hot", 500), [2], "of the deployment itself");
    assert_eq!(muted("acme", "Hot", 1_000), [0; 0], "it is over");
}
