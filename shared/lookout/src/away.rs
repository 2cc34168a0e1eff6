//! What happened while nobody could look? Worked out anew whenever somebody asks: what comes late is in it, and nobody is
//! told again.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use vigie_alerts::{Alert, Spell};
use vigie_fleet::Sighted;
use vigie_merge::Scope;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_query::{Grain, Halt, Limits, Matcher, NAME, Selection, SeriesPart, SourceError, Stop, Wish};
use vigie_serve::{
    Availability, AvailabilityWish, Cut, Incidents, MachineMinutes, Minutes, PlacesPage, PlacesTold, SiteMinutes,
    Stamp, Undecided,
};
use vigie_watch::PRESENCE_LABEL;
use vigie_watch::presence::Reach;

use crate::minutes::{MINUTE_MS, Tape};
use crate::mutes::place_of;
use crate::watchman::{Watchman, lock};

/// Cuts that are told of: those of a week.
const TOLD_MS: i64 = 7 * 86_400_000;

/// Cuts of one incident that are told of, the latest: a line that comes and goes fills no page.
const TOLD_EACH: usize = 8;

/// A cut is noticed so long after it began, behind a metered line: what happened in that time was heard by nobody.
const NOTICED_MS: i64 = 180_000;

/// Incidents of a cut that are named.
const NAMED: usize = 100;

/// The series by which a machine is known to have measured itself: each agent has it, in every round.
const ALWAYS: &str = "system_cpu_load_average_1m";

/// How long it may take to read a month of a site.
const READING_TAKES: Duration = Duration::from_secs(15);

/// Each machine that is asked for: whose it is, where, what it is called, and its minutes.
type Tapes = BTreeMap<NodeId, (Slug, Slug, String, Tape)>;

impl Watchman {
    /// What happened at sites during each cut of the last days that is over, newest first.
    pub(crate) fn cuts_shown(&self) -> Vec<Cut> {
        let now = self.utc();
        let register = lock(&self.register);
        // Gone over once, however many sites were cut off.
        let mut there: HashMap<&Scope, Vec<&Alert>> = HashMap::new();
        register.book.alerts().for_each(|alert| there.entry(&alert.place.scope).or_default().push(alert));
        let own = |alert: &Alert| there.get(&alert.place.scope).map(Vec::as_slice).unwrap_or_default();
        let mut cuts: Vec<Cut> = register.book.alerts().flat_map(|alert| cuts(alert, own(alert), now)).collect();
        cuts.sort_by_key(|cut| std::cmp::Reverse(cut.to));
        cuts
    }

    /// The minutes of machines, of those that are enrolled here.
    pub(crate) fn minutes(&self, wish: &AvailabilityWish) -> Result<Availability, Undecided> {
        self.minutes_of(wish, None).map(|told| told.minutes)
    }

    /// As [`Self::minutes`], where a page is wanted of its places alone: of all others nothing is read.
    pub(crate) fn minutes_of(
        &self,
        wish: &AvailabilityWish,
        page: Option<&PlacesPage>,
    ) -> Result<PlacesTold, Undecided> {
        let now = self.utc();
        let (from_ms, to_ms) = whole_minutes(wish, now)?;
        let marks = self.marks();
        let presence = lock(&self.presence);
        let agents = || presence.machines().filter(|one| one.role == Role::Agent);
        // What is made up counts in nothing that is told of everybody's machines, where there are any.
        let has_real = wish.client.is_none() && agents().any(|one| !one.client.is_demonstration());
        let is = |wanted: &Option<Slug>, slug: &Slug| wanted.as_ref().is_none_or(|wanted| wanted == slug);
        let is_meant = |one: &&Sighted| {
            is(&wish.client, &one.client)
                && is(&wish.site, &one.site)
                && !(has_real && one.client.is_demonstration())
                && wish.sees(&one.client, &one.site, marks.of(one.node, &one.client, &one.site))
        };
        let mut meant: BTreeMap<(&Slug, &Slug), Vec<&Sighted>> = BTreeMap::new();
        for one in agents().filter(is_meant) {
            meant.entry((&one.client, &one.site)).or_default().push(one);
        }
        let counts = meant.iter().map(|(place, there)| (*place, there.len()));
        let total = counts.clone().map(|(_, machines)| machines).sum();
        let shown = page.map_or(0..meant.len(), |page| page.of(counts));
        let more = shown.end < meant.len();
        let mut tapes = Tapes::new();
        for one in meant.into_values().take(shown.end).skip(shown.start).flatten() {
            let tape = Tape::new(from_ms, to_ms);
            tapes.insert(one.node, (one.client.clone(), one.site.clone(), one.name.clone(), tape));
        }
        let is_all = tapes.len() == agents().count();
        drop(presence);
        self.play(&mut tapes, is_all, (from_ms, to_ms))?;
        let silent = self.silent(now);
        let mut sites: BTreeMap<(Slug, Slug), SiteMinutes> = BTreeMap::new();
        for (id, (client, site, name, tape)) in tapes {
            let (minutes, lapses, more_lapses) = tape.read(silent.get(&id).map_or(&[], Vec::as_slice));
            let of = sites.entry((client.clone(), site.clone())).or_insert_with(|| SiteMinutes {
                client,
                site,
                minutes: Minutes::default(),
                machines: Vec::new(),
            });
            of.minutes = of.minutes.and(minutes);
            of.machines.push(MachineMinutes { id, name, minutes, lapses, more_lapses });
        }
        let mut sites: Vec<SiteMinutes> = sites.into_values().collect();
        sites.iter_mut().for_each(|site| site.machines.sort_by(|one, other| one.name.cmp(&other.name)));
        let minutes = Availability { from: Stamp(UtcMs(from_ms)), to: Stamp(UtcMs(to_ms)), sites };
        Ok(PlacesTold { minutes, total, more })
    }

