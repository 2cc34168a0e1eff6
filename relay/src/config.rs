//! What did somebody say about this relay? Flags win over the environment, which wins over the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use vigie_lookout::{AlertsConfig, AlertsSaid};
use vigie_node::Failed;
use vigie_notify::Seat;
use vigie_notify::config::{ChannelSaid, OutgoingSaid, RouteSaid, TellingSaid};
use vigie_serve::{InstallSaid, Programs, TlsFiles};
use vigie_sync::{LinkKind, LinkProfile, Sends};

use crate::retention::{Retention, RetentionSaid};

/// What can be said by flag or environment.
#[derive(Debug, Default, Args)]
pub(crate) struct Overrides {
    /// Where agents reach this relay (UDP).
    #[arg(long, env = "VIGIE_LISTEN", value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Where people reach this relay's page and API (TCP).
    #[arg(long, env = "VIGIE_HTTP", value_name = "IP:PORT")]
    http: Option<SocketAddr>,
    /// The name by which browsers on the site's network find the page while it is open to them (mDNS): vigie for vigie.local; empty for none.
    #[arg(long, env = "VIGIE_PAGE_NAME", value_name = "NAME")]
    page_name: Option<String>,
    /// The hub (HOST:PORT, several separated by commas). That of the enrolment if left out.
    #[arg(long, env = "VIGIE_HUB", value_delimiter = ',')]
    hub: Option<Vec<String>>,
    /// What kind of link leads up: lan, wan, thin or metered.
    #[arg(long, env = "VIGIE_LINK")]
    link: Option<String>,
    /// What goes up: all (every tick), rollups_first (hours before the ticks of a cut), or rollups (hours, and ticks when
    /// somebody asks for them). A metered link sends rollups first unless said otherwise, any other all.
    #[arg(long, env = "VIGIE_LINK_SENDS")]
    link_sends: Option<String>,
    /// What the link carries up, in bytes per second, if known.
    #[arg(long, env = "VIGIE_LINK_RATE")]
    rate_bytes_per_s: Option<u32>,
    /// What the link may carry in a month, both ways.
    #[arg(long, env = "VIGIE_BYTES_PER_MONTH")]
    bytes_per_month: Option<u64>,
    /// The most the store may take on disk, in MiB.
    #[arg(long, env = "VIGIE_STORE_MIB")]
    store_mib: Option<u64>,
    /// Hours for which what the hub has confirmed is kept all the same.
    #[arg(long, env = "VIGIE_KEEP_HOURS")]
    keep_hours: Option<u64>,
    /// File with the token for page and API; made with a random token if it is not there.
    #[arg(long, env = "VIGIE_HTTP_TOKEN_FILE")]
    http_token_file: Option<PathBuf>,
    /// The name people see; the one it was enrolled with if left out.
    #[arg(long, env = "VIGIE_NAME")]
    name: Option<String>,
    /// Folder with the programs that are installed from here: `vigie-agent-x86_64-linux`, `vigie-relay-x86_64-linux` and their like.
    #[arg(long, env = "VIGIE_INSTALL_FOLDER", value_name = "FOLDER")]
    install_folder: Option<PathBuf>,
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
    listen: Option<SocketAddr>,
    http: Option<SocketAddr>,
    page_name: Option<String>,
    hub: Option<Vec<String>>,
    store_mib: Option<u64>,
    keep_hours: Option<u64>,
    http_token_file: Option<PathBuf>,
    name: Option<String>,
    log: Option<String>,
    log_json: bool,
    link: FileLink,
    alerts: AlertsSaid,
    channel: Vec<ChannelSaid>,
    route: Vec<RouteSaid>,
    outgoing: OutgoingSaid,
    install: InstallSaid,
    retention: RetentionSaid,
    tls: Option<TlsFiles>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileLink {
    kind: Option<String>,
    send: Option<String>,
    rollups_every_min: Option<u64>,
    rate_bytes_per_s: Option<u32>,
    bytes_per_month: Option<u64>,
    backlog_hours: Option<(u8, u8)>,
    measured_every_min: Option<u64>,
}

/// All that was said, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) name: Option<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) http: SocketAddr,
    /// By which name the page is announced on the site's network.
    pub(crate) page_name: Option<String>,
    pub(crate) hub: Option<Vec<String>>,
    pub(crate) link: LinkProfile,
    /// How often the hour under way goes up where hours are all that does.
    pub(crate) rollups_every: Duration,
    /// How often it is noted how the line was; never where it is nothing.
    pub(crate) measured_every: Duration,
    pub(crate) store_bytes: u64,
    pub(crate) keep: Duration,
    pub(crate) retention: Retention,
    pub(crate) http_token_file: PathBuf,
    /// The certificate of the page; without one it speaks in the clear.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) log: tracing::Level,
    pub(crate) log_json: bool,
    /// Which rules are on, and who is told.
    pub(crate) alerts: AlertsConfig,
    /// The programs that are handed out.
    pub(crate) programs: Arc<Programs>,
}

