use std::sync::Arc;

use vigie_watch::presence::{Beat, Cause, Change, Fact, Incident, Post, Reach, Statement, Subject, Timing, Vigil};

const SECOND: i64 = 1_000;

/// A hub with two sites of 50 machines each, or a relay with one; everybody beats every 8 s and the watch looks when it
/// asked to.
struct World {
    vigil: Vigil,
    now_ms: i64,
    post: Post,
    sites: Vec<&'static str>,
}

impl World {
    fn new(post: Post) -> Self {
        let sites = if post == Post::Hub { vec!["acme/lyon", "acme/paris"] } else { vec!["acme/lyon"] };
        let mut vigil = Vigil::new(post, Timing::default(), 0);
        for site in &sites {
            if post == Post::Hub {
                vigil.learn(Fact::Relay { relay: relay(site), site: Arc::from(*site) }, 0);
            }
            for n in 0..50 {
                vigil.learn(Fact::Enrolled { machine: machine(site, n), site: Arc::from(*site) }, 0);
            }
        }
        let mut world = Self { vigil, now_ms: 0, post, sites };
        world.run(60 * SECOND, |_| true);
        world
    }

    /// Lets time pass; who is told to be heard beats.
    fn run(&mut self, for_ms: i64, is_heard: impl Fn(&str) -> bool) -> Vec<Change> {
        let (end, mut changes) = (self.now_ms + for_ms, Vec::new());
        while self.now_ms < end {
            self.now_ms = self.vigil.look_by_ms().min(self.now_ms + 8 * SECOND - self.now_ms % (8 * SECOND)).min(end);
            if self.now_ms % (8 * SECOND) == 0 {
                self.beat(&is_heard);
            }
            changes.extend(self.vigil.look(self.now_ms));
        }
        changes
    }

    fn beat(&mut self, is_heard: &impl Fn(&str) -> bool) {
        for site in self.sites.clone() {
            let by = (self.post == Post::Hub).then(|| relay(site));
            if by.as_ref().is_some_and(|relay| !is_heard(relay)) {
                continue;
            }
            by.iter().for_each(|relay| self.vigil.learn(Fact::HeardRelay(relay.clone()), self.now_ms));
            for machine in (0..50).map(|n| machine(site, n)).filter(|machine| is_heard(machine)) {
                let beat = Beat { machine, by: by.clone(), sample_age_ms: 2 * SECOND };
                self.vigil.learn(Fact::Heard(beat), self.now_ms);
            }
        }
    }

    fn network_up(&self) -> Option<f64> {
        let statements = self.vigil.statements(self.now_ms);
        statements.iter().find(|statement| statement.name == "vigie_network_up").map(|statement| statement.value)
    }

    fn reach(&self, site: &str, n: usize) -> Reach {
        self.vigil.reach(&machine(site, n)).expect("an enrolled machine")
    }
}

fn machine(site: &str, n: usize) -> Arc<str> {
    format!("{site}/{n}").into()
}

fn relay(site: &str) -> Arc<str> {
    format!("{site}/relay").into()
}

#[test]
fn a_machine_that_is_switched_off_is_told_within_30_seconds_by_its_relay() {
    let mut world = World::new(Post::Relay);
    assert_eq!(world.reach("acme/lyon", 7), Reach::Live);
    let off = world.now_ms;
    let changes = world.run(60 * SECOND, |name| name != "acme/lyon/7");
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((&changes[0].of, changes[0].to), (&Subject::Machine(machine("acme/lyon", 7)), Reach::Silent));
    assert!(changes[0].at_ms - off < 30 * SECOND, "after {} ms", changes[0].at_ms - off);
    let back = world.run(10 * SECOND, |_| true);
    assert_eq!(back.iter().map(|change| change.to).collect::<Vec<_>>(), [Reach::Live]);
}

