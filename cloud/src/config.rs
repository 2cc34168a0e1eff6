//! What did somebody say about this hub? Flags win over the environment, which wins over the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use vigie_forward::{Target, TargetSaid};
use vigie_issuers::{Issuers, SignInError, SignInSaid};
use vigie_lookout::{AlertsConfig, AlertsSaid};
use vigie_model::UtcMs;
use vigie_node::Failed;
use vigie_notify::Channel;
use vigie_notify::Seat;
use vigie_notify::config::{ChannelSaid, OutgoingSaid, RouteSaid, TellingSaid};
use vigie_passkeys::Passkeys;
use vigie_people::Spans;
use vigie_serve::{InstallSaid, Programs, TlsFiles};

use crate::backup::{Plan, PlanSaid};
use crate::retention::{Retention, RetentionSaid};

/// What can be said by flag or environment.
#[derive(Debug, Default, Args)]
pub(crate) struct Overrides {
    /// Where relays and agents reach the hub (UDP).
    #[arg(long, env = "VIGIE_LISTEN", value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Where people and programs reach page and API (TCP).
    #[arg(long, env = "VIGIE_HTTP", value_name = "IP:PORT")]
    http: Option<SocketAddr>,
    /// The address that nodes dial (HOST:PORT, several separated by commas); it stands in join tokens.
    #[arg(long, env = "VIGIE_ADVERTISE", value_name = "HOST:PORT", value_delimiter = ',')]
    advertise: Option<Vec<String>>,
    /// The most the store may take on disk, in MiB.
    #[arg(long, env = "VIGIE_STORE_MIB")]
    store_mib: Option<u64>,
    /// How long a node's certificate lasts, in hours.
    #[arg(long, env = "VIGIE_CERTIFICATE_HOURS")]
    certificate_hours: Option<u64>,
    /// File with the first token for page and API; made with a random token if it is not there.
    #[arg(long, env = "VIGIE_HTTP_TOKEN_FILE")]
    http_token_file: Option<PathBuf>,
    /// This hub was brought back from an older copy: what only a hub writes (rules for everybody, routes, grants) is taken
    /// back from the relays in this run. Leave it out the next time.
    #[arg(long)]
    take_back_rows: bool,
    /// A proxy on this machine's loopback ends TLS in front of page and API: cookies are for TLS alone, and its
    /// X-Forwarded-For says who asks.
    #[arg(long, env = "VIGIE_BEHIND_TLS_PROXY")]
    behind_tls_proxy: bool,
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
    advertise: Option<Vec<String>>,
    store_mib: Option<u64>,
    certificate_hours: Option<u64>,
    http_token_file: Option<PathBuf>,
    behind_tls_proxy: bool,
    tls: Option<TlsFiles>,
    log: Option<String>,
    log_json: bool,
    people: PeopleSaid,
    sign_in: Vec<SignInSaid>,
    forward: Vec<TargetSaid>,
    retention: RetentionSaid,
    backup: PlanSaid,
    alerts: AlertsSaid,
    channel: Vec<ChannelSaid>,
    route: Vec<RouteSaid>,
    outgoing: OutgoingSaid,
    install: InstallSaid,
}

/// How long people are signed in, and their passwords hold; and where they reach the hub.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PeopleSaid {
    session_idle_minutes: Option<u32>,
    session_hours: Option<u32>,
    password_days: Option<u32>,
    url: Option<String>,
    mail: Option<String>,
}

impl PeopleSaid {
    fn check(&self) -> Result<Spans, Failed> {
        let usual = Spans::default();
        let ms =
            |said: Option<u32>, unit_ms: i64, usual_ms: i64| said.map_or(usual_ms, |said| i64::from(said) * unit_ms);
        let spans = Spans {
            idle_ms: ms(self.session_idle_minutes, 60_000, usual.idle_ms),
            life_ms: ms(self.session_hours, 3_600_000, usual.life_ms),
            password_days: self.password_days.unwrap_or(usual.password_days),
        };
        if spans.idle_ms == 0 || spans.life_ms == 0 {
            return Err(Failed::new(
                2,
                "[people] session_idle_minutes and session_hours are at least 1; nothing was started",
            ));
        }
        Ok(spans)
    }
}

impl File {
    /// Where people reach this hub.
    fn origin(&self) -> Result<Option<String>, String> {
        self.people.url.as_deref().map(vigie_issuers::origin).transpose().map_err(|error| error.to_string())
    }

