//! What did somebody say about this agent? Flags win over the environment, which wins over the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use vigie_sync::origin::SealAfter;
use vigie_sync::{LinkKind, LinkProfile};

use crate::cli::Place;
use crate::collect::{Choice, Intervals, Tier};
use crate::foreign::{self, Named, SaidForeign, SaidOtlp, SaidScrape, SaidStatsd};

/// What can be said by flag or environment.
#[derive(Debug, Default, Args)]
pub(crate) struct Overrides {
    /// What to measure: `machine`, or `synthetic:SEED,SERIES[,CLASS]` for figures anyone can check.
    #[arg(long, env = "VIGIE_COLLECTOR")]
    collector: Option<String>,
    /// The site's relays, first choice first (HOST:PORT, several separated by commas). Those of the enrolment if left out.
    #[arg(long, env = "VIGIE_RELAYS", value_delimiter = ',')]
    relays: Option<Vec<String>>,
    /// The hub, for an agent without a relay (HOST:PORT). That of the enrolment if left out.
    #[arg(long, env = "VIGIE_HUB", value_delimiter = ',')]
    hub: Option<Vec<String>>,
    /// Never go to the hub itself, even if no relay answers.
    #[arg(long, env = "VIGIE_RELAY_ONLY")]
    relay_only: bool,
    /// What kind of link leads up: lan, wan, thin or metered.
    #[arg(long, env = "VIGIE_LINK")]
    link: Option<String>,
    /// What the link carries up, in bytes per second, if known.
    #[arg(long, env = "VIGIE_LINK_RATE")]
    rate_bytes_per_s: Option<u32>,
    /// What the link may carry in a month, both ways.
    #[arg(long, env = "VIGIE_BYTES_PER_MONTH")]
    bytes_per_month: Option<u64>,
    /// Seconds between two rounds of the fast tier.
    #[arg(long, env = "VIGIE_FAST_S")]
    fast_s: Option<u64>,
    /// Seconds between two rounds of the medium tier.
    #[arg(long, env = "VIGIE_MEDIUM_S")]
    medium_s: Option<u64>,
    /// Seconds between two rounds of the slow tier.
    #[arg(long, env = "VIGIE_SLOW_S")]
    slow_s: Option<u64>,
    /// The most the buffer may take on disk, in MiB.
    #[arg(long, env = "VIGIE_BUFFER_MIB")]
    buffer_mib: Option<u64>,
    /// Hours for which what the hub has confirmed is kept all the same.
    #[arg(long, env = "VIGIE_KEEP_HOURS")]
    keep_hours: Option<u64>,
    /// Seconds after which a run of ticks is signed although it could still grow.
    #[arg(long, env = "VIGIE_SEAL_S")]
    seal_s: Option<u64>,
    /// Seconds within which a tick is durable.
    #[arg(long, env = "VIGIE_COMMIT_S")]
    commit_s: Option<u64>,
    /// The name people see; the one it was enrolled with if left out.
    #[arg(long, env = "VIGIE_NAME")]
    name: Option<String>,
    /// How much to log: error, warn, info, debug, trace.
    #[arg(long, env = "VIGIE_LOG")]
    log: Option<String>,
    /// Log as JSON, an object a line.
    #[arg(long, env = "VIGIE_LOG_JSON")]
    log_json: bool,
}

/// The configuration file. Every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    name: Option<String>,
    collector: Option<String>,
    relays: Option<Vec<String>>,
    hub: Option<Vec<String>>,
    relay_only: Option<bool>,
    log: Option<String>,
    log_json: bool,
    intervals: FileIntervals,
    link: FileLink,
    buffer: FileBuffer,
    scrape: Vec<SaidScrape>,
    statsd: Option<SaidStatsd>,
    otlp: Option<SaidOtlp>,
    foreign: SaidForeign,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileIntervals {
    fast_s: Option<u64>,
    medium_s: Option<u64>,
    slow_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileLink {
    kind: Option<String>,
    rate_bytes_per_s: Option<u32>,
    bytes_per_month: Option<u64>,
    backlog_hours: Option<(u8, u8)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileBuffer {
    mib: Option<u64>,
    keep_hours: Option<u64>,
    seal_s: Option<u64>,
    commit_s: Option<u64>,
}

/// All that was said, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) name: Option<String>,
    pub(crate) choice: Choice,
    pub(crate) relays: Option<Vec<String>>,
    pub(crate) hub: Option<Vec<String>>,
    pub(crate) relay_only: bool,
    pub(crate) intervals: Intervals,
    pub(crate) link: LinkProfile,
    pub(crate) buffer_bytes: u64,
    pub(crate) keep: Duration,
    pub(crate) seal_after: SealAfter,
    pub(crate) commit_every: Duration,
    pub(crate) log: tracing::Level,
    pub(crate) log_json: bool,
    pub(crate) foreign: foreign::Settings,
}

/// A configuration that can not be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{path} could not be read: {source}; nothing was started")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path} is not a configuration: {why}; nothing was started")]
    Malformed { path: PathBuf, why: String },
    #[error("{what}: {why}; nothing was started")]
    Wrong { what: &'static str, why: String },
}

impl ConfigError {
    /// What `vigie-agent` ends with: a file that can not be read is a failure, the rest was said wrongly.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Unreadable { .. } => 1,
            Self::Malformed { .. } | Self::Wrong { .. } => 2,
        }
    }
}