#[test]
fn one_cut_is_one_incident_however_many_machines_are_behind_it() {
    let mut world = World::new(Post::Hub);
    let cut = world.now_ms;
    let changes = world.run(60 * SECOND, |name| !name.starts_with("acme/lyon"));
    let site = changes.iter().find(|change| matches!(change.of, Subject::Site(_))).expect("the site");
    assert_eq!(site.to, Reach::Cut);
    assert!(site.at_ms - cut < 30 * SECOND);
    assert!(changes.iter().all(|change| change.to == Reach::Cut), "nothing is said of the machines themselves");
    let incidents = world.vigil.incidents(world.now_ms);
    let [Incident::SiteCut { site, cause, machines, .. }] = incidents.as_slice() else { panic!("{incidents:?}") };
    assert_eq!((&**site, *cause, *machines), ("acme/lyon", Cause::RelayOrLine, 50));
    assert_eq!(world.reach("acme/paris", 3), Reach::Live);
    let is_down = |statement: &Statement| statement.value == 0.0 && statement.name.ends_with("_up");
    let down = world.vigil.statements(world.now_ms).into_iter().filter(is_down);
    assert_eq!(down.map(|statement| statement.name).collect::<Vec<_>>(), ["vigie_site_up"]);
}

#[test]
fn only_a_relay_that_stands_beside_a_machine_can_say_that_it_does_not_answer() {
    let mut world = World::new(Post::Hub);
    world.run(60 * SECOND, |name| name != "acme/lyon/7");
    assert_eq!(world.reach("acme/lyon", 7), Reach::Late, "the way works, and nobody said why nothing comes");
    let (relay, machine) = (relay("acme/lyon"), machine("acme/lyon", 7));
    world.vigil.learn(Fact::Vouched { relay, machine, answers: false }, world.now_ms);
    world.vigil.look(world.now_ms);
    assert_eq!(world.reach("acme/lyon", 7), Reach::Silent);
    world.run(60 * SECOND, |name| !name.starts_with("acme/lyon"));
    assert_eq!(world.reach("acme/lyon", 7), Reach::Cut, "its word is not heard any more");
}

#[test]
fn a_hub_that_slept_raises_nothing_on_waking_before_it_has_listened() {
    let mut world = World::new(Post::Hub);
    world.now_ms += 8 * 3_600 * SECOND;
    assert!(world.vigil.look(world.now_ms).is_empty());
    assert!(world.vigil.incidents(world.now_ms).is_empty());
    let changes = world.run(20 * SECOND, |name| !name.starts_with("acme/lyon"));
    assert!(changes.is_empty(), "{changes:?}");
    let changes = world.run(30 * SECOND, |name| !name.starts_with("acme/lyon"));
    assert!(changes.iter().all(|change| change.to == Reach::Cut));
    assert_eq!(world.vigil.site_reach("acme/lyon"), Some(Reach::Cut));
    assert_eq!(world.vigil.site_reach("acme/paris"), Some(Reach::Live));
}

#[test]
fn who_hears_nobody_is_deaf_and_says_so_once() {
    let mut world = World::new(Post::Hub);
    world.run(60 * SECOND, |_| false);
    assert_eq!(world.vigil.incidents(world.now_ms), [Incident::Deaf { sites: 2, machines: 100 }]);
    assert_eq!(world.vigil.cause("acme/lyon", world.now_ms), Cause::Deaf);
}

#[test]
fn a_relay_whose_own_network_is_down_accuses_nobody() {
    let mut world = World::new(Post::Relay);
    world.vigil.learn(Fact::OwnNetwork(false), world.now_ms);
    world.run(60 * SECOND, |_| false);
    assert_eq!(world.reach("acme/lyon", 1), Reach::Cut);
    assert!(world.vigil.incidents(world.now_ms).iter().all(|incident| matches!(incident, Incident::Deaf { .. })));
    assert_eq!(world.network_up(), Some(0.0));
    world.vigil.learn(Fact::OwnNetwork(true), world.now_ms);
    let but_one = |name: &str| name != "acme/lyon/1";
    world.run(20 * SECOND, but_one);
    assert_eq!(world.reach("acme/lyon", 1), Reach::Cut, "it has just begun to listen again");
    world.run(20 * SECOND, but_one);
    assert_eq!(world.reach("acme/lyon", 1), Reach::Silent);
}

#[test]
fn when_all_machines_of_a_relay_fall_silent_at_once_their_network_is_told_and_none_of_them() {
    let mut world = World::new(Post::Relay);
    assert_eq!(world.network_up(), Some(1.0));
    let changes = world.run(60 * SECOND, |_| false);
    assert!(changes.iter().all(|change| change.to == Reach::Cut), "{changes:?}");
    assert!(changes.iter().all(|change| change.at_ms - 60 * SECOND < 30 * SECOND), "as soon as any silence is told");
    assert_eq!(world.network_up(), Some(0.0));
    let switched_off = |name: &str| name != "acme/lyon/7";
    let back = world.run(20 * SECOND, switched_off);
    assert!(back.iter().all(|change| change.to == Reach::Live), "{back:?}");
    assert_eq!((world.network_up(), world.reach("acme/lyon", 7)), (Some(1.0), Reach::Cut), "it may need some time");
    world.run(20 * SECOND, switched_off);
    assert_eq!(world.reach("acme/lyon", 7), Reach::Silent, "the others are back, and it is not");
}