/// The port agents look for.
const LISTEN: ([u8; 4], u16) = ([0, 0, 0, 0], 7801);

/// Only this machine, until somebody says otherwise: the page has no TLS of its own.
const HTTP: ([u8; 4], u16) = ([127, 0, 0, 1], 7802);

/// What is easy to say, type and remember.
const PAGE_NAME: &str = "vigie";

/// Each time the hour goes whole: 14 bytes for each series of a machine. So a quarter costs 55 bytes for each series and
/// hour, of the 150 that its ticks would cost.
const ROLLUPS_EVERY_MIN: u64 = 15;

impl Config {
    pub(crate) fn load(data: &Path, path: &Path, over: &Overrides) -> Result<Self, Failed> {
        let file = read(path)?;
        let kind = over.link.clone().or(file.link.kind).unwrap_or_else(|| "wan".to_owned());
        let kind = kind.parse::<LinkKind>().map_err(|error| Failed::new(2, format!("{error}; nothing was started")))?;
        let mut link = LinkProfile::of(kind);
        if let Some(sends) = over.link_sends.clone().or(file.link.send) {
            link.sends =
                sends.parse::<Sends>().map_err(|error| Failed::new(2, format!("{error}; nothing was started")))?;
        }
        link.rate_bytes_per_s = over.rate_bytes_per_s.or(file.link.rate_bytes_per_s);
        link.bytes_per_month = over.bytes_per_month.or(file.link.bytes_per_month);
        link.backlog_hours = file.link.backlog_hours;
        let every_min = file.link.rollups_every_min.unwrap_or(ROLLUPS_EVERY_MIN);
        if !(5..=60).contains(&every_min) || !60u64.is_multiple_of(every_min) {
            let text =
                format!("rollups_every_min is 5, 6, 10, 12, 15, 20, 30 or 60, not {every_min}; nothing was started");
            return Err(Failed::new(2, text));
        }
        let measured_every = measured_every(file.link.measured_every_min, kind)?;
        let telling = TellingSaid { channels: &file.channel, routes: &file.route, outgoing: &file.outgoing };
        let alerts = file
            .alerts
            .check(&telling, Seat::Relay, data)
            .map_err(|error| Failed::new(2, format!("{}: {error}; nothing was started", path.display())))?;
        let retention = file
            .retention
            .check(link.sends)
            .map_err(|error| Failed::new(2, format!("{error}; nothing was started")))?;
        let log = over.log.clone().or(file.log).unwrap_or_else(|| "info".to_owned());
        let log = log.parse().map_err(|_| Failed::new(2, format!("{log:?} is no log level; nothing was started")))?;
        Ok(Self {
            data: data.to_owned(),
            name: over.name.clone().or(file.name),
            listen: over.listen.or(file.listen).unwrap_or_else(|| LISTEN.into()),
            http: over.http.or(file.http).unwrap_or_else(|| HTTP.into()),
            page_name: page_name(over.page_name.clone().or(file.page_name))?,
            hub: over.hub.clone().or(file.hub),
            link,
            rollups_every: Duration::from_secs(60 * every_min),
            measured_every,
            store_bytes: over.store_mib.or(file.store_mib).unwrap_or(4_096).saturating_mul(1 << 20),
            keep: Duration::from_secs(3_600 * over.keep_hours.or(file.keep_hours).unwrap_or(72)),
            retention,
            tls: file.tls,
            http_token_file: over
                .http_token_file
                .clone()
                .or(file.http_token_file)
                .unwrap_or_else(|| data.join("http.token")),
            log,
            log_json: over.log_json || file.log_json,
            alerts,
            programs: Arc::new(InstallSaid { folder: over.install_folder.clone().or(file.install.folder) }.programs()),
        })
    }
}

/// A day of a line is drawn in quarters of an hour: what is noted less often would leave holes in it.
fn measured_every(said_min: Option<u64>, kind: LinkKind) -> Result<Duration, Failed> {
    let usual_min = if kind == LinkKind::Metered { 15 } else { 1 };
    match said_min.unwrap_or(usual_min) {
        every_min @ 0..=15 => Ok(Duration::from_secs(every_min * 60)),
        every_min => {
            let text = format!("measured_every_min is 0 (never) to 15, not {every_min}; nothing was started");
            Err(Failed::new(2, text))
        }
    }
}

