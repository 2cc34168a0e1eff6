//! Does what lies between this site and the hub answer?
//!
//! The site's gateway gets an echo request, or a question where it sends no echo back; each server of names a question; whoever stands behind the gateway a datagram that ends there; and the
//! hub's machine an echo request and a call: when somebody looks, and every half minute while the hub is out of reach. While the line is good and nobody looks, nothing is sent: bytes may cost money here.

mod hop;
mod read;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::time::timeout;
use vigie_net::UplinkState;
use vigie_node::NodeClock;
use vigie_serve::{Around, AroundAnswer, AroundWhat, Stamp, Surroundings};

/// While the hub is out of reach.
const EVERY: Duration = Duration::from_secs(30);

/// How long an answer is waited for: a gateway takes milliseconds, a resolver that asks others a second.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where web servers listen.
const WEB_PORT: u16 = 443;

/// Where servers of names listen.
const NAMES_PORT: u16 = 53;

/// Looks around for as long as the node lives.
pub(crate) async fn look_around(
    told: Arc<Surroundings>,
    hub: Vec<String>,
    mut uplink: watch::Receiver<UplinkState>,
    clock: NodeClock,
) {
    let name = hub.iter().find_map(|address| read::host_name(address)).unwrap_or_default().to_owned();
    let mut answered: BTreeMap<(AroundWhat, String), Stamp> = BTreeMap::new();
    let mut hub_at = None;
    loop {
        let is_cut = !matches!(*uplink.borrow_and_update(), UplinkState::Connected { suspect: false, .. });
        tokio::select! {
            () = told.wanted() => {}
            () = tokio::time::sleep(EVERY), if is_cut => {}
            // Lost or found: how often is another question.
            changed = uplink.changed(), if !is_cut => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        let asked = Stamp(clock.now().utc);
        let (gateway, names, (found, behind, machine)) = tokio::join!(gateway(), names(&name), far(&hub, hub_at));
        hub_at = found;
        let all = gateway
            .into_iter()
            .map(|one| (AroundWhat::Gateway, one))
            .chain(behind.map(|one| (AroundWhat::Behind, one)))
            .chain(names.into_iter().map(|one| (AroundWhat::Names, one)))
            .chain([(AroundWhat::HubsMachine, machine)]);
        let around = |(what, (to, answer)): (AroundWhat, (Option<IpAddr>, AroundAnswer))| {
            let to = to.map(|to| to.to_string());
            // Behind the gateway another one may answer than before.
            let whom = to.clone().filter(|_| what != AroundWhat::Behind).unwrap_or_default();
            let key = (what, whom);
            if answer.is_there() {
                answered.insert(key.clone(), asked);
            }
            Around { what, to, asked, answer, answered: answered.get(&key).copied() }
        };
        told.tell(all.map(around).collect());
    }
}

type Asked = (Option<IpAddr>, AroundAnswer);

/// Nothing where the routes can not be read: then nothing is known.
async fn gateway() -> Option<Asked> {
    let routes = tokio::fs::read_to_string("/proc/net/route").await.ok()?;
    let Some(to) = read::gateway(&routes).map(IpAddr::V4) else { return Some((None, AroundAnswer::Nobody)) };
    // Both at once: who looks at the page waits no longer than for one of them.
    let echoed = tokio::task::spawn_blocking(move || echo(to));
    let (echoed, knocked) = tokio::join!(echoed, knock(SocketAddr::new(to, NAMES_PORT)));
    let answer = match echoed {
        Ok(Ok(took)) => AroundAnswer::After(took),
        // No right to send echoes here, or none comes back.
        Ok(Err(_)) | Err(_) => knocked,
    };
    Some((Some(to), answer))
}

/// An echo request, by a socket that needs no rights where the system lets its groups have it.
fn echo(to: IpAddr) -> std::io::Result<Duration> {
    if to.is_ipv6() {
        return Err(ErrorKind::Unsupported.into());
    }
    let mut socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(&SockAddr::from(SocketAddr::new(to, 0)))?;
    let begun = Instant::now();
    socket.send(&read::ECHO)?;
    let mut answer = [0; 64];
    loop {
        let bytes = socket.read(&mut answer)?;
        if answer.get(..bytes).and_then(|answer| answer.first()) == Some(&read::ECHO_REPLY) {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > PATIENCE {
            return Err(ErrorKind::TimedOut.into());
        }
    }
}

/// Many gateways are servers of names, too; one that is not says that nobody listens there, which says as much.
async fn knock(to: SocketAddr) -> AroundAnswer {
    let begun = Instant::now();
    match timeout(PATIENCE, ask_once(to, "")).await {
        Ok(Ok(_)) => AroundAnswer::After(begun.elapsed()),
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => AroundAnswer::After(begun.elapsed()),
        Ok(Err(error)) => AroundAnswer::Unreachable(error.to_string()),
        Err(_) => AroundAnswer::Silent(PATIENCE),
    }
}

/// Where the hub is, who stands on the way there, and whether its machine does. Where names are not answered the hub is still
/// where it `was`, and nobody waits for them.
async fn far(hub: &[String], was: Option<SocketAddr>) -> (Option<SocketAddr>, Option<Asked>, Asked) {
    let asked = async |at: Option<SocketAddr>| match at {
        Some(at) => tokio::join!(behind_gateway(at), machine_of(at)),
        None => (None, (None, AroundAnswer::Nobody)),
    };
    if was.is_none() {
        let found = find(hub).await;
        let (behind, machine) = asked(found).await;
        return (found, behind, machine);
    }
    let (found, (behind, machine)) = tokio::join!(find(hub), asked(was));
    (found.or(was), behind, machine)
}

/// Where the hub is, as names say now.
async fn find(hub: &[String]) -> Option<SocketAddr> {
    for address in hub {
        if let Ok(Ok(mut found)) = timeout(PATIENCE, tokio::net::lookup_host(address.as_str())).await
            && let Some(at) = found.next()
        {
            return Some(at);
        }
    }
    None
}

/// Nothing where there is nobody between: on one network, or on this machine.
async fn behind_gateway(hub: SocketAddr) -> Option<Asked> {
    if hub.ip().is_loopback() || !hub.is_ipv4() {
        return None;
    }
    Some(match hop::behind_gateway(hub).await {
        Some((who, took)) => (Some(who), AroundAnswer::After(took)),
        None => (None, AroundAnswer::Silent(PATIENCE)),
    })
}

/// Whether the hub's machine is there at all, whatever becomes of datagrams to the hub: it sends an echo, or somebody takes or
/// refuses a call where web servers are.
async fn machine_of(hub: SocketAddr) -> Asked {
    let to = hub.ip();
    let begun = Instant::now();
    let echoed = tokio::task::spawn_blocking(move || echo(to));
    let called = timeout(PATIENCE, TcpStream::connect(SocketAddr::new(to, WEB_PORT)));
    let (echoed, called) = tokio::join!(echoed, async { (called.await, begun.elapsed()) });
    let answer = match (echoed, called) {
        (Ok(Ok(took)), _) => AroundAnswer::After(took),
        (_, (Ok(Ok(_)), took)) => AroundAnswer::After(took),
        (_, (Ok(Err(error)), took)) if error.kind() == ErrorKind::ConnectionRefused => AroundAnswer::After(took),
        (_, (Ok(Err(error)), _)) => AroundAnswer::Unreachable(error.to_string()),
        (_, (Err(_), _)) => AroundAnswer::Silent(PATIENCE),
    };
    (Some(to), answer)
}

async fn names(name: &str) -> Vec<Asked> {
    let Ok(file) = tokio::fs::read_to_string("/etc/resolv.conf").await else { return Vec::new() };
    let mut asked = Vec::new();
    for to in read::servers(&file) {
        asked.push(tokio::spawn(ask(SocketAddr::new(to, NAMES_PORT), unheard_of(name))));
    }
    let mut all = Vec::new();
    for one in asked {
        all.extend(one.await.ok().map(|(to, answer)| (Some(to.ip()), answer)));
    }
    if all.is_empty() && !read::names_a_server(&file) { vec![(None, AroundAnswer::Nobody)] } else { all }
}

/// A name below the hub's that nobody can have asked for: what a server keeps would be answered without a line, too. That there
/// is none of that name is an answer.
fn unheard_of(name: &str) -> String {
    let mut chance = [0; 6];
    // Without chance it is asked for the name itself.
    match getrandom::fill(&mut chance) {
        Ok(()) => format!("v{:012x}.{name}", chance.into_iter().fold(0u64, |all, byte| all << 8 | u64::from(byte))),
        Err(_) => name.to_owned(),
    }
}

/// Asks a server of names for a name; for the root where there is none to ask for.
async fn ask(to: SocketAddr, name: String) -> (SocketAddr, AroundAnswer) {
    let begun = Instant::now();
    let answer = match timeout(PATIENCE, ask_once(to, &name)).await {
        Ok(Ok(None)) => AroundAnswer::After(begun.elapsed()),
        Ok(Ok(Some(why))) => AroundAnswer::Refused(why.to_owned()),
        Ok(Err(error)) => AroundAnswer::Unreachable(error.to_string()),
        Err(_) => AroundAnswer::Silent(PATIENCE),
    };
    (to, answer)
}

async fn ask_once(to: SocketAddr, name: &str) -> std::io::Result<Option<&'static str>> {
    let from: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0; 16], 0).into() };
    let socket = UdpSocket::bind(from).await?;
    socket.connect(to).await?;
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(|_| std::io::Error::from(ErrorKind::Other))?;
    socket.send(&read::question(id, name)).await?;
    let mut answer = [0; 512];
    loop {
        let bytes = socket.recv(&mut answer).await?;
        if let Some(said) = read::answered(id, answer.get(..bytes).unwrap_or_default()) {
            return Ok(said);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn server(answers: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((bytes, from)) = socket.recv_from(&mut question).await {
                for answer in answers(&question[..bytes]) {
                    socket.send_to(&answer, from).await.expect("sent");
                }
            }
        });
        address
    }

    /// The question with the bit of an answer, and this code.
    fn answer(question: &[u8], code: u8) -> Vec<u8> {
        let mut answer = question.to_vec();
        answer[2] |= 0x80;
        answer[3] = code;
        answer
    }

    #[tokio::test]
    async fn a_server_that_answers_is_there_whatever_it_knows_of_the_name() {
        for code in [0, 3] {
            let to = server(move |question| vec![answer(question, code)]).await;
            let (_, said) = ask(to, "hub.example.org".to_owned()).await;
            assert!(matches!(said, AroundAnswer::After(_)), "{said:?}");
        }
        let to = server(|question| vec![answer(question, 5)]).await;
        let (_, said) = ask(to, String::new()).await;
        assert_eq!(said, AroundAnswer::Refused("REFUSED".to_owned()));
        assert!(said.is_there());
    }

    #[tokio::test]
    async fn what_answers_another_question_is_passed_by() {
        let to = server(|question| {
            let mut other = answer(question, 5);
            other[0] ^= 1;
            vec![Vec::new(), question.to_vec(), other, answer(question, 0)]
        })
        .await;
        let (_, said) = ask(to, "hub.example.org".to_owned()).await;
        assert!(matches!(said, AroundAnswer::After(_)), "{said:?}");
    }

    #[tokio::test]
    async fn where_nobody_listens_that_is_said_and_where_a_door_is_shut_somebody_is_there() {
        let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let free = taken.local_addr().expect("an address");
        drop(taken);
        let (_, said) = ask(free, String::new()).await;
        assert!(matches!(said, AroundAnswer::Unreachable(_)), "{said:?}");
        let said = knock(free).await;
        assert!(matches!(said, AroundAnswer::After(_)), "{said:?}");
    }
}
