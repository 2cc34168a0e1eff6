//! A mail server on loopback that keeps what it is sent and misbehaves on demand.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does with the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Takes it.
    Takes,
    /// Answers so to the receiver's name.
    SaysToReceiver(u16),
    /// Answers so to the mail, and keeps nothing.
    SaysToMail(u16),
    /// Closes the connection in the middle of the mail, and keeps nothing.
    DropsMidway,
    /// Keeps the mail and closes the connection without a word.
    TakesAndDrops,
    /// Never says a word again.
    FallsSilent,
}

/// A mail that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub text: String,
    /// User and password, and whether the connection was protected.
    pub login: Option<(String, String)>,
    pub protected: bool,
}

#[derive(Debug, Default)]
pub struct Inner {
    pub mails: Vec<Mail>,
    pub next: VecDeque<Does>,
    pub connections: u32,
}

/// A mail server.
#[derive(Clone)]
pub struct Server {
    pub at: SocketAddr,
    /// Whom to trust: a certificate for `localhost`.
    pub pem: String,
    acceptor: TlsAcceptor,
    login_only: bool,
    offers_tls: bool,
    inner: Arc<Mutex<Inner>>,
}

trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

impl Server {
    /// One that offers STARTTLS, and demands user `vigie` with password `hunter2 hunter2` behind it.
    pub async fn new() -> Self {
        Self::with(false, true).await
    }

    /// One that knows no mechanism but LOGIN, or offers no TLS.
    pub async fn with(login_only: bool, offers_tls: bool) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .expect("a server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            at: listener.local_addr().expect("it is bound"),
            pem: made.cert.pem(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            login_only,
            offers_tls,
            inner: Arc::default(),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    this.with_inner(|inner| inner.connections += 1);
                    drop(this.serve(Box::new(stream)).await);
                });
            }
        });
        server
    }

    pub fn with_inner<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.with_inner(|inner| inner.mails.clone())
    }

    pub fn does_next(&self, all: &[Does]) {
        self.with_inner(|inner| inner.next.extend(all));
    }

    async fn serve(&self, plain: Box<dyn Line>) -> std::io::Result<()> {
        let mut line = BufReader::new(plain);
        say(&mut line, "220 sink ready").await?;
        if !self.talk(&mut line, !self.offers_tls, false).await? {
            return Ok(());
        }
        let line: Box<dyn Line> = Box::new(self.acceptor.accept(line.into_inner()).await?);
        self.talk(&mut BufReader::new(line), true, true).await?;
        Ok(())
    }

    /// Talks until the end, or until TLS is wanted.
    async fn talk(
        &self,
        line: &mut BufReader<Box<dyn Line>>,
        mail_may_pass: bool,
        protected: bool,
    ) -> std::io::Result<bool> {
        let (mut login, mut from, mut to) = (None, String::new(), String::new());
        let mut does = Does::Takes;
        loop {
            let said = hear(line).await?;
            let word = said.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" if !mail_may_pass => say(line, "250-sink\r\n250 STARTTLS").await?,
                "EHLO" if !protected => say(line, "250 sink").await?,
                "EHLO" if self.login_only => say(line, "250-sink\r\n250 AUTH LOGIN").await?,
                "EHLO" => say(line, "250-sink\r\n250 AUTH PLAIN LOGIN").await?,
                "STARTTLS" => {
                    say(line, "220 go on").await?;
                    return Ok(true);
                }
                "AUTH" => {
                    let found = self.auth(line, &said).await?;
                    if found == ("vigie".to_owned(), "hunter2 hunter2".to_owned()) {
                        login = Some(found);
                        say(line, "235 welcome").await?;
                    } else {
                        say(line, &format!("535 not with {}", found.1)).await?;
                    }
                }
                "MAIL" if !mail_may_pass || (protected && login.is_none()) => say(line, "530 not yet").await?,
                "MAIL" => {
                    does = self.with_inner(|inner| inner.next.pop_front()).unwrap_or(Does::Takes);
                    from = said;
                    say(line, "250 yes").await?;
                }
                "RCPT" => {
                    to = said;
                    match does {
                        Does::SaysToReceiver(code) => say(line, &format!("{code} says the sink")).await?,
                        _ => say(line, "250 yes").await?,
                    }
                }
                "DATA" => {
                    say(line, "354 go on").await?;
                    if does == Does::DropsMidway {
                        hear(line).await?;
                        return Ok(false);
                    }
                    let text = mail(line).await?;
                    let kept = Mail { from: from.clone(), to: to.clone(), text, login: login.clone(), protected };
                    match does {
                        Does::SaysToMail(code) => say(line, &format!("{code} says the sink")).await?,
                        Does::FallsSilent => std::future::pending().await,
                        Does::TakesAndDrops => {
                            self.with_inner(|inner| inner.mails.push(kept));
                            return Ok(false);
                        }
                        _ => {
                            self.with_inner(|inner| inner.mails.push(kept));
                            say(line, "250 kept as 42").await?;
                        }
                    }
                }
                "QUIT" => {
                    say(line, "221 bye").await?;
                    return Ok(false);
                }
                _ => say(line, "250 as you like").await?,
            }
        }
    }

    async fn auth(&self, line: &mut BufReader<Box<dyn Line>>, said: &str) -> std::io::Result<(String, String)> {
        let words: Vec<&str> = said.split(' ').collect();
        let decode =
            |text: &str| String::from_utf8_lossy(&BASE64.decode(text.as_bytes()).unwrap_or_default()).into_owned();
        if words.get(1) == Some(&"PLAIN") {
            let all = decode(words.get(2).unwrap_or(&""));
            let mut parts = all.split('\0').skip(1).map(str::to_owned);
            return Ok((parts.next().unwrap_or_default(), parts.next().unwrap_or_default()));
        }
        say(line, &format!("334 {}", BASE64.encode(b"Username:"))).await?;
        let user = decode(&hear(line).await?);
        say(line, &format!("334 {}", BASE64.encode(b"Password:"))).await?;
        Ok((user, decode(&hear(line).await?)))
    }
}

async fn say(line: &mut BufReader<Box<dyn Line>>, text: &str) -> std::io::Result<()> {
    line.write_all(format!("{text}\r\n").as_bytes()).await?;
    line.flush().await
}

async fn hear(line: &mut BufReader<Box<dyn Line>>) -> std::io::Result<String> {
    let mut text = String::new();
    if line.read_line(&mut text).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end().to_owned())
}

async fn mail(line: &mut BufReader<Box<dyn Line>>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let one = hear(line).await?;
        if one == "." {
            return Ok(text);
        }
        text.push_str(one.strip_prefix('.').unwrap_or(&one));
        text.push('\n');
    }
}