impl Config {
    pub(crate) fn load(place: &Place, over: &Overrides) -> Result<Self, ConfigError> {
        let file = File::read(&place.config)?;
        let choice = over.collector.clone().or(file.collector).unwrap_or_else(|| "machine".to_owned());
        let second =
            |flag: Option<u64>, file: Option<u64>, usual: u64| Duration::from_secs(flag.or(file).unwrap_or(usual));
        let intervals = Intervals::try_new(
            second(over.fast_s, file.intervals.fast_s, 10),
            second(over.medium_s, file.intervals.medium_s, 60),
            second(over.slow_s, file.intervals.slow_s, 900),
        );
        let log = over.log.clone().or(file.log).unwrap_or_else(|| "info".to_owned());
        let seal_s = over.seal_s.or(file.buffer.seal_s).unwrap_or(600);
        let intervals = intervals.map_err(wrong("the intervals"))?;
        let said = Named { scrape: file.scrape, statsd: file.statsd, otlp: file.otlp, foreign: file.foreign };
        let foreign = foreign::Settings::of(said, intervals.of(Tier::Fast))
            .map_err(|(what, why)| ConfigError::Wrong { what, why })?;
        Ok(Self {
            data: place.data.clone(),
            name: over.name.clone().or(file.name),
            choice: choice.parse().map_err(wrong("the collector"))?,
            // An empty text says that there is none.
            relays: over.relays.clone().or(file.relays).map(without_empty),
            hub: over.hub.clone().or(file.hub),
            relay_only: over.relay_only || file.relay_only.unwrap_or(false),
            intervals,
            foreign,
            link: link(over, &file.link)?,
            buffer_bytes: over.buffer_mib.or(file.buffer.mib).unwrap_or(256).saturating_mul(1 << 20),
            keep: Duration::from_secs(3_600 * over.keep_hours.or(file.buffer.keep_hours).unwrap_or(72)),
            seal_after: SealAfter { age_ms: seal_s.saturating_mul(1_000), ..SealAfter::default() },
            commit_every: second(over.commit_s, file.buffer.commit_s, 5).min(Duration::from_secs(5)),
            log_json: over.log_json || file.log_json,
            log: log
                .parse()
                .map_err(|_| wrong("the log level")(format!("{log:?} is none of error, warn, info, debug, trace")))?,
        })
    }
}

impl File {
    fn read(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| ConfigError::Malformed { path: path.to_owned(), why: error.to_string() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }
}

fn link(over: &Overrides, file: &FileLink) -> Result<LinkProfile, ConfigError> {
    let kind = over.link.clone().or(file.kind.clone()).unwrap_or_else(|| "lan".to_owned());
    let kind: LinkKind = kind.parse().map_err(wrong("the kind of link"))?;
    let mut profile = LinkProfile::of(kind);
    profile.rate_bytes_per_s = over.rate_bytes_per_s.or(file.rate_bytes_per_s);
    profile.bytes_per_month = over.bytes_per_month.or(file.bytes_per_month);
    profile.backlog_hours = file.backlog_hours;
    if profile.backlog_hours.is_some_and(|(from, to)| from > 23 || to > 24) {
        return Err(wrong("the hours for backlog")("hours are 0 to 23".to_owned()));
    }
    Ok(profile)
}

fn wrong<E: ToString>(what: &'static str) -> impl Fn(E) -> ConfigError {
    move |why| ConfigError::Wrong { what, why: why.to_string() }
}

fn without_empty(list: Vec<String>) -> Vec<String> {
    list.into_iter().filter(|one| !one.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_wrongly_ends_with_the_code_of_wrong_usage() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place { data: folder.path().to_owned(), config: folder.path().join("agent.toml") };
        let over = Overrides { fast_s: Some(7), ..Overrides::default() };
        assert_eq!(Config::load(&place, &over).expect_err("60 is no multiple of 7").code(), 2);
        std::fs::write(&place.config, "[[scrape]]\nurl = 'https://a/b'\njob = 'a'").expect("a file");
        let error = Config::load(&place, &Overrides::default()).expect_err("https is not spoken");
        assert!(error.code() == 2 && error.to_string().starts_with("[[scrape]]: "), "{error}");
        std::fs::write(&place.config, "no_such_key = 1").expect("a file");
        assert_eq!(Config::load(&place, &Overrides::default()).expect_err("no such key").code(), 2);
    }
}
