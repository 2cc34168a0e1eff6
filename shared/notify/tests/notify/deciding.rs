//! Who is told what, when? The mind alone, in no time at all.

use crate::common::story::{Story, hub, relay};
use crate::common::{Alert, HOUR, MINUTE, SECOND, alert, at, clocks, configured, line, one_route};
use vigie_notify::{Change, Facts, Heard, Judge, Kind, Mute, Rules, Seat, Severity, mark};

#[test]
fn an_alert_is_told_once_when_it_begins_and_once_when_it_is_over() {
    let mut story = hub("");
    let disk = alert(1, 0);
    for _ in 0..3 {
        story.hears(disk.begins());
    }
    story.until(7 * MINUTE);
    story.hears(disk.begins());
    for _ in 0..3 {
        story.hears(disk.ends(7 * MINUTE));
    }
    story.until(HOUR);
    // Whoever starts again tells again what it told.
    story.hears(disk.begins());
    story.restarts();
    story.hears(disk.begins());
    story.hears(disk.ends(7 * MINUTE));
    story.until(2 * HOUR);
    assert_eq!(story.kinds(), [(30, Kind::Firing, 1, 0), (450, Kind::Resolved, 0, 1)]);
    let (first, second) = (&story.told[0].1, &story.told[1].1);
    assert_eq!(first.thread, second.thread);
    assert_ne!(first.key, second.key);
    assert_eq!(story.left(), 0, "nothing is left of it: {:?}", story.disk.keys());
}

#[test]
fn what_belongs_together_is_told_together_and_the_rest_apart() {
    let mut story = hub("");
    for number in 0..60 {
        story.hears(alert(number, 0).begins());
    }
    story.until(MINUTE);
    assert_eq!(story.kinds(), [(30, Kind::Firing, 30, 0), (30, Kind::Firing, 30, 0)], "one for each site");
    story.hears(alert(61, MINUTE).begins());
    story.until(HOUR);
    assert_eq!(story.kinds()[2], (330, Kind::Firing, 1, 0), "five minutes after the one before");
}

#[test]
fn a_hundred_machines_that_fail_together_are_one_message_that_says_which_and_one_when_they_are_back() {
    for seat in [Seat::Hub, Seat::Relay] {
        let mut story = Story::new(one_route(seat, "always=true"));
        let machines: Vec<Alert> = (0..100).map(|number| alert(2 * number + 1, i64::from(number) * 200)).collect();
        for one in &machines {
            story.until(one.began);
            story.hears(one.begins());
        }
        story.until(HOUR);
        assert_eq!(story.kinds(), [(30, Kind::Firing, 100, 0)], "they failed within twenty seconds");
        for one in &machines {
            story.hears(one.ends(HOUR));
        }
        story.until(2 * HOUR);
        assert_eq!(story.kinds()[1..], [(3_630, Kind::Resolved, 0, 100)]);
        for (_, intent) in &story.told {
            let text = vigie_notify::plain(&intent.notice);
            assert!(machines.iter().all(|one| text.contains(&one.machine())), "{text}");
            assert!(text.contains("100 alerts") && text.lines().count() < 150, "{text}");
        }
    }
}

#[test]
fn a_route_takes_what_it_was_written_for() {
    let told = |more: &str, alert: Alert| {
        let mut story = hub(more);
        story.hears(alert.begins());
        story.until(MINUTE);
        story.told.len()
    };
    let warning = Alert { severity: Severity::Warning, ..alert(1, 0) };
    assert_eq!(told("", warning), 1);
    assert_eq!(told("severity='critical'", warning), 0);
    assert_eq!(told("sites=['nice']", warning), 0);
    assert_eq!(told("sites=['nice', 'lyon']\nclients=['acme']", warning), 1);
    assert_eq!(told("clients=['other']", warning), 0);
    assert_eq!(told("labels={team='db', rule=['disk', 'cpu']}", warning), 1);
    assert_eq!(told("labels={team='web'}", warning), 0);
    assert_eq!(told("labels={absent='x'}", warning), 0);
}

#[test]
fn a_demonstration_is_told_of_only_by_a_route_that_names_it() {
    let told = |more: &str| {
        let (mut story, one) = (hub(more), alert(1, 0));
        let facts = Facts { client: "vigie-demo".parse().expect("a name"), ..one.facts() };
        story.hears(one.changes_with(Change::Began, 0, facts));
        story.until(HOUR);
        story.told.len()
    };
    assert_eq!([told(""), told("sites=['lyon']"), told("clients=['acme']")], [0, 0, 0]);
    assert_eq!(told("clients=['vigie-demo']"), 1);
}

