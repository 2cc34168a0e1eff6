//! Does what programs count by datagram come to the right sums?

use proptest::prelude::*;
use vigie_formats::statsd::{StatsD, StatsDLimits, Tally};
use vigie_formats::{Batch, Kind};

#[test]
fn each_type_becomes_its_series() {
    let mut statsd = StatsD::new(StatsDLimits::default());
    statsd.take(b"page.views:1|c|@0.1|#env:prod,beta\nfuel:3|g\nusers:a|s\nusers:b|s\nusers:a|s\n");
    statsd.take(b"fuel:+4|g\r\nfuel:-10.5|g\nload:100:200|ms\nload:300|ms|@0.5|c:container\nsize:5|h");
    let wanted = [
        "fuel{} -3.5",
        "load{quantile=0.5} ~200",
        "load{quantile=0.9} ~300",
        "load{quantile=0.99} ~300",
        "load_count{} 4",
        "load_max{} 300",
        "load_min{} 100",
        "load_sum{} 900",
        "page_views_total{beta=true,env=prod} 10",
        "size{quantile=0.5} 5",
        "size{quantile=0.9} 5",
        "size{quantile=0.99} 5",
        "size_count{} 1",
        "size_max{} 5",
        "size_min{} 5",
        "size_sum{} 5",
        "users{} 2",
    ];
    assert_eq!(shown(&statsd.flush(1000)), wanted);
    assert_eq!(statsd.tally(), Tally { taken: 11, ..Tally::default() });
}

#[test]
fn totals_go_on_and_moments_begin_again() {
    let mut statsd = StatsD::new(StatsDLimits::default());
    statsd.take(b"a:1|c\nt:10|ms\nu:x|s\ng:7|g");
    statsd.flush(1000);
    statsd.take(b"a:2|c");
    let second = statsd.flush(2000);
    assert_eq!(shown(&second), ["a_total{} 3", "g{} 7", "t_count{} 1", "t_sum{} 10"]);
    assert!(second.series.iter().all(|series| series.samples[0].0 == 2000));
    assert_eq!(second.series[0].metadata.as_ref().map(|known| known.kind), Some(Kind::Counter));
    assert_eq!(second.series[2].metadata.as_ref().map(|known| known.unit.as_str()), Some("milliseconds"));
}

#[test]
fn a_silent_name_is_forgotten_and_makes_room() {
    let mut statsd = StatsD::new(StatsDLimits { names: 1, idle_ms: 5000, ..StatsDLimits::default() });
    statsd.take(b"a:1|c");
    statsd.flush(1000);
    statsd.take(b"b:1|c");
    assert_eq!((statsd.tally().names_refused, statsd.flush(6000).series.len()), (1, 1));
    statsd.flush(6001);
    assert_eq!(statsd.names(), 0);
    statsd.take(b"b:1|c");
    assert_eq!(shown(&statsd.flush(6002)), ["b_total{} 1"]);
}

#[test]
fn a_bad_line_spoils_nothing_but_itself() {
    let mut statsd = StatsD::new(StatsDLimits::default());
    let bad = b"nothing\na:1\na:|c\na:x|c\na:1|q\na:1|c|@0\na:1|c|@2\na:inf|c\na:NaN|g\n:1|c\nt:1|c|#k:1,k:2\ns:|s\n\xff:1|c\ngood:1|c";
    statsd.take(bad);
    statsd.take(b"_e{5,4}:title|text\n_sc|check|0");
    statsd.take(&vec![b'a'; 70_000]);
    assert_eq!(statsd.tally(), Tally { taken: 1, malformed: 14, events: 2, ..Tally::default() });
    assert_eq!(shown(&statsd.flush(1)), ["good_total{} 1"]);
}

#[test]
fn a_name_keeps_its_type_and_a_set_its_bounds() {
    let mut statsd = StatsD::new(StatsDLimits { set_members: 2, ..StatsDLimits::default() });
    statsd.take(b"a:1|g\na:x|s\nu:1|s\nu:2|s\nu:3|s\nu:1|s");
    assert_eq!(statsd.tally(), Tally { taken: 4, types_refused: 1, members_refused: 1, ..Tally::default() });
    assert_eq!(shown(&statsd.flush(1)), ["a{} 1", "u{} 2"]);
}

#[test]
fn two_names_that_make_one_series_make_it_once() {
    let mut statsd = StatsD::new(StatsDLimits::default());
    statsd.take(b"t:1|h\nt_count:5|g");
    let batch = statsd.flush(1);
    assert_eq!(batch.series.iter().filter(|series| series.name() == "t_count").count(), 1);
    assert_eq!(statsd.tally(), Tally { taken: 2, series_refused: 1, ..Tally::default() });
}

#[test]
fn a_total_never_falls_and_never_becomes_infinite() {
    let mut statsd = StatsD::new(StatsDLimits::default());
    statsd.take(b"a:1e308|c\na:1e308|c\na:1e308|c|@0.01\na:-1|c\ng:1e308|g\ng:+1e308|g");
    assert_eq!(statsd.tally(), Tally { taken: 2, malformed: 4, ..Tally::default() });
}

#[test]
fn tags_and_names_are_bounded() {
    let limits = StatsDLimits { labels_per_series: 2, label_bytes: 8, ..StatsDLimits::default() };
    let mut statsd = StatsD::new(limits);
    statsd.take(b"a:1|g|#b:1,c:2\nlonger.than.eight:1|g\na:1|g|#b:123456789\n2xx:1|g|#b.c:1,");
    assert_eq!(statsd.tally(), Tally { taken: 1, malformed: 3, ..Tally::default() });
    assert_eq!(shown(&statsd.flush(1)), ["_2xx{b_c=1} 1"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn no_packet_makes_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        text in "([a-c]{0,2}:[-+0-9.e:]{0,6}\\|(c|g|ms|h|s|d|q)?(\\|[@#][0-9.a:,]{0,5})?\n){0,6}",
        now in any::<i64>(),
    ) {
        let mut statsd = StatsD::new(StatsDLimits::default());
        statsd.take(&bytes);
        statsd.take(text.as_bytes());
        let lines = text.lines().filter(|line| !line.is_empty()).count() as u64;
        let batch = statsd.flush(now);
        prop_assert!(statsd.tally().taken + statsd.tally().malformed + statsd.tally().types_refused >= lines);
        prop_assert!(batch.series.windows(2).all(|pair| pair[0].labels < pair[1].labels), "each series stands once");
        statsd.flush(now.wrapping_neg());
    }
}

fn shown(batch: &Batch) -> Vec<String> {
    let lines = batch.series.iter().map(|series| {
        let labels = series.labels.iter().filter(|(name, _)| name != "__name__");
        let labels: Vec<_> = labels.map(|(name, value)| format!("{name}={value}")).collect();
        let value = series.samples[0].1;
        // Quantiles are within 2 % of what they stand for.
        let near = [200.0_f64, 300.0].into_iter().find(|whole| value != *whole && (value - whole).abs() < whole * 0.02);
        let value = near.map_or(value.to_string(), |whole| format!("~{whole}"));
        format!("{}{{{}}} {value}", series.name(), labels.join(","))
    });
    lines.collect()
}
