//! How fast is a year of one series answered, from its samples and from its hours?

use std::sync::{Arc, LazyLock, RwLock};

use vigie_codec::SigningKey;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, seal};
use vigie_fleet::{Fleet, Known};
use vigie_model::{
    Boot, Incarnation, Kind, Moment, NodeId, Resolution, Role, Sample, Seq, SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};
use vigie_node::NodeClock;
use vigie_query::{Grain, Limits, Query, Steps};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Options, Rollups, ToFold, Write};

const HOUR: i64 = 3_600_000;
const BEGIN: i64 = 480_000 * HOUR;
const HOURS: i64 = 365 * 24;
const EVERY_MS: i64 = 10_000;

/// Series of the machine: one of them is asked for.
const SERIES: u32 = 10;

static YEAR: LazyLock<Fleet> = LazyLock::new(year);

fn main() {
    LazyLock::force(&YEAR);
    divan::main();
}

fn year() -> Fleet {
    let (mut log, _) = Log::open_on(FaultDisk::new(), Options { rollups: Rollups::All, ..Options::hub(1 << 34) })
        .expect("an empty disk");
    let key = SigningKey::from_bytes(&[1; 32]);
    let agent = NodeId::of_key(key.verifying_key().as_bytes());
    let stream = StreamId { agent, incarnation: Incarnation(1) };
    let def = |ix| {
        let label = format!("{ix}");
        SeriesDef::new("app.level", &[("n", &label)], "", Kind::Gauge, Resolution::TENTH).expect("a definition")
    };
    let public = *key.verifying_key().as_bytes();
    let hello = Write::Stream { stream, key: public, name: "box".to_owned() };
    log.commit(vec![hello, Write::Schema { stream, from: 0, defs: (0..SERIES).map(def).collect() }]).expect("kept");
    let in_hour = HOUR / EVERY_MS;
    for day in 0..HOURS / 24 {
        let of_hour = |hour: i64| {
            let ticks: Vec<Tick> = (hour * in_hour..(hour + 1) * in_hour).map(tick).collect();
            Write::Segment(seal(stream, &ticks, (0, SchemaHash::EMPTY), HeaderHash::NONE, &key).expect("a run"))
        };
        log.commit((day * 24..(day + 1) * 24).map(of_hour).collect()).expect("kept");
        while let Some(gathered) = log.gather(1).ok().filter(|gathered| !gathered.is_empty()) {
            let laid: Vec<_> = gathered.into_iter().map(|one| one.lay_out().expect("honest segments")).collect();
            log.put_in_place(&laid).expect("kept");
        }
        while let Some(gathered) = log.gather_folds(UtcMs(i64::MAX / 2), 1).ok().filter(|gathered| !gathered.is_empty())
        {
            let folded: Vec<_> = gathered.into_iter().map(ToFold::fold).collect();
            log.put_folded(&folded).expect("kept");
        }
    }
    let fleet = Fleet::of_log((Role::Hub, "hub".to_owned()), None, Arc::new(RwLock::new(log)), NodeClock::new());
    let place = |text: &str| text.parse().expect("a slug");
    let (client, site) = (place("acme"), place("lyon"));
    fleet.enrolled(Known { node: agent, role: Role::Agent, client, site, name: "box".to_owned() });
    fleet
}

fn tick(number: i64) -> Tick {
    let utc = BEGIN + number * EVERY_MS + 5_000;
    let at = Moment { utc: UtcMs(utc), boot: Boot { no: 1, ms: (number * EVERY_MS).cast_unsigned() } };
    let sample = |ix: u32| Sample { series: SeriesIx(ix), value: number * 7 % 1_003 + i64::from(ix) };
    Tick { seq: Seq(number.cast_unsigned() + 1), at, samples: (0..SERIES).map(sample).collect() }
}

fn ask(text: &str, grain: Grain) {
    let limits = Limits::usual();
    let steps = Steps::new(BEGIN + 24 * HOUR, BEGIN + HOURS * HOUR, HOUR, &limits).expect("steps");
    let query = Query::parse(text).expect(text).at_grain(grain);
    let answer = query.range(&*YEAR, steps, Query::LOOKBACK_MS, &limits).expect("an answer");
    let vigie_query::Value::Matrix(rows) = divan::black_box(answer.value) else { panic!("a range") };
    assert!(rows[0].1.len() as i64 > HOURS - 30);
}

#[divan::bench(args = [Grain::Raw, Grain::Hour, Grain::Minute], sample_count = 5)]
fn newest_each_hour_for_a_year(grain: Grain) {
    ask("app_level{n=\"3\"}", grain);
}

#[divan::bench(args = [Grain::Raw, Grain::Hour, Grain::Minute], sample_count = 5)]
fn mean_of_each_hour_for_a_year(grain: Grain) {
    ask("avg_over_time(app_level{n=\"3\"}[1h])", grain);
}
