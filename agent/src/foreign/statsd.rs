//! What do programs count by datagram?

use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UdpSocket, UnixDatagram};
use tracing::warn;
use vigie_formats::statsd::{StatsD, StatsDLimits, Tally};
use vigie_model::{Moment, UtcMs};

use super::board::Refusal;
use super::{Said, Ways};

/// Datagrams read between two flushes. At ten seconds, 20,000 each second: a core would do little else beyond.
const MAX_PACKETS: u64 = 200_000;

/// The largest datagram there is, and one byte to see that a local one was larger.
const PACKET_BYTES: usize = 65_508;

/// A socket that can not be had now may be free later.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// Where is listened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatsdSettings {
    /// Its place on the board; the socket of the file system has the next.
    pub(crate) source: usize,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) flush_s: i64,
    /// Names with their tags.
    pub(crate) names: usize,
}

impl StatsdSettings {
    /// How each socket is known to people.
    pub(crate) fn places(&self) -> Vec<String> {
        let socket = self.socket.as_ref().map(|path| path.display().to_string());
        self.listen.map(|at| at.to_string()).into_iter().chain(socket).collect()
    }
}

/// Listens and flushes for ever. Both sockets count together.
pub(crate) async fn listen(settings: StatsdSettings, ways: Ways) {
    let mut ears = Ears { udp: None, unix: None };
    let mut counted = Counted::new(&settings);
    let mut last: Option<UtcMs> = None;
    let mut packet = vec![0; PACKET_BYTES];
    loop {
        ears.open(&settings, &ways).await;
        let patience = if ears.all_open(&settings) { Duration::MAX } else { TRY_AGAIN };
        let flush = ways.pace.next(settings.flush_s, last, ways.boot_no);
        tokio::pin!(flush);
        let again = tokio::time::sleep(patience.min(Duration::from_secs(86_400)));
        tokio::pin!(again);
        loop {
            tokio::select! {
                biased;
                at = &mut flush => {
                    last = Some(at.utc);
                    counted.flush(&settings, at, &ways);
                    break;
                }
                () = &mut again => break,
                heard = ears.hear(&mut packet) => match heard {
                    Ok(len) => counted.take(&packet[..len]),
                    // A datagram's error is of that datagram; a moment's rest keeps a broken socket from taking a core.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
            }
        }
    }
}

/// The sockets, as far as they are open.
#[derive(Debug)]
struct Ears {
    udp: Option<UdpSocket>,
    unix: Option<UnixDatagram>,
}

impl Ears {
    async fn open(&mut self, settings: &StatsdSettings, ways: &Ways) {
        let mut source = settings.source;
        if let Some(at) = settings.listen {
            if self.udp.is_none() {
                self.udp = tell(UdpSocket::bind(at).await, source, &at.to_string(), ways);
            }
            source += 1;
        }
        if let Some(path) = &settings.socket
            && self.unix.is_none()
        {
            self.unix = tell(bind(path), source, &path.display().to_string(), ways);
        }
    }

    fn all_open(&self, settings: &StatsdSettings) -> bool {
        (settings.listen.is_none() || self.udp.is_some()) && (settings.socket.is_none() || self.unix.is_some())
    }

    async fn hear(&self, packet: &mut [u8]) -> std::io::Result<usize> {
        // Both would borrow the packet: readiness first, then a read that does not wait.
        loop {
            let read = tokio::select! {
                ready = udp_ready(self.udp.as_ref()) => ready?.try_recv(packet),
                ready = unix_ready(self.unix.as_ref()) => ready?.try_recv(packet),
            };
            match read {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}

async fn udp_ready(socket: Option<&UdpSocket>) -> std::io::Result<&UdpSocket> {
    match socket {
        Some(socket) => socket.readable().await.map(|()| socket),
        None => std::future::pending().await,
    }
}

async fn unix_ready(socket: Option<&UnixDatagram>) -> std::io::Result<&UnixDatagram> {
    match socket {
        Some(socket) => socket.readable().await.map(|()| socket),
        None => std::future::pending().await,
    }
}

fn tell<S>(bound: std::io::Result<S>, source: usize, place: &str, ways: &Ways) -> Option<S> {
    match bound {
        Ok(socket) => {
            ways.board.up(source, 0);
            Some(socket)
        }
        Err(error) => {
            let why = format!("{place} can not be listened at: {error}; it is tried again every {TRY_AGAIN:?}");
            warn!(place, %error, "StatsD can not be listened for yet");
            ways.board.down(source, why);
            None
        }
    }
}

/// A socket that an earlier run left is taken away; anything else at its place stays. Every program of the machine may
/// write to it, as to a port on loopback.
fn bind(path: &Path) -> std::io::Result<UnixDatagram> {
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    let socket = UnixDatagram::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(socket)
}

/// What was heard since the last flush.
#[derive(Debug)]
struct Counted {
    statsd: StatsD,
    told: Tally,
    packets: u64,
}

impl Counted {
    fn new(settings: &StatsdSettings) -> Self {
        let limits = StatsDLimits { names: settings.names, set_members: 100_000, ..StatsDLimits::default() };
        Self { statsd: StatsD::new(limits), told: Tally::default(), packets: 0 }
    }

    fn take(&mut self, packet: &[u8]) {
        self.packets += 1;
        if self.packets <= MAX_PACKETS {
            self.statsd.take(packet);
        }
    }

    fn flush(&mut self, settings: &StatsdSettings, at: Moment, ways: &Ways) {
        let batch = self.statsd.flush(at.utc.0);
        let (now, then) = (self.statsd.tally(), std::mem::replace(&mut self.told, self.statsd.tally()));
        let board = &ways.board;
        board.refused(Refusal::Unreadable, now.malformed - then.malformed);
        board.refused(
            Refusal::SeriesCap,
            now.names_refused - then.names_refused + now.members_refused - then.members_refused,
        );
        board.refused(Refusal::LeftOut, now.types_refused - then.types_refused + now.events - then.events);
        board.refused(Refusal::Duplicate, now.series_refused - then.series_refused);
        board.refused(Refusal::Busy, std::mem::take(&mut self.packets).saturating_sub(MAX_PACKETS));
        let series = batch.series;
        settings.places().iter().zip(settings.source..).for_each(|(_, source)| board.heard(source, series.len()));
        // A busy store is counted where it refuses.
        drop(ways.hand.say(Said { source: settings.source, at, whole: true, series, answer: None }));
    }
}