#[test]
fn what_was_brief_and_told_to_nobody_stays_untold_and_what_was_not_brief_is_told_afterwards() {
    let mut story = hub("");
    story.hears(alert(1, 0).begins());
    story.until(20 * SECOND);
    story.hears(alert(1, 0).ends(20 * SECOND));
    story.until(HOUR);
    assert_eq!(story.kinds(), []);
    assert_eq!(story.left(), 0);

    let mut late = hub("wait_s=3600");
    late.hears(alert(1, 0).begins());
    late.until(30 * MINUTE);
    late.hears(alert(1, 0).ends(30 * MINUTE));
    late.until(3 * HOUR);
    assert_eq!(late.kinds().iter().map(|told| told.1).collect::<Vec<_>>(), [Kind::Digest]);
}

#[test]
fn what_stays_wrong_is_told_again_until_somebody_acknowledges_it() {
    let mut story = hub("repeat_s=3600");
    story.hears(alert(1, 0).begins());
    story.until(3 * HOUR);
    assert_eq!(story.kinds().len(), 3, "{:?}", story.kinds());
    let keys: std::collections::BTreeSet<_> = story.told.iter().map(|(_, intent)| intent.key).collect();
    assert_eq!(keys.len(), 3);
    assert!(story.told[1].1.notice.again);
    story.hears(alert(1, 0).changes(Change::Acknowledged, 3 * HOUR));
    story.until(9 * HOUR);
    assert_eq!(story.kinds().len(), 3);
    story.hears(alert(1, 0).ends(9 * HOUR));
    story.until(10 * HOUR);
    assert_eq!(story.told[3].1.notice.kind, Kind::Resolved);
}

#[test]
fn what_somebody_acknowledges_before_it_is_told_wakes_nobody() {
    let mut story = hub("");
    story.hears(alert(1, 0).begins());
    story.until(10 * SECOND);
    story.hears(alert(1, 0).changes(Change::Acknowledged, 10 * SECOND));
    story.until(HOUR);
    story.hears(alert(1, 0).ends(HOUR));
    story.until(2 * HOUR);
    assert_eq!(story.kinds(), []);
}

#[test]
fn in_quiet_hours_only_the_worst_is_told_and_the_morning_brings_one_page_and_one_digest() {
    // The story begins at 22:13:20 UTC.
    let mut story = hub("quiet=[{from='22:00', to='06:00'}]\ngroup_by=['client']\nrepeat_s=0");
    let warning = |number| Alert { severity: Severity::Warning, ..alert(number, 0) };
    (1..=3).for_each(|number| story.hears(warning(number).begins()));
    story.hears(alert(4, 0).begins());
    story.until(HOUR);
    assert_eq!(story.kinds(), [(30, Kind::Firing, 1, 0)], "the critical one");
    story.hears(warning(1).ends(HOUR));
    story.restarts();
    story.until(12 * HOUR);
    let six = 7 * 3_600 + 46 * 60 + 40;
    assert_eq!(story.kinds()[1..], [(six, Kind::Firing, 2, 0), (six, Kind::Digest, 0, 1)]);
}

#[test]
fn a_closed_route_tells_at_its_opening_what_is_still_wrong_and_nothing_else() {
    let mut story = hub("hours=[{from='08:00', to='18:00'}]\ngroup_by=['client']");
    story.hears(alert(1, 0).begins());
    story.hears(alert(2, 0).begins());
    story.until(HOUR);
    story.hears(alert(1, 0).ends(HOUR));
    story.until(12 * HOUR);
    let eight = 9 * 3_600 + 46 * 60 + 40;
    assert_eq!(story.kinds(), [(eight, Kind::Firing, 1, 0)]);
}

#[test]
fn what_is_muted_is_told_when_it_is_still_wrong_afterwards() {
    let mut story = hub("");
    let labels = [("site".to_owned(), "lyon".to_owned())].into();
    let mute = Mute { labels, from: None, until: Some(at(HOUR)), spares_awake: false };
    story.hears(Heard::Mutes(vec![mute, Mute::default()]));
    [1, 3, 2].into_iter().for_each(|number| story.hears(alert(number, 0).begins()));
    story.until(30 * MINUTE);
    assert_eq!(story.kinds(), [(30, Kind::Firing, 1, 0)], "that of the other site");
    story.hears(alert(3, 0).ends(30 * MINUTE));
    story.until(2 * HOUR);
    assert_eq!(story.kinds()[1..], [(3_600, Kind::Firing, 1, 0)], "what is over is over");
}

