//! How is this relay itself, for who stands before it?

use vigie_fleet::SaysOwn;
use vigie_model::{Now, UtcMs};
use vigie_net::Endpoint;
use vigie_node::NodeClock;
use vigie_serve::{Own, Stamp};

/// Asked whenever somebody looks at the page.
pub(crate) fn says(endpoint: Endpoint, clock: NodeClock) -> SaysOwn {
    let began_ms = clock.now().mono_ms;
    SaysOwn::new(move || Own {
        // By the clock that only goes forward: the other one may have been set since.
        began: began(clock.now(), began_ms),
        memory_bytes: std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(held_bytes),
        certificate_until: Stamp(endpoint.identity().validity().not_after),
        clock_off_ms: clock.trusted().map(|_| clock.offset_ms()),
    })
}

fn began(now: Now, began_ms: u64) -> Stamp {
    let runs_ms = i64::try_from(now.mono_ms.saturating_sub(began_ms)).unwrap_or(i64::MAX);
    Stamp(UtcMs(now.utc.0.saturating_sub(runs_ms)))
}

/// What a program holds in memory, as proc(5) says of it.
fn held_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_changes_nothing_about_for_how_long_it_runs() {
        let hour_ms = 3_600_000_i64;
        let now = |utc: i64| Now { mono_ms: 500 + hour_ms.cast_unsigned(), utc: UtcMs(utc) };
        assert_eq!(began(now(9 * hour_ms), 500), Stamp(UtcMs(8 * hour_ms)));
        assert_eq!(began(now(20 * hour_ms), 500), Stamp(UtcMs(19 * hour_ms)));
    }

    #[test]
    fn what_a_program_holds_is_read_and_nothing_is_made_of_what_is_not_said() {
        assert_eq!(held_bytes("Name:\trelay\nVmRSS:\t   31000 kB\nThreads:\t4\n"), Some(31_744_000));
        for none in ["", "VmRSS:\n", "VmRSS: many kB\n", "VmSize:\t 9 kB\n", "VmRSS: 99999999999999999999 kB\n"] {
            assert_eq!(held_bytes(none), None, "{none:?}");
        }
    }
}
