use jiff::civil::Weekday;
use serde::Deserialize;

use super::words::{some_days, time_of_day};
use super::*;
use crate::mind::Language;

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    channel: Vec<ChannelSaid>,
    #[serde(default)]
    route: Vec<RouteSaid>,
}

fn read(text: &str, seat: Seat) -> Result<(Rules, Vec<ChannelSetup>), String> {
    let said: Said = toml::from_str(text).map_err(|error| error.to_string())?;
    check(&said.channel, &said.route, seat).map_err(|error| error.to_string())
}

const HOOK: &str = "[[channel]]\nkind='webhook'\nname='hook'\nurl='https://a.example/x'\nsecret_file='s'\n";
const MAIL: &str =
    "[[channel]]\nkind='smtp'\nname='mail'\nhost='smtp.a.example'\nfrom='vigie@a.example'\nto=['b@c.example']\n";

#[test]
fn a_whole_configuration_reads_as_it_says() {
    let text = format!(
        "{HOOK}{MAIL}user='u'\npassword_file='p'\n
        [[route]]
        name = 'night'
        channels = ['mail', 'hook', 'mail']
        clients = ['acme']
        severity = 'critical'
        labels = {{ team = ['db', 'web'], tier = '1' }}
        zone = 'UTC'
        hours = [{{ days = ['fri-mon'], from = '22:00', to = '06:00' }}, {{ from = '12:00', to = '24:00' }}]
        quiet = [{{ from = '23:00', to = '05:30' }}]
        group_by = ['site']
        wait_s = 5
        repeat_s = 0
        language = 'fr'"
    );
    let (rules, channels) = read(&text, Seat::Hub).expect("a good configuration");
    let route = &rules.routes[0];
    assert_eq!((route.channels.len(), route.wait_ms, route.repeat_ms, route.interval_ms), (2, 5_000, 0, 300_000));
    assert_eq!(route.language, Language::French);
    assert_eq!(rules.receivers["mail"], ["b@c.example"]);
    assert!(
        matches!(&channels[1].way, Way::Smtp(way) if way.port == 587 && way.helo == "a.example" && !way.guard.lets_near())
    );
}

#[test]
fn the_example_is_one() {
    let text = include_str!("example.toml").replace("Europe/Paris", "UTC");
    let (rules, channels) = read(&text, Seat::Relay).expect("what we show people works");
    assert_eq!((rules.routes.len(), channels.len()), (2, 2));
}

#[test]
fn the_example_of_services_is_one_and_says_which_follow_each_alert() {
    let (rules, channels) = read(include_str!("services.toml"), Seat::Hub).expect("what we show people works");
    assert_eq!(channels.len(), 9);
    assert_eq!(rules.pagers.iter().collect::<Vec<_>>(), ["pager"]);
    assert_eq!(rules.receivers["sms"], ["+33612345678"]);
}

#[test]
fn people_answer_at_the_hub_alone_from_chats_that_can_and_strangers_only_where_it_is_said_of_whom() {
    let chat = |kind: &str, more: &str| {
        format!("[[channel]]\nkind='{kind}'\nname='c'\nurl_file='u'\n[channel.two_way]\nsecret_file='s'\n{more}\n")
    };
    for good in [chat("slack", "people={U1='a@b.example'}"), chat("teams", "clients=['acme']\nstrangers='channel'")] {
        assert!(read(&good, Seat::Hub).is_ok(), "{good}");
        assert!(read(&good, Seat::Relay).expect_err("a relay").contains("hub alone"));
    }
    for (text, word) in [
        (chat("discord", ""), "slack and teams alone"),
        (chat("slack", "strangers='channel'"), "needs clients"),
        (chat("slack", "strangers='everybody'"), "everybody"),
        (chat("slack", "people={U1='marie'}"), "the address"),
        (chat("slack", "answers_to='http://hooks.slack.com'"), "http://"),
        (chat("slack", "answers_to='https://hooks.slack.com/x'"), "hooks.slack-gov.com"),
        (chat("teams", "answers_to='https://x.example'"), "answered at once"),
        (chat("slack", "secrets='x'"), "secrets"),
    ] {
        let why = read(&text, Seat::Hub).expect_err("it is refused");
        assert!(why.contains(word), "{text}: {why}");
    }
}

