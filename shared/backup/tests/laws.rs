//! What was written is read again, and nothing else is.

use proptest::prelude::*;
use vigie_backup::{Head, Item, Lock, Passphrase, ReadError, Reader, Total, Writer};

fn head(sealed: bool) -> Head {
    Head {
        node: "n1".to_owned(),
        name: "hub".to_owned(),
        software: "0.1.0".to_owned(),
        made_at_ms: 1_795_219_200_000,
        lock: sealed.then(|| Lock::new([7; 16])),
    }
}

fn words() -> Passphrase {
    Passphrase::new("a lantern for the night watch\n")
}

fn written(items: &[Item], sealed: bool) -> Vec<u8> {
    let passphrase = words();
    let mut writer = Writer::begin(Vec::new(), &head(sealed), sealed.then_some(&passphrase)).expect("memory");
    for item in items {
        match item {
            Item::File { path, mode, content } => writer.file(path, *mode, content),
            Item::Store(name) => writer.store(name),
            Item::Row { table, key, value } => writer.row(*table, key, value),
        }
        .expect("memory");
    }
    writer.end().expect("memory").0
}

fn read(backup: &[u8], passphrase: Option<&Passphrase>) -> Result<(Vec<Item>, Total), ReadError> {
    let (_, mut reader) = Reader::open(backup, passphrase)?;
    let mut items = Vec::new();
    while let Some(item) = reader.next()? {
        items.push(item);
    }
    Ok((items, reader.total()))
}

fn item() -> impl Strategy<Value = Item> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        ("[a-z/.]{1,20}", any::<u32>(), bytes(2_000)).prop_map(|(path, mode, content)| Item::File {
            path,
            mode,
            content
        }),
        "[a-z]{1,8}".prop_map(Item::Store),
        (any::<u8>(), bytes(40), bytes(2_000)).prop_map(|(table, key, value)| Item::Row { table, key, value }),
    ]
}

/// More than one chunk of content.
fn large() -> Vec<Item> {
    let row = |at: u32| Item::Row { table: 1, key: at.to_be_bytes().to_vec(), value: vec![at as u8; 10_000] };
    (0..100).map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read_again(items in prop::collection::vec(item(), 0..30)) {
        let (read, total) = read(&written(&items, false), None).expect("whole");
        prop_assert_eq!(&read, &items);
        let rows = items.iter().filter(|item| matches!(item, Item::Row { .. })).count();
        prop_assert_eq!(total.rows, rows as u64);
    }

    #[test]
    fn no_changed_byte_and_no_missing_end_goes_unnoticed(
        items in prop::collection::vec(item(), 0..10),
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let mut backup = written(&items, false);
        prop_assert!(read(&backup[..at.index(backup.len())], None).is_err());
        let at = at.index(backup.len());
        backup[at] ^= 1 << bit;
        prop_assert!(read(&backup, None).is_err());
    }

    #[test]
    fn nonsense_is_refused_and_breaks_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes, None).is_err());
        let mut headed = written(&[], false);
        headed.extend(bytes);
        prop_assert!(read(&headed, None).is_err() || headed == written(&[], false));
    }
}

#[test]
fn a_sealed_backup_opens_with_its_passphrase_alone() {
    let items = large();
    let backup = written(&items, true);
    assert_eq!(read(&backup, Some(&words())).expect("whole").0, items);
    assert!(matches!(read(&backup, None), Err(ReadError::Sealed)));
    let other = Passphrase::new("a lantern for the day watch");
    assert!(matches!(read(&backup, Some(&other)), Err(ReadError::Damaged { good_bytes: 0, sealed: true })));
    let plain = [3_u8; 64];
    assert!(!backup.windows(plain.len()).any(|window| window == plain), "nothing of it stands in the clear");
    assert_eq!(Reader::open(backup.as_slice(), Some(&words())).expect("opens").0.name, "hub");
}

#[test]
fn chunks_that_change_places_are_found_out() {
    let backup = written(&large(), false);
    let head = backup.len() - written_chunks(&backup).iter().map(|(from, to)| to - from).sum::<usize>();
    let chunks = written_chunks(&backup);
    assert!(chunks.len() > 3, "{} chunks", chunks.len());
    let mut mixed = backup[..head].to_vec();
    for at in [1, 0].into_iter().chain(2..chunks.len()) {
        mixed.extend(&backup[chunks[at].0..chunks[at].1]);
    }
    assert_eq!(mixed.len(), backup.len());
    assert!(matches!(read(&mixed, None), Err(ReadError::Damaged { good_bytes: 0, sealed: false })));
    let cut = &backup[..chunks[chunks.len() - 1].0];
    assert!(matches!(read(cut, None), Err(ReadError::CutShort)), "without its last chunk it is cut short");
}

/// Where each chunk begins and ends.
fn written_chunks(backup: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize| u32::from_be_bytes(backup[at..at + 4].try_into().expect("four"));
    let mut at = 12 + number(8) as usize;
    let mut chunks = Vec::new();
    while at < backup.len() {
        let end = at + 4 + (number(at) & !(1 << 31)) as usize;
        chunks.push((at, end));
        at = end;
    }
    chunks
}

#[test]
fn another_file_and_a_later_backup_are_told_apart() {
    assert!(matches!(read(b"PK\x03\x04 something else", None), Err(ReadError::NotOne)));
    assert!(matches!(read(b"", None), Err(ReadError::NotOne)));
    let mut later = written(&[], false);
    later[7] = 9;
    assert!(matches!(read(&later, None), Err(ReadError::Newer(9))));
}
