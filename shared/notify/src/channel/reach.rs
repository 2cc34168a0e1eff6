//! Where may a message go, and whom do we trust there?
//!
//! A name is resolved, its addresses are checked, and one that was checked is what is connected to: a name that changes in
//! between leads nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// How long a name may take to resolve.
const RESOLVE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may take to open.
pub(crate) const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 4;

/// The addresses of a host that may be connected to.
pub(crate) async fn resolve(host: &str, port: u16, private: bool) -> Result<Vec<SocketAddr>, String> {
    let host = host.trim_matches(['[', ']']);
    let found = timeout(RESOLVE_PATIENCE, lookup_host((host, port)))
        .await
        .map_err(|_| format!("{host} was not resolved within {} s", RESOLVE_PATIENCE.as_secs()))?
        .map_err(|error| format!("{host} can not be resolved: {error}"))?;
    let all: Vec<SocketAddr> = found.take(64).collect();
    let may: Vec<SocketAddr> =
        all.iter().filter(|at| private || is_public(at.ip())).take(MAX_ADDRESSES).copied().collect();
    if may.is_empty() && !all.is_empty() {
        return Err(format!("{host} is not on the public internet; say private = true if that is meant"));
    }
    if may.is_empty() { Err(format!("{host} has no address")) } else { Ok(may) }
}

/// A connection to the first of them that answers.
pub(crate) async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut why = "no address".to_owned();
    for address in addresses {
        why = match timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => format!("no connection to {address}: {error}"),
            Err(_) => format!("no connection to {address} within {} s", CONNECT_PATIENCE.as_secs()),
        };
    }
    Err(why)
}

/// Trust in the system's roots, or in those of a file alone.
pub(crate) fn trust(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let wrong = |error: String| format!("{} holds no certificate that can be trusted: {error}", path.display());
            for root in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
                let root = root.map_err(|error| wrong(error.to_string()))?;
                roots.add(root).map_err(|error| wrong(error.to_string()))?;
            }
        }
        // Systems carry roots that no longer parse; those that do are enough, if there are any.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if roots.is_empty() {
        return Err("no root certificates were found; install ca-certificates, or say ca_file".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Whether anybody on the internet could be meant: not this machine, not its networks, not a cloud's metadata, nor one of
/// these written in another way (IANA's special-purpose registries, RFC 6890 and later).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    // An IPv4 address within, as NAT64 (RFC 6052) and 6to4 (RFC 3056) write it.
    let within = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match s[0] {
        0x64 if s[1] == 0xff9b && s[2..6] == [0; 4] => within(s[6], s[7]),
        0x2002 => within(s[1], s[2]),
        // 2001::/23 is for protocols (Teredo among them), 2001:db8::/32 for books.
        0x2001 => s[1] >= 0x200 && s[1] != 0xdb8,
        // 3fff::/20 is for books too; all else that is given out is within 2000::/3.
        0x3fff => s[1] >= 0x1000,
        first => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_not_public_however_it_is_written() {
        for near in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(near.parse().expect("an address")), "{near}");
        }
        for far in
            ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808"]
        {
            assert!(is_public(far.parse().expect("an address")), "{far}");
        }
    }

    #[tokio::test]
    async fn a_near_name_is_refused_before_anything_is_connected() {
        let refused = resolve("127.0.0.1", 9, false).await.expect_err("it is near");
        assert!(refused.contains("private = true"), "{refused}");
        assert!(resolve("[::1]", 9, false).await.is_err());
        assert_eq!(resolve("127.0.0.1", 9, true).await, Ok(vec!["127.0.0.1:9".parse().expect("an address")]));
    }
}