#[test]
fn each_nonsense_of_a_service_is_refused_in_its_own_words() {
    let sms = "[[channel]]\nkind='sms'\nname='s'\nurl='https://a.example/?m={text}'\nto=['+33612345678']\n";
    let push =
        "[[channel]]\nkind='webpush'\nname='p'\nkey_file='k'\ncontact='mailto:a@b'\nsubscriptions='d'\nto=['a']\n";
    let ntfy = "[[channel]]\nkind='ntfy'\nname='n'\ntopic='t'\n";
    for good in [sms, push, ntfy] {
        assert!(read(good, Seat::Hub).is_ok(), "{good}");
    }
    for (text, word) in [
        ("[[channel]]\nkind='slack'\nname='s'\nurl='https://hooks.slack.com/x'".to_owned(), "url"),
        (sms.replace("'+33612345678'", "'marie'"), "no telephone number"),
        (sms.replace("'+33612345678'", ""), "receivers"),
        (sms.replace("{text}", "{txt}"), "{txt}"),
        (sms.replace("{text}", "hello"), "nobody would be told"),
        (sms.replace("https:", "http:"), "http://"),
        (format!("{sms}method='PUT'"), "PUT"),
        (push.replace("mailto:a@b", "ops"), "contact"),
        (push.replace("['a']", "['../a']"), "letters, digits"),
        (ntfy.replace("topic='t'", "topic='a/b'"), "topic"),
        (format!("{ntfy}url='ftp://a'"), "the url"),
        ("[[channel]]\nkind='gsm'\nname='m'\ncommand='gammu'\nto=['+331234']".to_owned(), "whole path"),
        ("[[channel]]\nkind='gsm'\nname='m'\nto=['-c']".to_owned(), "no telephone number"),
    ] {
        let said = read(&text, Seat::Hub).map(|_| ()).expect_err(&text);
        assert!(said.contains(word), "{text}\nsaid {said:?}, which has no {word:?}");
    }
}

#[test]
fn days_in_a_row_go_through_the_weekend() {
    use Weekday::{Friday, Monday, Saturday, Sunday};
    assert_eq!(some_days("fri-mon"), Some(vec![Friday, Saturday, Sunday, Monday]));
    assert_eq!(some_days("sun"), Some(vec![Sunday]));
    assert_eq!(some_days("sunday"), None);
    assert_eq!(time_of_day("9:00"), None);
    assert_eq!(time_of_day("23:60"), None);
}

#[test]
fn each_nonsense_is_refused_in_its_own_words() {
    let route = |more: &str| format!("{HOOK}[[route]]\nname='r'\n{more}");
    for (text, word) in [
        (HOOK.replace("'hook'", "'a b'"), "letters, digits"),
        (format!("{HOOK}{HOOK}"), "two channels"),
        (HOOK.replace("https:", "http:"), "http://"),
        (HOOK.replace("https://a.example", "https://u:p@a.example"), "the url"),
        (HOOK.replace("https://a.example/x", "/x"), "the url"),
        (HOOK.replace("secret_file='s'", ""), "secret_file"),
        (format!("{HOOK}colour='red'"), "colour"),
        (HOOK.replace("webhook", "pigeon"), "pigeon"),
        (MAIL.replace("b@c.example", "b"), "no mail address"),
        (MAIL.replace("b@c.example", "b@c.example\\r\\nBcc: x@y"), "no mail address"),
        (MAIL.replace("['b@c.example']", "[]"), "receivers"),
        (MAIL.replace("smtp.a.example", "smtp.a.example:25"), "without a port"),
        (format!("{MAIL}user='u'"), "together"),
        (format!("{MAIL}tls='none'\nuser='u'\npassword_file='p'"), "unprotected"),
        (route("channels=[]"), "no channel"),
        (route("channels=['x']"), "not configured"),
        (route("channels=['hook']\nzone='Mars/Phobos'"), "does not know"),
        (route("channels=['hook']\nhours=[{days=['fri'], from='9', to='10:00'}]"), "times as in"),
        (route("channels=['hook']\nquiet=[{days=['noday'], from='09:00', to='10:00'}]"), "days are as in"),
        (route("channels=['hook']\nrepeat_s=5"), "repeats"),
        (route("channels=['hook']\n[[route.step]]\nafter_s=10\nchannels=['hook']"), "60 to 86400 s"),
        (route("channels=['hook']\n[[route.step]]\nafter_s=90000\nchannels=['hook']"), "60 to 86400 s"),
        (route("channels=['hook']\n[[route.step]]\nafter_s=60"), "tells 1 to"),
        (
            route("channels=['hook']\nrepeat_steps=99\n[[route.step]]\nafter_s=60\nchannels=['hook']"),
            "repeated at most",
        ),
        (route("channels=['hook']\n[[route.step]]\nafter_s=60\nchannels=['pager']"), "not configured"),
        (route("channels=['hook']\n[[route.step]]\nafter_s=60\non_call=['a b']"), "letters, digits"),
        (route("channels=['hook']\nseverity='loud'"), "loud"),
    ] {
        let said = read(&text.replace("'b@c.example\\r\\n", "\"b@c.example\\r\\n").replace("x@y'", "x@y\""), Seat::Hub);
        let said = said.map(|_| ()).expect_err(&text);
        assert!(said.contains(word), "{text}\nsaid {said:?}, which has no {word:?}");
    }
}

#[test]
fn a_relay_may_tell_its_neighbours_and_the_hub_only_if_it_is_told_so() {
    let http = HOOK.replace("https:", "http:");
    assert!(read(&http, Seat::Relay).is_ok());
    assert!(read(&http, Seat::Hub).is_err());
    assert!(read(&format!("{http}private=true"), Seat::Hub).is_ok());
}
