//! Could this text be an address? Resolving it is the dialler's business, at each attempt anew.

/// Addresses above this are refused: a DNS name has 253 characters, a port 5.
pub const MAX_ADDRESS_BYTES: usize = 260;

/// Whether the text looks like `host:port`, `1.2.3.4:port` or `[::1]:port`, and needs no escaping anywhere.
pub fn is_plausible(address: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    address.len() <= MAX_ADDRESS_BYTES
        && !host.is_empty()
        && host.chars().all(allowed)
        && (host.starts_with('[') == host.ends_with(']'))
        && (host.starts_with('[') || !host.contains(':'))
        && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for good in ["hub.example.org:4433", "10.0.0.1:1", "[2001:db8::1]:4433", "[fe80::1%eth0]:1"] {
            assert!(is_plausible(good), "{good}");
        }
        for bad in ["", "hub", ":1", "hub:", "hub:99999", "a\"b:1", "a b:1", "::1:80", "[::1:80", "hub\n:1"] {
            assert!(!is_plausible(bad), "{bad}");
        }
    }
}
