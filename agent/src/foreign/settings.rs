//! Which programs may say something about themselves, and how much?

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::label::Whose;
use super::otlp::OtlpSettings;
use super::scrape::Target;
use super::statsd::StatsdSettings;
use super::url::Url;

/// Series of others in one stream, unless said otherwise; and of one page. Each costs some hundred bytes of the agent's
/// memory and as much once on the link.
const SERIES: usize = 5_000;

/// What may be said instead: one tick of so many doubles still goes into one frame and one segment, and a stream has
/// 65,536 places, of which a series may need several.
const MAX_SERIES: usize = 20_000;

/// Pages of one machine.
const MAX_TARGETS: usize = 64;

/// Bytes of a page, in MiB, unless said otherwise.
const PAGE_MIB: usize = 4;
const MAX_PAGE_MIB: usize = 64;

/// The most a page is waited for, unless said otherwise.
const TIMEOUT_S: u64 = 10;

const LONGEST_S: u64 = 86_400;

/// A job or an instance: room is left for the rest of a label's value.
const MAX_LABEL_BYTES: usize = 256;

/// The keys of `agent.toml` that speak of others.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Named {
    pub(crate) scrape: Vec<SaidScrape>,
    pub(crate) statsd: Option<SaidStatsd>,
    pub(crate) otlp: Option<SaidOtlp>,
    pub(crate) foreign: SaidForeign,
}

/// `[[scrape]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaidScrape {
    url: String,
    job: String,
    instance: Option<String>,
    every_s: Option<u64>,
    timeout_s: Option<u64>,
    page_mib: Option<usize>,
    series: Option<usize>,
    #[serde(default)]
    honor_timestamps: bool,
    #[serde(default)]
    honor_labels: bool,
}

/// `[statsd]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaidStatsd {
    listen: Option<String>,
    socket: Option<PathBuf>,
}

/// `[otlp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaidOtlp {
    listen: Option<String>,
}

/// `[foreign]`
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaidForeign {
    series: Option<usize>,
}

/// What was said, checked. Nothing of it is on unless it was named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Settings {
    pub(crate) targets: Vec<Target>,
    pub(crate) statsd: Option<StatsdSettings>,
    pub(crate) otlp: Option<OtlpSettings>,
    /// Series of others in all.
    pub(crate) series: usize,
}

impl Settings {
    /// Checks what was said; the error says which part of the file is wrong, why, and what to write instead.
    pub(crate) fn of(said: Named, fast: Duration) -> Result<Self, (&'static str, String)> {
        let series = count(said.foreign.series, SERIES, MAX_SERIES, "series").map_err(|why| ("[foreign]", why))?;
        if said.scrape.len() > MAX_TARGETS {
            return Err((
                "[[scrape]]",
                format!("{} pages are named, and at most {MAX_TARGETS} are read", said.scrape.len()),
            ));
        }
        let targets: Result<Vec<_>, _> = said.scrape.into_iter().map(|one| target(one, fast)).collect();
        let targets = targets.map_err(|why| ("[[scrape]]", why))?;
        none_twice(&targets).map_err(|why| ("[[scrape]]", why))?;
        let statsd = said.statsd.map(|statsd| self::statsd(statsd, targets.len(), fast, series)).transpose();
        let statsd = statsd.map_err(|why| ("[statsd]", why))?;
        let source = targets.len() + statsd.as_ref().map_or(0, |statsd| statsd.places().len());
        let otlp = said.otlp.map(|otlp| {
            let listen = address(otlp.listen.as_deref().unwrap_or("127.0.0.1:4318"))?;
            Ok(OtlpSettings { source, listen, series })
        });
        let otlp = otlp.transpose().map_err(|why| ("[otlp]", why))?;
        Ok(Self { targets, statsd, otlp, series })
    }

    /// Whether nobody is asked and nothing is listened for.
    pub(crate) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.statsd.is_none() && self.otlp.is_none()
    }

    /// Every source by its number: what it is, and where.
    pub(crate) fn sources(&self) -> Vec<(&'static str, String)> {
        let scrapes = self.targets.iter().map(|target| ("scrape", target.url.to_string()));
        let statsd = self.statsd.iter().flat_map(StatsdSettings::places).map(|place| ("statsd", place));
        let otlp = self.otlp.iter().map(|otlp| ("otlp", otlp.listen.to_string()));
        scrapes.chain(statsd).chain(otlp).collect()
    }
}

fn target(said: SaidScrape, fast: Duration) -> Result<Target, String> {
    let url: Url = said.url.parse().map_err(|error| format!("{:?} {error}", said.url))?;
    let of = |why: String| format!("{url}: {why}");
    let every_s = said.every_s.unwrap_or(fast.as_secs());
    if !(1..=LONGEST_S).contains(&every_s) {
        return Err(of(format!("every_s is {every_s}; write whole seconds from 1 to {LONGEST_S}")));
    }
    let timeout_s = said.timeout_s.unwrap_or(TIMEOUT_S.min(every_s));
    if !(1..=every_s).contains(&timeout_s) {
        return Err(of(format!("timeout_s is {timeout_s}; write whole seconds from 1 to every_s, which is {every_s}")));
    }
    let page_mib = count(said.page_mib, PAGE_MIB, MAX_PAGE_MIB, "page_mib").map_err(of)?;
    let series = count(said.series, SERIES, MAX_SERIES, "series").map_err(of)?;
    let instance = said.instance.unwrap_or_else(|| url.instance());
    for (key, value) in [("job", &said.job), ("instance", &instance)] {
        if value.is_empty() || value.len() > MAX_LABEL_BYTES {
            return Err(of(format!("{key} is {value:?}; write a name of 1 to {MAX_LABEL_BYTES} bytes")));
        }
    }
    Ok(Target {
        whose: Whose { job: said.job, instance, honor_labels: said.honor_labels },
        url,
        every_s: every_s.cast_signed(),
        timeout: Duration::from_secs(timeout_s),
        page_bytes: page_mib << 20,
        series,
        honor_timestamps: said.honor_timestamps,
    })
}