#[test]
fn a_cut_of_five_hundred_machines_is_one_notice_out_one_back_one_digest_and_one_page() {
    let mut story = hub("");
    story.hears(alert(1, 0).begins());
    story.until(10 * MINUTE);
    assert_eq!(story.kinds(), [(30, Kind::Firing, 1, 0)]);
    let cut = 10 * MINUTE;
    story.hears(line(Change::Began, cut, cut));
    // The hub's own judgement of what it can not see.
    let behind = |number: u32| Alert { judge: Judge::Hub, ..alert(2 * number + 1, cut + 30 * SECOND) };
    (1..=500).for_each(|number| story.hears(behind(number).begins()));
    story.until(3 * HOUR);
    assert_eq!(story.kinds()[1..], [(601, Kind::Cut, 1, 0)]);
    story.restarts();
    story.hears(line(Change::Ended, cut, 3 * HOUR));
    (1..=500).for_each(|number| story.hears(behind(number).ends(3 * HOUR)));
    // What the relay saw meanwhile arrives over some seconds.
    for number in 0..40 {
        let meanwhile = alert(1_001 + 2 * number, cut + MINUTE);
        story.hears(meanwhile.begins());
        story.until(story.now + SECOND / 4);
        if number < 30 {
            story.hears(meanwhile.ends(cut + 20 * MINUTE));
        }
    }
    story.hears(alert(1, 0).ends(cut + 5 * MINUTE));
    story.until(6 * HOUR);
    let kinds: Vec<_> = story.kinds()[2..].iter().map(|(_, kind, wrong, over)| (*kind, *wrong, *over)).collect();
    assert_eq!(kinds, [(Kind::Back, 0, 1), (Kind::Firing, 10, 0), (Kind::Digest, 0, 31)]);
}

#[test]
fn relay_and_hub_give_the_same_notice_the_same_key() {
    let (mut hub, mut relay) = (hub(""), relay(""));
    for story in [&mut hub, &mut relay] {
        story.hears(alert(1, 0).begins());
        story.until(6 * MINUTE);
        story.hears(alert(1, 0).ends(6 * MINUTE));
        story.until(HOUR);
    }
    let keys = |story: &Story| story.told.iter().map(|(_, intent)| intent.key).collect::<Vec<_>>();
    assert_eq!(keys(&hub).len(), 2);
    assert_eq!(keys(&hub), keys(&relay));
}

#[test]
fn a_relay_is_quiet_about_what_the_hub_knows_and_speaks_when_it_hears_nothing_from_it() {
    let mut story = relay("");
    story.hears(Heard::Hub);
    story.hears(alert(1, 0).begins());
    story.hears(alert(2, 0).begins());
    story.until(20 * SECOND);
    story.hears(Heard::HubKnows(alert(1, 0).instance()));
    story.until(HOUR);
    assert_eq!(story.kinds(), [(45, Kind::Firing, 1, 0)]);
    assert_eq!(story.told[0].1.notice.wrong[0].machine.as_ref().map(|machine| machine.as_str()), Some("web-2"));
    story.hears(alert(3, HOUR).begins());
    story.until(HOUR + MINUTE);
    assert_eq!(story.kinds()[1], (3_630, Kind::Firing, 1, 0), "alone for long, it does not wait for the hub");
}

#[test]
fn who_told_the_beginning_tells_the_end() {
    let mut relay = relay("");
    relay.hears(alert(1, 0).begins());
    relay.until(2 * MINUTE);
    relay.hears(Heard::HubKnows(alert(1, 0).instance()));
    relay.until(10 * MINUTE);
    relay.hears(alert(1, 0).ends(10 * MINUTE));
    relay.until(HOUR);
    assert_eq!(relay.kinds().iter().map(|told| told.1).collect::<Vec<_>>(), [Kind::Firing, Kind::Resolved]);

    // The hub learns of it after two minutes, and before or after that the relay has told it.
    for mark_first in [true, false] {
        let mut hub = hub("");
        let told = Heard::ToldElsewhere(mark("r", alert(1, 0).instance(), Change::Began));
        let other = Heard::ToldElsewhere(mark("another", alert(2, 0).instance(), Change::Began));
        hub.until(2 * MINUTE);
        hub.hears(other);
        let mut news = vec![told, alert(1, 0).begins(), alert(2, 0).begins()];
        news.rotate_left(usize::from(!mark_first));
        for heard in news {
            hub.hears(heard);
            hub.restarts();
        }
        hub.until(10 * MINUTE);
        hub.hears(alert(1, 0).ends(10 * MINUTE));
        hub.until(HOUR);
        assert_eq!(hub.kinds(), [(180, Kind::Firing, 1, 0)], "only what another route told");
    }
}

