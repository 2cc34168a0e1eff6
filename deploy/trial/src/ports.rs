//! Ports for programs that are started by their number.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what Linux gives to whoever connects (32768 and up, `ip_local_port_range`): a port that was merely free a
/// moment ago may be somebody's own end of a connection when the program opens its door.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on, by TCP or UDP, and that this process has not given out before.
///
/// # Panics
///
/// Where all of them are taken.
pub fn free_port() -> u16 {
    // Two runs beside each other begin at different places.
    let start = std::process::id().wrapping_mul(61) % u32::from(COUNT);
    for _ in 0..COUNT {
        let at = (start + u32::from(NEXT.fetch_add(1, Ordering::Relaxed))) % u32::from(COUNT);
        let port = FIRST + u16::try_from(at).expect("below COUNT");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("none of {COUNT} ports from {FIRST} is free");
}