fn statsd(said: SaidStatsd, source: usize, fast: Duration, names: usize) -> Result<StatsdSettings, String> {
    if let Some(path) = said.socket.as_ref().filter(|path| !path.is_absolute()) {
        return Err(format!("socket is {path:?}; write a whole path, such as \"/run/vigie-agent/statsd.sock\""));
    }
    let listen = match (said.listen, &said.socket) {
        (Some(text), _) if text.is_empty() && said.socket.is_some() => None,
        (Some(text), _) => Some(address(&text)?),
        (None, Some(_)) => None,
        (None, None) => Some(address("127.0.0.1:8125")?),
    };
    let flush_s = fast.as_secs().cast_signed();
    Ok(StatsdSettings { source, listen, socket: said.socket, flush_s, names })
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let at: SocketAddr = text
        .parse()
        .map_err(|_| format!("listen is {text:?}; write an address and a port, such as \"127.0.0.1:8125\""))?;
    if at.port() == 0 {
        return Err(format!("listen is {text:?}; name a port, so that senders find it"));
    }
    Ok(at)
}

fn count(said: Option<usize>, usual: usize, most: usize, key: &str) -> Result<usize, String> {
    let count = said.unwrap_or(usual);
    if (1..=most).contains(&count) {
        Ok(count)
    } else {
        Err(format!("{key} is {count}; write a number from 1 to {most}"))
    }
}

/// Two pages of one job and instance would say `up` of the same series.
fn none_twice(targets: &[Target]) -> Result<(), String> {
    let mut seen = HashSet::new();
    match targets.iter().find(|target| !seen.insert((&target.whose.job, &target.whose.instance))) {
        None => Ok(()),
        Some(target) => {
            let Whose { job, instance, .. } = &target.whose;
            Err(format!("two pages have job {job:?} and instance {instance:?}; give one another job or instance"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_on_unless_it_is_named() {
        let settings = read("").expect("nothing said");
        assert!(settings.is_empty() && settings.sources().is_empty());
    }

    #[test]
    fn what_is_named_has_its_usual_values() {
        let text = "[[scrape]]\nurl = 'http://127.0.0.1:9100/metrics'\njob = 'node'\n[statsd]\n[otlp]\n";
        let settings = read(text).expect("a configuration");
        let target = &settings.targets[0];
        assert_eq!((target.every_s, target.timeout, target.page_bytes), (10, Duration::from_secs(10), 4 << 20));
        assert_eq!(target.whose.instance, "127.0.0.1:9100");
        let places: Vec<_> = settings.sources().into_iter().map(|(_, place)| place).collect();
        assert_eq!(places, ["http://127.0.0.1:9100/metrics", "127.0.0.1:8125", "127.0.0.1:4318"]);
        assert_eq!(settings.otlp.map(|otlp| otlp.source), Some(2));
    }

    #[test]
    fn what_is_said_wrongly_is_refused_with_what_to_write_instead() {
        let scrape = |more: &str| format!("[[scrape]]\nurl = 'http://a:1/m'\njob = 'j'\n{more}");
        let twice = format!("{}{}", scrape(""), scrape(""));
        for (text, part, what) in [
            (scrape("every_s = 0"), "[[scrape]]", "whole seconds from 1"),
            (scrape("timeout_s = 11"), "[[scrape]]", "1 to every_s, which is 10"),
            (scrape("page_mib = 65"), "[[scrape]]", "a number from 1 to 64"),
            (scrape("series = 0"), "[[scrape]]", "a number from 1 to 20000"),
            (scrape("instance = ''"), "[[scrape]]", "a name of 1 to 256 bytes"),
            (twice, "[[scrape]]", "give one another job"),
            ("[[scrape]]\nurl = 'https://a/m'\njob = 'j'".to_owned(), "[[scrape]]", "plain address"),
            ("[statsd]\nlisten = '8125'".to_owned(), "[statsd]", "an address and a port"),
            ("[statsd]\nsocket = 'statsd.sock'".to_owned(), "[statsd]", "a whole path"),
            ("[otlp]\nlisten = '127.0.0.1:0'".to_owned(), "[otlp]", "name a port"),
            ("[foreign]\nseries = 1000000".to_owned(), "[foreign]", "a number from 1 to 20000"),
        ] {
            let (named, why) = read(&text).expect_err(&text);
            assert!(named == part && why.contains(what), "{text}: {named}: {why}");
        }
    }

    fn read(text: &str) -> Result<Settings, (&'static str, String)> {
        Settings::of(toml::from_str(text).expect("toml"), Duration::from_secs(10))
    }
}
