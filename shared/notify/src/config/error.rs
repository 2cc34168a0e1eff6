//! What can be wrong with a configuration?

use super::channels::MAX_RECEIVERS;
use super::words::{MAX_NAME_BYTES, MAX_SECONDS, MAX_STEPS};
use crate::mind::TemplateError;
use vigie_outgoing::OutgoingError;

/// Something in a configuration that can not be. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A name that does not read well in a log.
    #[error("a name has 1 to {MAX_NAME_BYTES} letters, digits, - and _; {0:?} has not")]
    Name(String),
    /// No time at all.
    #[error("timeout_s of channel {0:?} is at least 1")]
    Timeout(String),
    /// Two of the same kind have one name.
    #[error("two channels or two routes are named {0:?}")]
    Twice(String),
    /// Not an address of mail, or one with letters that many servers refuse.
    #[error("{1:?} of channel {0:?} is no mail address: write it plainly, as in ops@example.org")]
    Address(String, String),
    /// Nobody, or a crowd.
    #[error("channel {0:?} has 1 to {MAX_RECEIVERS} receivers")]
    Receivers(String),
    /// A host that can not be one.
    #[error("the host of channel {0:?} is a name or an address, without a port; helo is a plain name")]
    Host(String),
    /// Half of a login.
    #[error("channel {0:?} needs user and password_file together, or neither")]
    Login(String),
    /// A password in the clear.
    #[error("channel {0:?} would send its password unprotected: say tls = \"starttls\" or \"tls\"")]
    Unprotected(String),
    /// Not an address that can be posted to.
    #[error("the url of channel {0:?} is none: https://, a host, a path, and no user or password in it")]
    Url(String),
    /// Unprotected to anywhere.
    #[error("channel {0:?} would send over http:// to anybody on the way: say https://, or private = true")]
    Http(String),
    /// A topic that no server takes.
    #[error("the topic of channel {0:?} has 1 to 64 letters, digits, - and _")]
    Topic(String),
    /// A schedule of people on call.
    #[error("schedule {0:?}: {1}")]
    Schedule(String, String),
    /// A step of a ladder.
    #[error(
        "route {0:?}: a step comes 60 to 86400 s after the one before, and tells 1 to {MAX_STEPS} channels or schedules; a route has at most {MAX_STEPS} steps, repeated at most {MAX_STEPS} times"
    )]
    Step(String),
    /// A telephone number.
    #[error("{1:?} of channel {0:?} is no telephone number: write it as in +33612345678")]
    Number(String, String),
    /// A program that somebody else could put another in the place of.
    #[error("the command of channel {0:?} is the whole path of a program, as in /usr/bin/gammu-smsd-inject")]
    Command(String),
    /// A relay does not know people's devices.
    #[error("channel {0:?}: people's devices are known to the hub alone, name them in cloud.toml")]
    NoDevices(String),
    /// Nobody would be told.
    #[error(
        "route {0:?} would tell nobody by the channel {1:?}: it tells those whom a schedule names; say who else in a [[channel]] with kind = \"devices\""
    )]
    NoReceivers(String, String),
    /// Nobody to turn to.
    #[error("the contact of channel {0:?} is mailto: and an address, or https:// and a page")]
    Contact(String),
    /// A request that can not be made.
    #[error("channel {0:?}: {1}")]
    Template(String, TemplateError),
    /// A channel that is not there.
    #[error("route {0:?} names channel {1:?}, which is not configured")]
    NoChannel(String, String),
    /// A route to nobody.
    #[error("route {0:?} names no channel")]
    NoChannels(String),
    /// A time zone that nobody knows here.
    #[error(
        "route {0:?} is in zone {1:?}, which this system does not know: write it as in Europe/Paris, install tzdata"
    )]
    Zone(String, String),
    /// A day or a time of day.
    #[error("route {0:?} says {1:?}: days are as in \"mon\" or \"mon-fri\", times as in \"22:00\"")]
    Window(String, String),
    /// People can not answer so.
    #[error("[channel.two_way] of channel {0:?}: {1}")]
    TwoWay(String, &'static str),
    /// Where messages may go.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// A time that never comes.
    #[error("route {0:?} waits, pauses or repeats for more than {MAX_SECONDS} s, or repeats within less than 60 s")]
    Seconds(String),
}