#[test]
fn a_machine_that_is_seldom_heard_does_not_keep_a_network_from_being_told_to_have_failed() {
    let mut world = World::new(Post::Relay);
    world.vigil.learn(Fact::Beats { of: machine("acme/lyon", 7), every_ms: 60_000 }, world.now_ms);
    world.run(30 * SECOND, |_| false);
    assert_eq!((world.network_up(), world.reach("acme/lyon", 1)), (Some(0.0), Reach::Cut));
}

#[test]
fn a_machine_that_was_silent_before_its_network_failed_is_silent_all_the_while() {
    let mut world = World::new(Post::Relay);
    world.run(60 * SECOND, |name| name != "acme/lyon/7");
    let changes = world.run(60 * SECOND, |_| false);
    assert_eq!(changes.len(), 49, "nothing is said of it anew");
    assert_eq!(world.reach("acme/lyon", 7), Reach::Silent);
}

#[test]
fn the_last_machine_of_a_relay_is_told_by_itself() {
    let mut world = World::new(Post::Relay);
    world.run(60 * SECOND, |name| name == "acme/lyon/0");
    assert_eq!(world.reach("acme/lyon", 7), Reach::Silent, "one after the other");
    world.run(60 * SECOND, |_| false);
    assert_eq!((world.reach("acme/lyon", 0), world.network_up()), (Reach::Silent, None));
}

#[test]
fn machines_that_another_relay_hears_say_nothing_of_this_ones_network() {
    let mut world = World::new(Post::Relay);
    for n in 0..50 {
        world.vigil.learn(Fact::Elsewhere { machine: machine("acme/lyon", n), is_there: true }, world.now_ms);
    }
    world.run(60 * SECOND, |_| false);
    assert_eq!(world.network_up(), None);
    assert!(!world.vigil.is_deaf(world.now_ms));
}

#[test]
fn who_said_goodbye_is_asleep_until_the_time_of_return_has_passed() {
    let mut world = World::new(Post::Relay);
    let machine = machine("acme/lyon", 3);
    world.vigil.learn(Fact::Goodbye { machine, back_in_ms: 600 * SECOND }, world.now_ms);
    let away = |name: &str| name != "acme/lyon/3";
    assert_eq!(world.run(600 * SECOND, away).iter().map(|change| change.to).collect::<Vec<_>>(), [Reach::Asleep]);
    assert_eq!(world.run(60 * SECOND, away).iter().map(|change| change.to).collect::<Vec<_>>(), [Reach::Silent]);
    assert_eq!(world.run(9 * SECOND, |_| true).iter().map(|change| change.to).collect::<Vec<_>>(), [Reach::Live]);
}

#[test]
fn a_relay_that_restarts_as_announced_is_no_cut() {
    let mut world = World::new(Post::Hub);
    world.vigil.learn(Fact::RelayGoodbye { relay: relay("acme/lyon"), back_in_ms: 120 * SECOND }, world.now_ms);
    world.run(100 * SECOND, |name| !name.starts_with("acme/lyon"));
    assert_eq!(world.vigil.site_reach("acme/lyon"), Some(Reach::Asleep));
    assert!(world.vigil.incidents(world.now_ms).is_empty());
    world.run(60 * SECOND, |name| !name.starts_with("acme/lyon"));
    assert_eq!(world.vigil.site_reach("acme/lyon"), Some(Reach::Cut));
}

#[test]
fn a_relay_that_is_off_and_a_line_that_is_cut_are_told_apart_where_somebody_knows() {
    let mut world = World::new(Post::Hub);
    world.run(60 * SECOND, |name| !name.starts_with("acme/lyon"));
    let beat = Beat { machine: machine("acme/lyon", 9), by: None, sample_age_ms: 0 };
    world.vigil.learn(Fact::Heard(beat), world.now_ms);
    assert_eq!(world.vigil.cause("acme/lyon", world.now_ms), Cause::RelayOff, "a machine came by another way");
    world.run(60 * SECOND, |name| !name.starts_with("acme/lyon"));
    assert_eq!(world.vigil.cause("acme/lyon", world.now_ms), Cause::RelayOrLine, "nobody knows any more");
}

