//! Which filesystems are worth watching? Reads `/proc/self/mountinfo`; asks no filesystem anything.

use super::text::{lines, words};

/// Whether asking a filesystem can hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// On a disk of this machine.
    Local,
    /// At the other end of a network, or behind a program.
    Remote,
}

/// A mounted filesystem.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Mount {
    /// What is mounted: a device, a share, a dataset.
    pub(super) device: String,
    /// Where.
    pub(super) at: String,
    /// The kernel's name of the filesystem.
    pub(super) kind: String,
}

/// A mounted filesystem, and whether nobody can write to it: it was mounted so, or went so after an error. Of the filesystem
/// itself, not of this mount of it: a service manager shows an agent that it keeps from writing all of them read-only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mounted {
    pub(super) mount: Mount,
    pub(super) read_only: bool,
}

/// The filesystems to watch, each device once, at its shortest mount point; sorted by mount point.
///
/// Bind mounts and btrfs subvolumes show one device at many places; the disk is full only once.
pub(super) fn watched(text: &[u8], reach: Reach) -> Vec<Mounted> {
    let mut mounts: Vec<Mounted> = Vec::new();
    for (mounted, _) in lines(text).filter_map(parse).filter(|(_, its)| *its == reach) {
        let mount = &mounted.mount;
        // A later mount hides an earlier one at the same place.
        mounts.retain(|earlier| earlier.mount.at != mount.at);
        match mounts.iter_mut().find(|known| known.mount.device == mount.device) {
            Some(known) if mount.at.len() < known.mount.at.len() => *known = mounted,
            Some(_) => {}
            None => mounts.push(mounted),
        }
    }
    mounts.sort_by(|a, b| a.mount.at.cmp(&b.mount.at));
    mounts
}

/// `25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw`: the fifth word is where; behind the dash stand kind, device and
/// how the filesystem is mounted.
fn parse(line: &[u8]) -> Option<(Mounted, Reach)> {
    let mut words = words(line);
    let at = words.nth(4)?;
    words.find(|word| *word == b"-")?;
    let (kind, device, how) = (words.next()?, words.next()?, words.next()?);
    let reach = reach(device, at, kind)?;
    let mount = Mount { device: unescape(device), at: unescape(at), kind: unescape(kind) };
    let read_only = how.split(|byte| *byte == b',').any(|option| option == b"ro");
    Some((Mounted { mount, read_only }, reach))
}

/// Nothing for what is not a store of files: kernel interfaces, memory, images that are full by nature.
fn reach(device: &[u8], at: &[u8], kind: &[u8]) -> Option<Reach> {
    match kind {
        b"nfs" | b"nfs4" | b"cifs" | b"smb3" | b"smbfs" | b"ceph" | b"glusterfs" | b"9p" | b"lustre" | b"afs"
        | b"ocfs2" | b"gfs2" | b"virtiofs" => Some(Reach::Remote),
        b"fuse.sshfs" | b"fuse.s3fs" | b"fuse.rclone" | b"fuse.glusterfs" | b"fuse.ceph" | b"fuse.mergerfs" => {
            Some(Reach::Remote)
        }
        b"zfs" | b"bcachefs" => Some(Reach::Local),
        // The root of a container is where its files go.
        b"overlay" if at == b"/" => Some(Reach::Local),
        b"squashfs" | b"iso9660" | b"udf" | b"erofs" | b"cramfs" | b"romfs" | b"overlay" | b"autofs" => None,
        b"fuseblk" => Some(Reach::Local),
        other if other.starts_with(b"fuse") => None,
        // Kernel interfaces have no path for a device, UBI volumes are called ubi0:name.
        _ => (device.starts_with(b"/") || device.starts_with(b"ubi")).then_some(Reach::Local),
    }
}

