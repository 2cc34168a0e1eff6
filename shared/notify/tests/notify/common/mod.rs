//! Things to be told of, and rules by which somebody is.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::BTreeMap;

use serde::Deserialize;
use vigie_model::{Now, UtcMs};
use vigie_notify::config::{ChannelSaid, RouteSaid, check};
use vigie_notify::{
    About, AlertId, Change, ChannelSetup, Clocks, Facts, Freshness, Heard, Instance, Judge, Link, Reach, Rules, Seat,
    Severity, Steady, Text, Transition,
};

pub mod sink;
pub mod smtp;
pub mod story;
pub mod webhook;

/// A Tuesday, 2023-11-14 22:13:20 UTC.
pub const T0: i64 = 1_700_000_000_000;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

pub fn at(ms: i64) -> UtcMs {
    UtcMs(T0 + ms)
}

/// What a node's clocks show then, if nobody set them.
pub fn now(ms: i64) -> Now {
    set_by(0, ms)
}

/// What they show after the wall clock was set by so much.
pub fn set_by(ahead: i64, ms: i64) -> Now {
    Now { mono_ms: (HOUR + ms).cast_unsigned(), utc: at(ms.saturating_add(ahead)) }
}

/// What a desk's clocks show then, if nobody set them.
pub fn clocks(ms: i64) -> Clocks {
    Clocks { wall: at(ms), steady: Steady(T0 + ms) }
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    channel: Vec<ChannelSaid>,
    #[serde(default)]
    route: Vec<RouteSaid>,
}

/// Rules and channels as a file says them.
pub fn configured(text: &str, seat: Seat) -> (Rules, Vec<ChannelSetup>) {
    let said: Said = toml::from_str(text).expect("a configuration");
    check(&said.channel, &said.route, seat).expect("it makes sense")
}

/// One route to one webhook, with more said about the route.
pub fn one_route(seat: Seat, more: &str) -> Rules {
    let text = format!(
        "[[channel]]\nkind='webhook'\nname='hook'\nurl='https://a.example/x'\nsecret_file='s'\n
         [[route]]\nname='r'\nchannels=['hook']\n{more}"
    );
    configured(&text, seat).0
}

/// An alert of a machine, by number. Odd ones are of the site `lyon`, even ones of `nice`.
#[derive(Debug, Clone, Copy)]
pub struct Alert {
    pub number: u32,
    pub began: i64,
    pub severity: Severity,
    pub judge: Judge,
}

pub fn alert(number: u32, began: i64) -> Alert {
    Alert { number, began, severity: Severity::Critical, judge: Judge::Relay }
}

impl Alert {
    pub fn instance(&self) -> Instance {
        let labels = BTreeMap::from([("machine".to_owned(), self.machine())]);
        let client = "acme".parse().expect("a name");
        Instance { alert: AlertId::of(&client, "disk", &labels), began: at(self.began) }
    }

    pub fn machine(&self) -> String {
        format!("web-{}", self.number)
    }

    pub fn site(&self) -> &'static str {
        if self.number % 2 == 1 { "lyon" } else { "nice" }
    }

    pub fn facts(&self) -> Facts {
        Facts {
            about: About::Alert,
            client: "acme".parse().expect("a name"),
            site: Some(self.site().parse().expect("a name")),
            machine: Some(Text::new(&self.machine())),
            rule: Text::new("disk"),
            title: Text::new("disk almost full"),
            severity: self.severity,
            labels: BTreeMap::from([(Text::new("team"), Text::new("db"))]),
            value: Some(Text::new("97 %")),
            freshness: Freshness { reach: Reach::Live, heard: Some(at(self.began)), via: Some(Text::new("LYON-R1")) },
            link: Link::new("https://hub.example.org/m/1"),
            exposed: Vec::new(),
        }
    }

    pub fn changes(&self, change: Change, when: i64) -> Heard {
        self.changes_with(change, when, self.facts())
    }

    pub fn changes_with(&self, change: Change, when: i64, facts: Facts) -> Heard {
        let transition = Transition { instance: self.instance(), change, at: at(when), judge: self.judge, facts };
        Heard::Transition(Box::new(transition))
    }

    pub fn begins(&self) -> Heard {
        self.changes(Change::Began, self.began)
    }

    pub fn ends(&self, when: i64) -> Heard {
        self.changes(Change::Ended, when)
    }
}

/// The line of `lyon` as the hub sees it.
pub fn line(change: Change, cut_at: i64, when: i64) -> Heard {
    let (client, site) = ("acme".parse().expect("a name"), "lyon".parse().expect("a name"));
    let instance = Instance { alert: AlertId::of_site(&client, &site), began: at(cut_at) };
    let facts = Facts {
        about: About::Cut,
        machine: None,
        rule: Text::new("site"),
        title: Text::new("site cut off"),
        value: None,
        freshness: Freshness {
            reach: Reach::Cut,
            heard: Some(at(cut_at - 30 * SECOND)),
            via: Some(Text::new("LYON-R1")),
        },
        exposed: vec![Text::new("tills"), Text::new("cameras")],
        ..alert(1, cut_at).facts()
    };
    Heard::Transition(Box::new(Transition { instance, change, at: at(when), judge: Judge::Hub, facts }))
}