    /// Notes when each machine was measured: single samples, and minutes where samples are no longer kept. That there was
    /// something within an hour says nothing of its minutes.
    fn play(&self, tapes: &mut Tapes, is_all: bool, (from_ms, to_ms): (i64, i64)) -> Result<(), Undecided> {
        if tapes.is_empty() || to_ms <= from_ms {
            return Ok(());
        }
        let mut matchers = vec![Matcher::equal(NAME, ALWAYS)];
        // Who asks for everybody need not name ten thousand.
        if !is_all {
            matchers.extend(of_these(tapes));
        }
        let until = Instant::now() + READING_TAKES;
        let stop = Stop::when(move || (Instant::now() > until).then_some(Halt::TimedOut));
        let limits = Limits { stop, ..Limits::usual() };
        let selection = Selection::new(&matchers, from_ms, to_ms - 1);
        let fine = Wish { grain: Grain::Auto, takes_cells: true, spread: false, cells_alone: false };
        let mut note = |part: SeriesPart<'_>| {
            let (SeriesPart::Samples(vigie_query::SeriesSamples { labels, .. })
            | SeriesPart::Cells(vigie_query::SeriesCells { labels, .. })) = part;
            let tape = labels.get("machine_id").parse().ok().and_then(|id: NodeId| tapes.get_mut(&id));
            let Some((_, _, _, tape)) = tape else { return std::ops::ControlFlow::Continue(()) };
            match part {
                SeriesPart::Samples(samples) => samples.timestamps_ms.iter().for_each(|at| tape.measure(*at)),
                SeriesPart::Cells(cells) => {
                    let fine = cells.cells.iter().filter(|cell| cell.count > 0 && cell.length_ms <= MINUTE_MS);
                    fine.for_each(|cell| tape.measure_minute(cell.begins_ms));
                }
            }
            std::ops::ControlFlow::Continue(())
        };
        match self.sight.source().select_parts(&selection, fine, &limits, &mut note) {
            Ok(_) => Ok(()),
            Err(SourceError::Halted(_)) => {
                Err(Undecided::Senseless("reading that took too long: ask for less time, or for one site".to_owned()))
            }
            Err(SourceError::Failed(why)) => Err(Undecided::NotKept(why)),
        }
    }

    /// When machines did not answer their relays, up to now or to when their relay was last heard.
    fn silent(&self, now: UtcMs) -> BTreeMap<NodeId, Vec<(UtcMs, UtcMs)>> {
        let mut silent: BTreeMap<NodeId, Vec<(UtcMs, UtcMs)>> = BTreeMap::new();
        let register = lock(&self.register);
        for alert in register.book.alerts() {
            let Some((node, since, ended)) = self.silence(alert) else { continue };
            silent.entry(node).or_default().push((since, ended.unwrap_or_else(|| self.vouched_until(alert, now))));
        }
        drop(register);
        lock(&self.silences)
            .all()
            .for_each(|(node, since, until)| silent.entry(node).or_default().push((since, until)));
        silent
    }

    /// Until when the relay's word is known here of what is not over.
    fn vouched_until(&self, alert: &Alert, now: UtcMs) -> UtcMs {
        let (Some(client), Some(site)) = place_of(&alert.place.scope) else { return now };
        if self.role == Role::Relay {
            return now;
        }
        match lock(&self.presence).site(client.as_str(), site.as_str()) {
            Some(known) if known.reach == Reach::Live => now,
            Some(known) => known.heard_at.unwrap_or(UtcMs(i64::MIN)),
            None => UtcMs(i64::MIN),
        }
    }
}

