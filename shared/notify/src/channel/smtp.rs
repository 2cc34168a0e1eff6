//! How is a mail sent, and what does the server's answer mean?
//!
//! One message, one receiver, one connection. The Message-ID is the key, so that a mail that comes twice can be dropped;
//! all mails of one trouble refer to the same thread.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use vigie_model::UtcMs;
use vigie_outgoing::{CONNECT_PATIENCE, Judged, SystemNames, resolve};

use super::secret::Secret;
use crate::config::{SmtpWay, TlsSaid};
use crate::mind::{Intent, Outcome, Text, Whose, html, letter_key, plain, subject};

pub(crate) struct Smtp {
    way: SmtpWay,
    tls: OnceCell<TlsParameters>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("way", &self.way).finish_non_exhaustive()
    }
}

/// Why a mail is not there.
enum Failure {
    /// Before a mail was begun: nothing goes through this channel now.
    Before(String),
    /// The server's answer to the mail.
    Said(Error),
}

impl Smtp {
    pub(crate) fn new(way: SmtpWay) -> Self {
        Self { way, tls: OnceCell::new() }
    }

    pub(crate) async fn send(&self, intent: &Intent) -> Outcome {
        self.post(self.mail(intent)).await
    }

    /// A letter to one person, which is of nobody's trouble.
    pub(crate) async fn write(&self, letter: &Writing<'_>) -> Outcome {
        self.post(self.letter(letter)).await
    }

    async fn post(&self, mail: Result<(Envelope, Vec<u8>), String>) -> Outcome {
        let (envelope, mail) = match mail {
            Ok(mail) => mail,
            Err(why) => return Outcome::Never(Text::new(&why)),
        };
        let password = match self.password() {
            Ok(password) => password,
            Err(why) => return later(&why, Whose::Channel),
        };
        let done = timeout(self.way.patience, self.deliver(&envelope, &mail, password.as_ref())).await;
        let strike = |said: &str| password.as_ref().map_or(said.to_owned(), |password| password.strike(said));
        match done {
            Ok(Ok(said)) => Outcome::Taken(Text::new(&strike(&said))),
            Ok(Err(Failure::Before(why))) => later(&strike(&why), Whose::Channel),
            Ok(Err(Failure::Said(error))) => judge(&error, &strike(&told(&error))),
            Err(_) => later(&format!("no answer within {} s", self.way.patience.as_secs()), Whose::Channel),
        }
    }

    fn password(&self) -> Result<Option<Secret>, String> {
        self.way.login.as_ref().map(|(_, file)| Secret::read(file)).transpose()
    }

    async fn deliver(&self, envelope: &Envelope, mail: &[u8], password: Option<&Secret>) -> Result<String, Failure> {
        let mut connection = self.connect(password).await.map_err(Failure::Before)?;
        let answer = connection.send(envelope, mail).await.map_err(Failure::Said)?;
        // It is taken; how the server says goodbye changes nothing.
        connection.abort().await;
        Ok(answer.message().collect::<Vec<_>>().join(" "))
    }

    /// A connection that may send.
    async fn connect(&self, password: Option<&Secret>) -> Result<AsyncSmtpConnection, String> {
        let judged = resolve(&SystemNames, &self.way.guard, &self.way.host, self.way.port).await?;
        // Addresses, so that nobody asks for the name again.
        let addresses: Vec<SocketAddr> = judged.into_iter().map(Judged::at).collect();
        let hello = hello(&self.way.helo);
        let at_once = if self.way.tls == TlsSaid::Tls { Some(self.tls().await?) } else { None };
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(addresses.as_slice(), Some(CONNECT_PATIENCE), &hello, at_once, None)
                .await
                .map_err(|error| format!("no connection to {}: {}", self.way.host, told(&error)))?;
        if self.way.tls == TlsSaid::Starttls {
            if !connection.can_starttls() {
                return Err(format!("{} offers no STARTTLS, so nothing was said to it", self.way.host));
            }
            let tls = self.tls().await?;
            connection.starttls(tls, &hello).await.map_err(|error| format!("no TLS: {}", told(&error)))?;
        }
        if let (Some((user, _)), Some(password)) = (&self.way.login, password) {
            let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let refused = |error| format!("{user} was not let in: {}", told(&error));
            connection.auth(&mechanisms, &credentials).await.map_err(refused)?;
        }
        Ok(connection)
    }

