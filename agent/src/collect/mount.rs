//! Which filesystems are worth watching? Reads `/proc/self/mounts`; asks no filesystem anything.

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

/// The filesystems to watch, each device once, at its shortest mount point; sorted by mount point.
///
/// Bind mounts and btrfs subvolumes show one device at many places; the disk is full only once.
pub(super) fn watched(text: &[u8], reach: Reach) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for (mount, _) in lines(text).filter_map(parse).filter(|(_, its)| *its == reach) {
        // A later mount hides an earlier one at the same place.
        mounts.retain(|earlier| earlier.at != mount.at);
        match mounts.iter_mut().find(|known| known.device == mount.device) {
            Some(known) if mount.at.len() < known.at.len() => *known = mount,
            Some(_) => {}
            None => mounts.push(mount),
        }
    }
    mounts.sort_by(|a, b| a.at.cmp(&b.at));
    mounts
}

/// `/dev/vda / ext4 rw,relatime 0 0`
fn parse(line: &[u8]) -> Option<(Mount, Reach)> {
    let mut words = words(line);
    let (device, at, kind) = (words.next()?, words.next()?, words.next()?);
    let reach = reach(device, at, kind)?;
    let mount = Mount { device: unescape(device), at: unescape(at), kind: unescape(kind) };
    Some((mount, reach))
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

    const MOUNTS: &[u8] = b"proc /proc proc rw,relatime 0 0\nsysfs /sys sysfs rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n\
        /dev/vda2 /var/lib/docker/btrfs ext4 rw 0 0\n/dev/vda2 / ext4 rw,relatime 0 0\n\
        /dev/vda1 /boot/efi vfat rw 0 0\n/dev/loop3 /snap/core/17 squashfs ro 0 0\n\
        overlay /var/lib/docker/overlay2/ab/merged overlay rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n\
        nas:/export/home /home nfs4 rw,vers=4.2 0 0\n//srv/share /mnt/the\\040share cifs rw 0 0\n\
        tank/data /data zfs rw 0 0\n/dev/sdb1 /media/usb fuseblk rw 0 0\nportal /run/user/1/doc fuse.portal rw 0 0\n";

    #[test]
    fn each_disk_is_watched_once_at_its_shortest_place() {
        let places: Vec<_> = watched(MOUNTS, Reach::Local).into_iter().map(|mount| mount.at).collect();
        assert_eq!(places, ["/", "/boot/efi", "/data", "/media/usb"]);
    }

    #[test]
    fn what_can_hang_is_kept_apart() {
        let places: Vec<_> = watched(MOUNTS, Reach::Remote).into_iter().map(|mount| mount.at).collect();
        assert_eq!(places, ["/home", "/mnt/the share"]);
    }

    #[test]
    fn a_container_watches_its_own_root() {
        let mounts = watched(b"overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n", Reach::Local);
        assert_eq!(mounts.len(), 1);
    }

    #[test]
    fn a_mount_that_is_hidden_by_another_is_not_watched() {
        let mounts = watched(b"/dev/sda1 /mnt ext4 rw 0 0\n/dev/sdb1 /mnt xfs rw 0 0\n", Reach::Local);
        assert_eq!(mounts, [Mount { device: "/dev/sdb1".into(), at: "/mnt".into(), kind: "xfs".into() }]);
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