#[test]
fn whom_nobody_ever_heard_is_unseen_and_no_incident() {
    let mut world = World::new(Post::Hub);
    world.vigil.learn(Fact::Enrolled { machine: "new".into(), site: "acme/lyon".into() }, world.now_ms);
    world.run(600 * SECOND, |_| true);
    assert_eq!(world.vigil.reach("new"), Some(Reach::Unseen));
    assert!(world.vigil.incidents(world.now_ms).is_empty());
    world.vigil.learn(Fact::Retired("new".into()), world.now_ms);
    assert_eq!(world.vigil.reach("new"), None);
}

#[test]
fn a_machine_whose_samples_are_old_is_late_and_up() {
    let mut world = World::new(Post::Relay);
    let beat = Beat { machine: machine("acme/lyon", 2), by: None, sample_age_ms: 120 * SECOND };
    world.vigil.learn(Fact::Heard(beat), world.now_ms);
    world.vigil.look(world.now_ms);
    assert_eq!(world.reach("acme/lyon", 2), Reach::Late);
    let up = world.vigil.statements(world.now_ms);
    assert_eq!(
        up.iter().filter(|statement| statement.name == "vigie_machine_up" && statement.value == 1.0).count(),
        50
    );
}

#[test]
fn a_hub_that_slept_says_nothing_of_machines_without_a_relay_either_before_it_has_listened() {
    let mut vigil = Vigil::new(Post::Hub, Timing::default(), 0);
    let names: [Arc<str>; 2] = ["laptop".into(), "kiosk".into()];
    for machine in names.clone() {
        vigil.learn(Fact::Enrolled { machine: machine.clone(), site: "acme/road".into() }, 0);
        vigil.learn(Fact::Heard(Beat { machine, by: None, sample_age_ms: 0 }), 0);
    }
    vigil.look(0);
    let woken = 8 * 3_600 * SECOND;
    for now_ms in (woken..woken + 26 * SECOND).step_by(2_000) {
        assert!(vigil.look(now_ms).is_empty() && vigil.incidents(now_ms).is_empty());
    }
    let listened = woken + 26 * SECOND;
    vigil.learn(Fact::Heard(Beat { machine: names[0].clone(), by: None, sample_age_ms: 0 }), listened);
    vigil.look(listened);
    assert_eq!((vigil.reach("laptop"), vigil.reach("kiosk")), (Some(Reach::Live), Some(Reach::Silent)));
}

#[test]
fn a_machine_that_was_silent_before_a_restart_is_still_silent_after_it_and_nothing_is_claimed_meanwhile() {
    let mut vigil = Vigil::new(Post::Relay, Timing::default(), 0);
    let (known, new) = (machine("acme/lyon", 1), machine("acme/lyon", 2));
    for machine in [&known, &new] {
        vigil.learn(Fact::Enrolled { machine: machine.clone(), site: "acme/lyon".into() }, 0);
    }
    vigil.learn(Fact::Remembered(known.clone()), 0);
    for second in 0..25 {
        vigil.look(second * SECOND);
        assert!(vigil.statements(second * SECOND).is_empty(), "it has not listened yet");
    }
    (25..30).for_each(|second| drop(vigil.look(second * SECOND)));
    assert_eq!((vigil.reach(&known), vigil.reach(&new)), (Some(Reach::Silent), Some(Reach::Unseen)));
}

#[test]
fn a_site_that_was_cut_before_a_restart_of_the_hub_is_cut_after_it() {
    let mut vigil = Vigil::new(Post::Hub, Timing::default(), 0);
    vigil.learn(Fact::Relay { relay: relay("acme/lyon"), site: "acme/lyon".into() }, 0);
    vigil.learn(Fact::Relay { relay: relay("acme/new"), site: "acme/new".into() }, 0);
    vigil.learn(Fact::RememberedRelay(relay("acme/lyon")), 0);
    (0..25).for_each(|second| drop(vigil.look(second * SECOND)));
    assert_eq!(vigil.site_reach("acme/lyon"), Some(Reach::Unseen), "nothing is claimed before it has listened");
    (25..30).for_each(|second| drop(vigil.look(second * SECOND)));
    assert_eq!(vigil.site_reach("acme/lyon"), Some(Reach::Cut));
    assert_eq!(vigil.site_reach("acme/new"), Some(Reach::Unseen), "it was enrolled and never heard");
}
