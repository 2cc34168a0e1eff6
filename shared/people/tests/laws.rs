//! What holds of rights, scopes and chains, whatever they are?

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;
use vigie_model::{Slug, UtcMs};
use vigie_people::{At, Broken, Check, Head, Link, Note, Powers, Right, Salt, Scope};

fn slug(name: &str) -> Slug {
    name.parse().expect("a name")
}

fn scope() -> impl Strategy<Value = Scope> {
    let within = prop_oneof![
        1 => Just("*".to_owned()),
        2 => prop::sample::select(vec!["a", "b"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["a/x", "a/y", "b/x"]).prop_map(str::to_owned),
    ];
    (within, prop::collection::vec(prop::sample::select(vec!["#s", "#t"]), 0..3))
        .prop_map(|(within, tags)| format!("{within}{}", tags.concat()).parse().expect("a scope"))
}

fn powers() -> impl Strategy<Value = Powers> {
    let right = prop::sample::select(vec![Right::Look, Right::Decide, Right::People]);
    prop::collection::vec((right, scope()), 0..6).prop_map(Powers::from_iter)
}

/// Every place there is among two clients, two sites and two tags.
fn every_place(mut see: impl FnMut(At<'_>)) {
    see(At::Provider);
    for client in ["a", "b"].map(slug) {
        see(At::Client(&client));
        for site in ["x", "y"].map(slug) {
            see(At::Site(&client, &site));
            for tags in [&[][..], &["s"], &["t"], &["s", "t"]] {
                see(At::Machine(&client, &site, &tags.iter().map(|tag| slug(tag)).collect::<BTreeSet<_>>()));
            }
        }
    }
}

proptest! {
    #[test]
    fn a_scope_that_includes_another_covers_all_that_it_covers(wide in scope(), narrow in scope()) {
        let mut covers_all = true;
        every_place(|at| covers_all &= wide.covers(at) || !narrow.covers(at));
        if wide.includes(&narrow) {
            prop_assert!(covers_all);
        }
        // The other way round only among scopes that cover anything of these places, which all here do.
        prop_assert_eq!(covers_all, wide.includes(&narrow));
    }

    #[test]
    fn where_two_scopes_meet_both_hold_and_nowhere_else(one in scope(), other in scope()) {
        let meet = one.meet(&other);
        every_place(|at| {
            let both = one.covers(at) && other.covers(at);
            assert_eq!(meet.as_ref().is_some_and(|meet| meet.covers(at)), both, "{one} {other} {at:?}");
        });
        prop_assert_eq!(other.meet(&one), meet.clone());
        if let Some(meet) = meet {
            prop_assert!(one.includes(&meet) && other.includes(&meet));
        }
    }

    #[test]
    fn what_two_may_together_is_what_each_may(one in powers(), other in powers()) {
        let both = one.meet(&other);
        prop_assert!(one.include(&both) && other.include(&both));
        for right in [Right::Look, Right::Decide, Right::People, Right::Audit] {
            every_place(|at| assert_eq!(both.may(right, at), one.may(right, at) && other.may(right, at)));
        }
    }

    #[test]
    fn who_gains_a_right_loses_none(powers in powers(), scope in scope()) {
        let mut more = powers.clone();
        more.add(Right::Look, scope.clone());
        prop_assert!(more.include(&powers) && more.in_all_of(Right::Look, &scope));
    }

    #[test]
    fn whoever_may_less_meets_less(one in powers(), more in powers(), other in powers()) {
        let mut all = one.clone();
        all.extend(more.iter().map(|(right, scope)| (right, scope.clone())));
        prop_assert!(all.meet(&other).include(&one.meet(&other)));
    }

    #[test]
    fn no_line_is_changed_removed_moved_or_added_unseen(
        lines in 1_usize..12,
        harm in 0_usize..5,
        at in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
    ) {
        let acme = slug("acme");
        let (mut head, mut chain) = (Head::of(Some(&acme)), Vec::new());
        for n in 0..lines {
            let note = Note {
                client: Some(acme.clone()),
                what: "person.role",
                on: format!("ann{n}@example.org"),
                before: json!(["observer of acme"]),
                after: json!(n),
            };
            let line = note.line(head.seq + 1, "bob@example.org", "api", "192.0.2.7", UtcMs(1), UtcMs(2));
            let (next, link) = head.next(&line, Some(Salt([7; 16])));
            chain.push((line.seq, link));
            head = next;
        }
        let whole = walk(&acme, &chain, &head);
        prop_assert_eq!(whole, Ok(head));
        let at = at.index(chain.len());
        match harm {
            0 => drop(chain.remove(at)),
            1 => {
                let text = &mut chain[at].1.text;
                let byte = byte.index(text.len());
                text[byte] ^= 1;
            }
            2 => {
                // Moved, with the numbers put right.
                prop_assume!(lines > 1);
                let other = (at + 1) % lines;
                let (one, two) = (chain[at].1.clone(), chain[other].1.clone());
                (chain[at].1, chain[other].1) = (two, one);
            }
            3 => {
                let text = chain[at].1.text.clone();
                let (_, link) = head.next(&serde_json::from_slice(&text).expect("a line"), None);
                chain.push((head.seq + 1, link));
            }
            _ => {
                // Taken from another client's chain.
                let line = chain[at].1.line().expect("a line");
                chain[at].1 = Head::of(None).next(&line, None).1;
            }
        }
        prop_assert!(walk(&acme, &chain, &head).is_err());
    }
}

#[test]
fn what_is_cut_off_at_the_end_is_missed() {
    let acme = slug("acme");
    let note = || Note { client: None, what: "x", on: String::new(), before: json!(null), after: json!(null) };
    let begin = Head::of(Some(&acme));
    let (one, first) = begin.next(&note().line(1, "a", "api", "", UtcMs(0), UtcMs(0)), None);
    let (two, second) = one.next(&note().line(2, "a", "api", "", UtcMs(0), UtcMs(0)), None);
    assert_eq!(walk(&acme, &[(1, first.clone())], &two), Err(Broken::Cut(1)));
    assert_eq!(walk(&acme, &[(1, first.clone()), (2, second.clone())], &one), Err(Broken::Added(2)));
    assert_eq!(walk(&acme, &[(2, second)], &two), Err(Broken::Missing(1)));
    assert_eq!(Link::decode(&first.encode()), Some(first));
    assert_eq!(Link::decode(&[1; 31]), None);
}

fn walk(client: &Slug, chain: &[(u64, Link)], head: &Head) -> Result<Head, Broken> {
    let mut check = Check::begin(Some(client));
    for (seq, link) in chain {
        check.step(*seq, link)?;
    }
    check.end(head)
}