#[test]
fn what_a_site_told_while_it_was_cut_off_is_not_told_again_though_its_word_comes_a_moment_later() {
    for word_comes in [true, false] {
        let mut hub = hub("wait_s=0");
        hub.hears(line(Change::Began, 0, 0));
        hub.until(10 * MINUTE);
        let (told, fresh) = (hub.told.len(), alert(1, 10 * MINUTE));
        hub.hears(fresh.begins());
        // Elsewhere nothing was cut, and nobody waits.
        hub.hears(alert(2, 10 * MINUTE).begins());
        hub.until(10 * MINUTE + SECOND);
        assert_eq!(hub.told.len(), told + 1, "{:?}", hub.kinds());
        if word_comes {
            hub.hears(Heard::ToldElsewhere(mark("r", fresh.instance(), Change::Began)));
        }
        hub.hears(line(Change::Ended, 0, 10 * MINUTE + SECOND));
        hub.until(20 * MINUTE);
        let of_it = hub
            .told
            .iter()
            .filter(|(_, intent)| intent.notice.wrong.iter().any(|one| one.alert == fresh.instance().alert));
        assert_eq!(of_it.count(), usize::from(!word_comes), "{:?}", hub.kinds());
    }
}

#[test]
fn a_route_that_always_speaks_waits_for_nobodys_word() {
    let mut story = relay("always=true");
    story.hears(alert(1, 0).begins());
    story.hears(Heard::HubKnows(alert(1, 0).instance()));
    story.until(HOUR);
    assert_eq!(story.kinds(), [(30, Kind::Firing, 1, 0)]);
}

#[test]
fn a_site_that_comes_and_goes_is_told_now_and_then() {
    let mut story = hub("");
    for minute in 0..60 {
        story.hears(line(Change::Began, minute * MINUTE, minute * MINUTE));
        story.until(minute * MINUTE + 30 * SECOND);
        story.hears(line(Change::Ended, minute * MINUTE, minute * MINUTE + 30 * SECOND));
        story.until((minute + 1) * MINUTE);
    }
    assert!(story.told.len() <= 2 * 12 + 2, "{}", story.told.len());
}

#[test]
fn each_receiver_of_each_channel_is_told_apart() {
    let (rules, _) = configured(
        "[[channel]]\nkind='webhook'\nname='hook'\nurl='https://a.example/x'\nsecret_file='s'\n
         [[channel]]\nkind='smtp'\nname='mail'\nhost='a.example'\nfrom='v@a.example'\nto=['a@b.example', 'c@d.example']\n
         [[route]]\nname='one'\nchannels=['hook', 'mail']\n[[route]]\nname='two'\nchannels=['hook']\n",
        Seat::Hub,
    );
    let mut story = Story::new(rules);
    story.hears(alert(1, 0).begins());
    story.until(MINUTE);
    let mut keys: Vec<_> =
        story.told.iter().map(|(_, intent)| (intent.key, intent.channel.clone(), intent.to.clone())).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4);
}

#[test]
fn a_route_that_is_taken_away_leaves_nothing_behind() {
    let mut story = hub("");
    story.hears(alert(1, 0).begins());
    story.mind.set_rules(Rules { routes: Vec::new(), ..story.rules.clone() }, clocks(0));
    story.write();
    assert_eq!(story.left(), 0);
    assert_eq!(story.mind.followed(), 0);
    story.until(HOUR);
    assert_eq!(story.kinds(), []);
}

#[test]
fn moments_beyond_all_clocks_do_no_harm() {
    for strange in [i64::MIN, i64::MAX, 0] {
        let mut story = hub("repeat_s=60\nquiet=[{from='01:00', to='02:00'}]");
        for change in [Change::Began, Change::Acknowledged, Change::Ended] {
            let Heard::Transition(mut transition) = alert(1, 0).changes(change, 0) else { continue };
            transition.at.0 = strange;
            transition.instance.began.0 = strange;
            story.hears(Heard::Transition(transition));
            story.until(story.now + 10 * MINUTE);
        }
    }
}