/// What is read for these machines and for nobody else: what it costs follows from whom is asked for, not from who is there.
fn of_these(tapes: &Tapes) -> Vec<Matcher> {
    let clients = tapes.values().map(|(client, ..)| client.to_string());
    let sites = tapes.values().map(|(_, site, ..)| site.to_string());
    let places = [Matcher::one_of("client", clients), Matcher::one_of("site", sites)];
    let machines = Matcher::one_of("machine_id", tapes.keys().map(ToString::to_string));
    places.into_iter().chain([machines]).collect()
}

/// Whether it says that a site is, or was, cut off.
pub(crate) fn is_cut(alert: &Alert) -> bool {
    let about = alert.about.as_ref();
    about.is_some_and(|about| about.labels.get(PRESENCE_LABEL).is_some_and(|of| of == "site"))
}

/// What happened at a site during each of its cuts, if this is about them, that is over; of all alerts there.
fn cuts(alert: &Alert, there: &[&Alert], now: UtcMs) -> Vec<Cut> {
    if !is_cut(alert) {
        return Vec::new();
    }
    let last = alert.about.as_ref().and_then(|about| Some(Spell { since: about.since, ended: about.ended? }));
    let is_news = |spell: &Spell| now.0.saturating_sub(spell.ended.0) < TOLD_MS;
    let spells: Vec<Spell> = alert.past().iter().copied().chain(last).filter(is_news).collect();
    let latest = spells.len().saturating_sub(TOLD_EACH);
    spells.into_iter().skip(latest).filter_map(|spell| cut(alert, spell, there)).collect()
}

fn cut(alert: &Alert, Spell { since: from, ended: to }: Spell, there: &[&Alert]) -> Option<Cut> {
    let judge = alert.about.as_ref()?.judge.node;
    let (client, site) = place_of(&alert.place.scope);
    let (client, site) = (client?.clone(), site?.clone());
    let within = |at: UtcMs| from.0.saturating_sub(NOTICED_MS) <= at.0 && at <= to;
    let mut cut = Cut {
        id: alert.place.id.to_string(),
        client,
        site,
        from: Stamp(from),
        to: Stamp(to),
        began: 0,
        ended: 0,
        open: 0,
        known_by: Vec::new(),
        incidents: Vec::new(),
    };
    for other in there {
        let Some(said) = other.about.as_ref().filter(|said| said.judge.node != judge) else { continue };
        let spells = || other.past().iter().map(|one| (one.since, Some(one.ended))).chain([(said.since, said.ended)]);
        let (began, ended) = (spells().any(|one| within(one.0)), spells().any(|one| one.1.is_some_and(within)));
        let known = other.acknowledgements().filter(|(word, _)| within(word.happened)).map(|(word, _)| word.by.clone());
        let known: Vec<String> = known.collect();
        cut.began += u32::from(began);
        cut.ended += u32::from(ended);
        cut.open += u32::from(within(said.since) && other.is_open());
        if (began || ended || !known.is_empty()) && cut.incidents.len() < NAMED {
            cut.incidents.push(other.place.id.to_string());
        }
        cut.known_by.extend(known);
    }
    cut.known_by.sort_unstable();
    cut.known_by.dedup();
    Some(cut)
}

/// What was asked for in whole minutes, up to now.
fn whole_minutes(wish: &AvailabilityWish, now: UtcMs) -> Result<(i64, i64), Undecided> {
    if wish.from_ms >= wish.to_ms {
        return Err(Undecided::Senseless("the time ends before it begins".to_owned()));
    }
    if wish.to_ms.saturating_sub(wish.from_ms) > AvailabilityWish::MOST_MS {
        return Err(Undecided::Senseless("at most 31 days can be asked for at once".to_owned()));
    }
    let begin = |ms: i64| ms.div_euclid(MINUTE_MS).saturating_mul(MINUTE_MS);
    let to_ms = begin(wish.to_ms.min(now.0));
    Ok((begin(wish.from_ms).min(to_ms), to_ms))
}