    /// Whom to trust. Kept once it could be read.
    async fn tls(&self) -> Result<TlsParameters, String> {
        let build = || async {
            let host = self.way.host.trim_matches(['[', ']']).to_owned();
            let mut tls = TlsParameters::builder(host);
            if let Some(path) = &self.way.ca_file {
                let wrong =
                    |error: String| format!("{} holds no certificate that can be trusted: {error}", path.display());
                let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                tls = tls
                    .certificate_store(CertificateStore::None)
                    .add_root_certificate(Certificate::from_pem(&pem).map_err(|error| wrong(told(&error)))?);
            }
            tls.build_rustls().map_err(|error| told(&error))
        };
        self.tls.get_or_try_init(build).await.cloned()
    }

    fn mail(&self, intent: &Intent) -> Result<(Envelope, Vec<u8>), String> {
        let (from, to) = (&self.way.from, &intent.to);
        let to: lettre::Address = to.parse().map_err(|_| format!("{to} is no mail address"))?;
        let domain = from.domain();
        let (key, thread) = (intent.key, intent.thread);
        let notice = &intent.notice;
        let at = UNIX_EPOCH + Duration::from_millis(notice.made.at.0.max(0).cast_unsigned());
        let parts = MultiPart::alternative()
            .boundary(format!("vigie-{key}"))
            .singlepart(SinglePart::plain(plain(notice)))
            .singlepart(SinglePart::html(html(notice)));
        let message = Message::builder()
            .from(Mailbox::new(Some("Vigie".to_owned()), from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(subject(notice))
            .date(at.min(SystemTime::now() + FAR))
            .message_id(Some(format!("<{key}@{domain}>")))
            .references(format!("<thread.{thread}@{domain}>"))
            .in_reply_to(format!("<thread.{thread}@{domain}>"))
            .header(AutoSubmitted)
            .header(NoAutoResponse)
            .multipart(parts)
            .map_err(|error| error.to_string())?;
        let envelope = Envelope::new(Some(from.clone()), vec![to]).map_err(|error| error.to_string())?;
        Ok((envelope, message.formatted()))
    }
}

/// A letter to one person.
pub(crate) struct Writing<'a> {
    pub(crate) to: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) text: &'a str,
    pub(crate) at: UtcMs,
}

impl Smtp {
    fn letter(&self, letter: &Writing<'_>) -> Result<(Envelope, Vec<u8>), String> {
        let from = &self.way.from;
        let to: lettre::Address = letter.to.parse().map_err(|_| format!("{} is no mail address", letter.to))?;
        let at = UNIX_EPOCH + Duration::from_millis(letter.at.0.max(0).cast_unsigned());
        // Of what is no secret: a letter may hold one.
        let key = letter_key(letter.to, letter.subject, letter.at);
        let message = Message::builder()
            .from(Mailbox::new(Some("Vigie".to_owned()), from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(Text::new(letter.subject).as_str())
            .date(at.min(SystemTime::now() + FAR))
            .message_id(Some(format!("<{key}@{}>", from.domain())))
            .header(AutoSubmitted)
            .header(NoAutoResponse)
            .singlepart(SinglePart::plain(letter.text.to_owned()))
            .map_err(|error| error.to_string())?;
        let envelope = Envelope::new(Some(from.clone()), vec![to]).map_err(|error| error.to_string())?;
        Ok((envelope, message.formatted()))
    }
}

/// A clock can be wrong; a date that no header can hold is none.
const FAR: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What the server's answer means for the mail.
fn judge(error: &Error, why: &str) -> Outcome {
    let code = error.status().map(u16::from);
    match code {
        // Closing down; not let in, or no more: RFC 5321 and RFC 4954.
        Some(421 | 454 | 530 | 534 | 535 | 538) => later(why, Whose::Channel),
        Some(400..=499) => later(why, Whose::Letter),
        Some(500..=599) => Outcome::Never(Text::new(why)),
        // It broke off, or nobody understood it. Whether the mail arrived is not known.
        _ => later(why, Whose::Channel),
    }
}

fn later(why: &str, whose: Whose) -> Outcome {
    Outcome::Later { why: Text::new(why), after_ms: None, whose }
}

fn hello(name: &str) -> ClientId {
    match name.parse() {
        Ok(std::net::IpAddr::V4(ip)) => ClientId::Ipv4(ip),
        Ok(std::net::IpAddr::V6(ip)) => ClientId::Ipv6(ip),
        Err(_) => ClientId::Domain(name.to_owned()),
    }
}

/// An error with what caused it.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

macro_rules! fixed_header {
    ($(#[$doc:meta])* $name:ident, $header:literal, $value:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        struct $name;

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($header)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self)
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), $value.to_owned())
            }
        }
    };
}

fixed_header!(
    /// No person wrote it: RFC 3834.
    AutoSubmitted,
    "Auto-Submitted",
    "auto-generated"
);
fixed_header!(
    /// For servers that know nothing of RFC 3834: no answers of absence.
    NoAutoResponse,
    "X-Auto-Response-Suppress",
    "All"
);