    fn issuers(&self) -> Result<Issuers, String> {
        let each = vigie_issuers::check_all(&self.sign_in).map_err(|error| error.to_string())?;
        if each.is_empty() {
            return Ok(Issuers::default());
        }
        let origin = self.origin()?.ok_or_else(|| SignInError::Url.to_string())?;
        let guard = self.outgoing.guard(false).map_err(|error| error.to_string())?;
        Ok(Issuers::new(each, origin, &guard))
    }
}

/// All that was said, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) advertise: Vec<String>,
    pub(crate) store_bytes: u64,
    pub(crate) leaf_life: Duration,
    pub(crate) http_token_file: PathBuf,
    behind_tls_proxy: bool,
    /// The certificate of page and API; without one they speak in the clear.
    pub(crate) tls: Option<TlsFiles>,
    /// How long people are signed in, and their passwords hold.
    pub(crate) spans: Spans,
    /// Other houses by whose accounts people come in.
    issuers: Arc<Issuers>,
    /// Where people reach this hub.
    origin: Option<String>,
    /// The channel by which they are written to.
    mail: Option<String>,
    /// Passkeys of people, and why there are none where they were wanted.
    passkeys: Option<Result<Arc<Passkeys>, String>>,
    /// Where requests may go.
    pub(crate) outgoing: OutgoingSaid,
    /// Rows that only a hub writes are taken back from the relays.
    pub(crate) take_back_rows: bool,
    pub(crate) log: tracing::Level,
    pub(crate) log_json: bool,
    /// Other engines that get all of it too.
    pub(crate) forward: Vec<Target>,
    /// How long what is kept.
    pub(crate) retention: Retention,
    /// When backups are taken by themselves.
    pub(crate) backup: Option<Plan>,
    /// Which rules are on, and who is told.
    pub(crate) alerts: AlertsConfig,
    /// The programs that are handed out.
    pub(crate) programs: Arc<Programs>,
}

/// The port relays look for.
const LISTEN: ([u8; 4], u16) = ([0, 0, 0, 0], 7800);

/// Only this machine, until somebody says otherwise or puts a proxy with TLS in front.
const HTTP: ([u8; 4], u16) = ([127, 0, 0, 1], 7880);

impl Config {
    pub(crate) fn load(data: &Path, path: &Path, over: &Overrides) -> Result<Self, Failed> {
        let file = read(path)?;
        let log = over.log.clone().or_else(|| file.log.clone()).unwrap_or_else(|| "info".to_owned());
        let log = log.parse().map_err(|_| Failed::new(2, format!("{log:?} is no log level; nothing was started")))?;
        let listen = over.listen.or(file.listen).unwrap_or_else(|| LISTEN.into());
        let advertise = over.advertise.clone().or_else(|| file.advertise.clone()).unwrap_or_else(|| guess(listen));
        let wrong =
            |error: &dyn std::fmt::Display| Failed::new(2, format!("{}: {error}; nothing was started", path.display()));
        let forward = TargetSaid::check_all(&file.forward).map_err(|error| wrong(&error))?;
        let retention = file.retention.check().map_err(|error| wrong(&error))?;
        let telling = TellingSaid { channels: &file.channel, routes: &file.route, outgoing: &file.outgoing };
        let alerts = file.alerts.check(&telling, Seat::Hub, data).map_err(|error| wrong(&error))?;
        let backup = file.backup.check().map_err(|error| wrong(&error))?;
        let issuers = file.issuers().map_err(|error| wrong(&error))?;
        let origin = file.origin().map_err(|error| wrong(&error))?;
        if let Some(mail) = &file.people.mail {
            if alerts.mail(mail).is_none() {
                return Err(wrong(&format!("[people] mail: there is no [[channel]] {mail:?} of kind \"smtp\"")));
            }
            if origin.is_none() {
                return Err(wrong(&"[people] mail needs [people] url: letters say where this hub is"));
            }
        }
        let passkeys =
            origin.as_deref().map(|origin| Passkeys::new(origin).map(Arc::new).map_err(|none| none.to_string()));
        let behind_tls_proxy = over.behind_tls_proxy || file.behind_tls_proxy;
        if behind_tls_proxy && file.tls.is_some() {
            return Err(wrong(&"either [tls] here or behind_tls_proxy, not both"));
        }
        let hours = over.certificate_hours.or(file.certificate_hours).unwrap_or(90 * 24).max(1);
        Ok(Self {
            data: data.to_owned(),
            listen,
            http: over.http.or(file.http).unwrap_or_else(|| HTTP.into()),
            advertise,
            store_bytes: over.store_mib.or(file.store_mib).unwrap_or(64 * 1024).saturating_mul(1 << 20),
            leaf_life: Duration::from_secs(3_600 * hours),
            http_token_file: over
                .http_token_file
                .clone()
                .or(file.http_token_file)
                .unwrap_or_else(|| data.join("http.token")),
            take_back_rows: over.take_back_rows,
            log,
            log_json: over.log_json || file.log_json,
            forward,
            retention,
            backup,
            alerts,
            behind_tls_proxy,
            tls: file.tls,
            spans: file.people.check()?,
            issuers: Arc::new(issuers),
            passkeys,
            origin,
            mail: file.people.mail,
            outgoing: file.outgoing,
            programs: Arc::new(InstallSaid { folder: over.install_folder.clone().or(file.install.folder) }.programs()),
        })
    }

