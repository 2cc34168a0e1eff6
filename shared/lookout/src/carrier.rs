//! Does this node's own network work, as far as it can tell without asking anybody?
//!
//! Where no interface of the machine itself has its carrier, a cable is out or a switch is off: whoever is not heard then is
//! not silent for that. What is only software (bridges, tunnels) always has one and says nothing.

use std::fs;
use std::path::Path;

/// Whether one of the interfaces in this folder (`/sys/class/net`) has its carrier. Where there is none that could tell, as in
/// a container or on another system, nothing is known against it.
pub(crate) fn is_there(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    let of_machine = entries.flatten().map(|entry| entry.path()).filter(|path| path.join("device").exists());
    // One that is switched off gives no answer, and no carrier.
    let has_carrier = |path: &Path| fs::read_to_string(path.join("carrier")).is_ok_and(|text| text.trim() == "1");
    let mut any = false;
    for path in of_machine {
        if has_carrier(&path) {
            return true;
        }
        any = true;
    }
    !any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_works_while_one_interface_of_the_machine_has_its_carrier() {
        let folder = tempfile::tempdir().expect("a folder");
        let interface = |name: &str, is_device: bool, carrier: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(&path).expect("a folder");
            if is_device {
                fs::write(path.join("device"), "").expect("a file");
            }
            fs::write(path.join("carrier"), carrier).expect("a file");
        };
        assert!(is_there(&folder.path().join("none")), "nobody can tell");
        interface("docker0", false, "1\n");
        assert!(is_there(folder.path()), "nor can software");
        interface("eth0", true, "0\n");
        assert!(!is_there(folder.path()), "the cable is out");
        interface("wlan0", true, "1\n");
        assert!(is_there(folder.path()));
    }
}