/// The kernel writes space, tab, line end and backslash as `\040`, `\011`, `\012`, `\134`.
fn unescape(word: &[u8]) -> String {
    let mut plain = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        match after.first_chunk::<3>().and_then(|digits| octal(*digits)).filter(|_| *first == b'\\') {
            Some(byte) => {
                plain.push(byte);
                rest = &after[3..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(plain).unwrap_or_else(|odd| String::from_utf8_lossy(odd.as_bytes()).into_owned())
}

fn octal(digits: [u8; 3]) -> Option<u8> {
    digits.iter().try_fold(0u8, |sum, digit| {
        let digit = digit.wrapping_sub(b'0');
        if digit > 7 { None } else { sum.checked_mul(8)?.checked_add(digit) }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOUNTS: &[u8] = b"2 1 0:3 / /proc rw,relatime shared:2 - proc proc rw\n3 1 0:4 / /sys rw - sysfs sysfs rw\n\
        4 1 0:5 / /dev/shm rw shared:3 - tmpfs tmpfs rw\n5 1 254:2 /a /var/lib/docker/btrfs rw - ext4 /dev/vda2 rw\n\
        6 1 254:2 / / ro,relatime shared:1 master:7 - ext4 /dev/vda2 rw,errors=remount-ro\n\
        7 6 254:1 / /boot/efi rw - vfat /dev/vda1 ro,utf8\n8 6 7:3 / /snap/core/17 ro - squashfs /dev/loop3 ro\n\
        9 6 0:40 / /var/lib/docker/overlay2/ab/merged rw - overlay overlay rw\n10 6 0:6 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
        11 6 0:41 / /home rw - nfs4 nas:/export/home rw,vers=4.2\n12 6 0:42 / /mnt/the\\040share rw - cifs //srv/share rw\n\
        13 6 0:43 / /data rw - zfs tank/data rw\n14 6 8:17 / /media/usb rw - fuseblk /dev/sdb1 rw\n\
        15 6 0:44 / /run/user/1/doc rw - fuse.portal portal rw\n";

    #[test]
    fn each_disk_is_watched_once_at_its_shortest_place() {
        let places: Vec<_> = watched(MOUNTS, Reach::Local).into_iter().map(|one| one.mount.at).collect();
        assert_eq!(places, ["/", "/boot/efi", "/data", "/media/usb"]);
    }

    #[test]
    fn what_can_hang_is_kept_apart() {
        let places: Vec<_> = watched(MOUNTS, Reach::Remote).into_iter().map(|one| one.mount.at).collect();
        assert_eq!(places, ["/home", "/mnt/the share"]);
    }

    #[test]
    fn a_container_watches_its_own_root() {
        let mounts = watched(b"1 0 0:9 / / rw - overlay overlay rw\n2 1 0:3 / /proc rw - proc proc rw\n", Reach::Local);
        assert_eq!(mounts.len(), 1);
    }

    #[test]
    fn a_mount_that_is_hidden_by_another_is_not_watched() {
        let text = b"2 1 8:1 / /mnt rw - ext4 /dev/sda1 rw\n3 1 8:17 / /mnt rw - xfs /dev/sdb1 rw\n";
        let mount = Mount { device: "/dev/sdb1".into(), at: "/mnt".into(), kind: "xfs".into() };
        assert_eq!(watched(text, Reach::Local), [Mounted { mount, read_only: false }]);
    }

    #[test]
    fn a_filesystem_is_read_only_when_it_is_so_itself_and_not_where_a_service_is_kept_from_writing() {
        let all = watched(MOUNTS, Reach::Local);
        let found = |at: &str| all.iter().find(|one| one.mount.at == at).map(|one| one.read_only);
        assert_eq!((found("/"), found("/boot/efi")), (Some(false), Some(true)));
    }

    #[test]
    fn escapes_are_undone_and_lonely_backslashes_stay() {
        assert_eq!(unescape(br"a\040b\134c\9x\0"), r"a b\c\9x\0");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>, end in 0..MOUNTS.len()) {
            let _ = (watched(&text, Reach::Local), watched(&MOUNTS[..end], Reach::Remote), unescape(&text));
        }
    }
}