    /// How page and API are served.
    pub(crate) fn serving(&self) -> vigie_serve::Options {
        let behind = self.behind_tls_proxy;
        let tls = behind || self.tls.is_some();
        let (issuers, passkeys) = (self.issuers.clone(), self.passkeys.clone().and_then(Result::ok));
        vigie_serve::Options {
            tls,
            behind_loopback_proxy: behind,
            issuers,
            passkeys,
            qr: Some(crate::qr::draw),
            origin: self.origin.clone(),
            web: crate::web::web(),
            programs: self.programs.clone(),
            ..vigie_serve::Options::default()
        }
    }

    /// By what people are written to, where they are.
    pub(crate) fn mail(&self) -> Option<Channel> {
        self.mail.as_deref().and_then(|name| self.alerts.mail(name))
    }

    /// Other houses that nobody can come in by as things stand here, and why.
    pub(crate) fn unready_houses(&self, now: UtcMs) -> Vec<(&str, String)> {
        self.issuers.unready(now)
    }

    /// Why browsers make no passkeys for this hub, where its address is said.
    pub(crate) fn no_passkeys(&self) -> Option<&str> {
        self.passkeys.as_ref()?.as_ref().err().map(String::as_str)
    }
}

/// Without an address that was said, the one it listens at; everywhere means this machine's own name.
fn guess(listen: SocketAddr) -> Vec<String> {
    let host = if listen.ip().is_unspecified() { vigie_node::host_name() } else { listen.ip().to_string() };
    vec![if host.contains(':') { format!("[{host}]:{}", listen.port()) } else { format!("{host}:{}", listen.port()) }]
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

    fn load(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("cloud.toml");
        std::fs::write(&path, text).expect("a file");
        Config::load(folder.path(), &path, &Overrides::default()).map_err(|failed| failed.text)
    }

    const GOOGLE: &str = "[[sign_in]]\nkind='oidc'\nname='google'\npreset='google'\nclient_id='hub'\n";

    #[test]
    fn who_comes_in_by_another_house_comes_back_to_an_address_that_is_said() {
        let served = load(&format!("{GOOGLE}[people]\nurl='https://hub.example.org'")).expect("all is said").serving();
        assert_eq!(served.issuers.shown().map(|(_, label)| label).collect::<Vec<_>>(), ["Google"]);
        assert!(load(GOOGLE).expect_err("no address").contains("[people] url"));
        assert!(load(&GOOGLE.replace("google'\nclient", "okta'\nclient")).expect_err("whose?").contains("okta.com"));
        assert!(load("").expect("nothing needs to be said").serving().issuers.is_empty());
    }

    #[test]
    fn passkeys_need_a_name_over_tls_and_the_rest_goes_on_without() {
        let config = |url: &str| load(&format!("[people]\nurl='{url}'")).expect("a hub");
        let with = config("https://hub.example.org");
        assert!(with.serving().passkeys.is_some() && with.no_passkeys().is_none());
        for url in ["https://192.0.2.7", "http://hub.example.org"] {
            let without = config(url);
            assert!(without.serving().passkeys.is_none());
            assert!(without.no_passkeys().expect("it says why").contains("https://"), "{url}");
        }
        assert!(load("").expect("nothing is said").no_passkeys().is_none());
        assert!(load("[people]\nurl='hub'").expect_err("no address").contains("[people] url"));
    }

    #[test]
    fn people_are_written_to_by_a_channel_of_mail_that_is_there() {
        let channel =
            "[[channel]]\nkind='smtp'\nname='mail'\nhost='smtp.a.example'\nfrom='v@a.example'\nto=['b@a.example']\n";
        let people = "[people]\nurl='https://hub.example.org'\nmail='mail'\n";
        assert!(load(&format!("{people}{channel}")).expect("mail").mail().is_some());
        assert!(load(people).expect_err("no channel").contains("no [[channel]]"));
        let nowhere = load(&format!("[people]\nmail='mail'\n{channel}")).expect_err("no address");
        assert!(nowhere.contains("[people] url"), "{nowhere}");
    }
}