/// The name to announce; none where nobody wants one.
fn page_name(said: Option<String>) -> Result<Option<String>, Failed> {
    let name = said.unwrap_or_else(|| PAGE_NAME.to_owned());
    if name.is_empty() {
        return Ok(None);
    }
    if !crate::name::is_label(&name) {
        let text = format!(
            "page_name {name:?} is not one word of small letters, digits and - (50 at most); nothing was started"
        );
        return Err(Failed::new(2, text));
    }
    Ok(Some(name))
}

fn read(path: &Path) -> Result<File, Failed> {
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| {
            Failed::new(2, format!("{} is not a configuration: {error}; nothing was started", path.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(error) => {
            Err(Failed::new(1, format!("{} could not be read: {error}; nothing was started", path.display())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_kind_of_link_is_wrong_usage() {
        let over = Overrides { link: Some("string".to_owned()), ..Overrides::default() };
        let nowhere = Path::new("/nonexistent/vigie");
        let failed = Config::load(nowhere, &nowhere.join("relay.toml"), &over).expect_err("a string is no link");
        assert_eq!(failed.code, 2, "{}", failed.text);
    }

    #[test]
    fn a_page_is_called_vigie_unless_somebody_says_otherwise_or_wants_no_name() {
        let nowhere = Path::new("/nonexistent/vigie");
        let named = |name: Option<&str>| {
            let over = Overrides { page_name: name.map(str::to_owned), ..Overrides::default() };
            Config::load(nowhere, &nowhere.join("relay.toml"), &over).map(|config| config.page_name)
        };
        assert_eq!(named(None).ok(), Some(Some("vigie".to_owned())));
        assert_eq!(named(Some("tour-2")).ok(), Some(Some("tour-2".to_owned())));
        assert_eq!(named(Some("")).ok(), Some(None));
        for nonsense in ["vigie.local", "Vigie", "-", "a b", "é"] {
            let failed = named(Some(nonsense)).expect_err("no label");
            assert!(failed.code == 2 && failed.text.contains("page_name"), "{}", failed.text);
        }
    }

    #[test]
    fn nonsense_about_alerts_is_wrong_usage_in_words_of_its_own() {
        let folder = std::env::temp_dir().join(format!("vigie-relay-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("relay.toml");
        for (text, word) in [
            ("[alerts]\noff = ['NoSuchRule']", "NoSuchRule"),
            ("[alerts]\nurl = 'vigie'", "no address"),
            ("[[route]]\nname = 'r'\nchannels = ['mail']", "not configured"),
            ("[[channel]]\nkind = 'pigeon'\nname = 'p'", "pigeon"),
        ] {
            std::fs::write(&path, text).expect("a file");
            let failed = Config::load(&folder, &path, &Overrides::default()).expect_err(text);
            assert!(failed.code == 2 && failed.text.contains(word), "{}", failed.text);
        }
        std::fs::write(&path, "[alerts]\noff = ['Restarted']\nurl = 'http://192.168.1.10:7802'").expect("a file");
        assert!(Config::load(&folder, &path, &Overrides::default()).is_ok());
        std::fs::remove_dir_all(&folder).expect("it was made here");
    }

    #[test]
    fn a_line_is_noted_each_minute_less_often_where_bytes_cost_money_and_never_where_nobody_wants_it() {
        let every = |said, kind| measured_every(said, kind).map(|every| every.as_secs());
        assert_eq!(every(None, LinkKind::Wan).ok(), Some(60));
        assert_eq!(every(None, LinkKind::Metered).ok(), Some(900));
        assert_eq!(every(Some(0), LinkKind::Wan).ok(), Some(0));
        assert_eq!(every(Some(5), LinkKind::Metered).ok(), Some(300));
        let failed = every(Some(16), LinkKind::Wan).expect_err("a quarter of an hour would have none");
        assert!(failed.code == 2 && failed.text.contains("measured_every_min"), "{}", failed.text);
    }

    #[test]
    fn a_metered_link_sends_rollups_first_unless_somebody_says_otherwise() {
        let nowhere = Path::new("/nonexistent/vigie");
        let sends = |link: &str, sends: Option<&str>| {
            let (link, link_sends) = (Some(link.to_owned()), sends.map(str::to_owned));
            let over = Overrides { link, link_sends, ..Overrides::default() };
            Config::load(nowhere, &nowhere.join("relay.toml"), &over).map(|config| config.link.sends)
        };
        assert_eq!(sends("metered", None).ok(), Some(Sends::RollupsFirst));
        assert_eq!(sends("metered", Some("all")).ok(), Some(Sends::All));
        assert_eq!(sends("wan", None).ok(), Some(Sends::All));
        assert_eq!(sends("wan", Some("rollups")).ok(), Some(Sends::Rollups));
        let failed = sends("wan", Some("half")).expect_err("half is no word");
        assert_eq!(failed.code, 2, "{}", failed.text);
    }
}
