use super::*;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

fn head() -> Head {
    let key = key().verifying_key().to_bytes();
    let place = |name: &str| name.parse().expect("a slug");
    Head {
        relay: NodeId::of_key(&key),
        key,
        client: place("acme"),
        site: place("lyon"),
        name: "box".to_owned(),
        software: "1".to_owned(),
        hub_key: [9; 32],
        store_epoch: 3,
        made_at: UtcMs(1_790_000_000_000),
    }
}

/// Rows, then samples over more than one part, then the end.
fn written() -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), &head(), key()).expect("memory takes all");
    writer.rows(b"a row").expect("it fits");
    for frame in samples() {
        writer.samples(&frame).expect("it fits");
    }
    writer.end(7, 1).expect("memory takes all").0
}

fn samples() -> Vec<Vec<u8>> {
    (0..7).map(|no| vec![no; 100_000]).collect()
}

fn read(bytes: &[u8]) -> (Vec<Part>, Option<CarriedError>) {
    let mut parts = Vec::new();
    let mut reader = match Reader::begin(bytes) {
        Ok(reader) => reader,
        Err(error) => return (parts, Some(error)),
    };
    assert_eq!(reader.head(), &head());
    loop {
        match reader.next_part() {
            Ok(Some(part)) => parts.push(part),
            Ok(None) => return (parts, None),
            Err(error) => return (parts, Some(error)),
        }
    }
}

#[test]
fn a_file_gives_back_what_was_written_in_parts_of_bounded_size() {
    let (parts, error) = read(&written());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(parts.first(), Some(&Part::Rows(vec![b"a row".to_vec()])));
    assert_eq!(parts.last(), Some(&Part::End(End { parts: 4, ticks: 7, rows: 1 })));
    let of_samples = |part: &Part| if let Part::Samples(frames) = part { frames.clone() } else { Vec::new() };
    assert_eq!(parts.iter().flat_map(of_samples).collect::<Vec<_>>(), samples());
    let too_large = Writer::begin(Vec::new(), &head(), key()).expect("a head").samples(&vec![0; MAX_PART_BYTES]);
    assert!(matches!(too_large, Err(NotWritten::TooLarge { .. })));
}

#[test]
fn whatever_bit_is_turned_the_file_is_not_believed_from_that_part_on() {
    let (whole, (all, _)) = (written(), read(&written()));
    // Some places of each piece: magic, head, its signature, and the parts with theirs.
    for at in (0..400).chain((400..whole.len()).step_by(9_973)).chain(whole.len() - 150..whole.len()) {
        let mut turned = whole.clone();
        turned[at] ^= 1 << (at % 8);
        let (parts, error) = read(&turned);
        let error = error.expect("it is noticed");
        assert!(parts.len() < all.len() && parts[..] == all[..parts.len()], "what came before is right: {at}");
        match error {
            CarriedError::Damaged { part, at: begins } => {
                assert_eq!(part, parts.len() as u64 + 1);
                assert!(begins as usize <= at, "the place that is named is before the bit: {begins} {at}");
            }
            CarriedError::NotOne | CarriedError::Newer(_) | CarriedError::Head => assert!(parts.is_empty()),
            error => panic!("{at}: {error}"),
        }
    }
}

#[test]
fn a_file_that_was_cut_anywhere_says_in_which_part() {
    let (whole, (all, _)) = (written(), read(&written()));
    for len in (0..600).chain((600..whole.len()).step_by(9_973)).chain(whole.len() - 150..whole.len()) {
        let (parts, error) = read(&whole[..len]);
        assert_eq!(parts[..], all[..parts.len()]);
        match error.expect("it is noticed") {
            CarriedError::CutShort { part, at } => {
                assert_eq!(part, parts.len() as u64 + 1);
                assert!(at as usize <= len);
            }
            CarriedError::NotOne | CarriedError::Head => assert!(parts.is_empty()),
            error => panic!("{len}: {error}"),
        }
    }
    let (_, more) = read(&[whole, vec![0]].concat());
    assert!(matches!(more, Some(CarriedError::AfterEnd { .. })), "{more:?}");
}

#[test]
fn parts_can_not_be_left_out_doubled_or_taken_from_another_file() {
    let whole = written();
    let begin = MAGIC.len() + 5 + 64 + postcard::to_stdvec(&head()).expect("a head").len();
    let first = PART_HEAD_BYTES + 4 + b"a row".len();
    let without = [&whole[..begin], &whole[begin + first..]].concat();
    let doubled = [&whole[..begin + first], &whole[begin..]].concat();
    let other = Writer::begin(Vec::new(), &Head { store_epoch: 4, ..head() }, key()).expect("a head");
    let mixed = [&other.end(0, 0).expect("an end").0[..begin], &whole[begin..]].concat();
    for (bytes, right) in [(without, 0), (doubled, 1)] {
        let (parts, error) = read(&bytes);
        assert_eq!(parts.len(), right);
        assert!(matches!(error, Some(CarriedError::Damaged { .. })), "{error:?}");
    }
    let mut mixed = Reader::begin(mixed.as_slice()).expect("its head is right");
    assert!(matches!(mixed.next_part(), Err(CarriedError::Damaged { part: 1, .. })));
}

#[test]
fn nobody_signs_for_another_relay() {
    let forged = Writer::begin(Vec::new(), &head(), SigningKey::from_bytes(&[6; 32])).expect("a head");
    let forged = forged.end(0, 0).expect("an end").0;
    assert!(matches!(Reader::begin(forged.as_slice()), Err(CarriedError::Head)));
    let claimed = Head { relay: NodeId::from_bytes([1; 16]), ..head() };
    let claimed = Writer::begin(Vec::new(), &claimed, key()).expect("a head").end(0, 0).expect("an end").0;
    assert!(matches!(Reader::begin(claimed.as_slice()), Err(CarriedError::Head)));
}
