//! Does what is taken away come back as it was?

mod common;

use common::{bits, series};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use proptest::prelude::*;
use vigie_formats::export::{Cells, CsvError, CsvWriter, JsonLines, Nans, ParquetWriter, ROWS_PER_GROUP, Window};
use vigie_formats::{ForeignSeries, NAME, NORMAL_NAN_BITS, STALE_NAN_BITS};

#[test]
fn a_line_is_what_victoriametrics_writes() {
    let samples = [
        (1, 1.0),
        (2, -0.0),
        (3, f64::INFINITY),
        (4, f64::NEG_INFINITY),
        (5, f64::from_bits(NORMAL_NAN_BITS)),
        (6, f64::from_bits(STALE_NAN_BITS)),
        (7, 1e-7),
    ];
    let labels = [(NAME, "up"), ("job", "a\"b")];
    let line = |nans| {
        let mut lines = JsonLines::new(Vec::new(), nans);
        lines.series(&labels, &samples).expect("in memory");
        lines.series(&labels, &[]).expect("in memory");
        String::from_utf8(lines.finish().expect("in memory")).expect("text")
    };
    let head = r#"{"metric":{"__name__":"up","job":"a\"b"},"values":[1,-0,"Infinity","-Infinity",null,"#;
    let tail = ",1e-7],\"timestamps\":[1,2,3,4,5,6,7]}\n";
    assert_eq!(line(Nans::Null), format!("{head}null{tail}"));
    assert_eq!(line(Nans::Exact), format!("{head}\"NaN:7ff0000000000002\"{tail}"));
}

#[test]
fn a_sheet_has_a_column_for_each_label() {
    let columns = CsvWriter::columns(["b", NAME, "a", "b"].into_iter());
    assert_eq!(columns, [NAME, "a", "b"]);
    let mut sheet = CsvWriter::new(Vec::new(), columns, Cells::Guarded).expect("in memory");
    sheet.series(&[(NAME, "m"), ("a", "x,\"y\"\n")], &[(0, 1.5), (1, f64::NAN)]).expect("in memory");
    sheet.series(&[(NAME, "m"), ("b", "=cmd|' /C calc'!A0")], &[(-1, f64::INFINITY)]).expect("in memory");
    assert!(matches!(sheet.series(&[(NAME, "m"), ("c", "1")], &[(0, 1.0)]), Err(CsvError::NoColumn(_))));
    let text = String::from_utf8(sheet.finish().expect("in memory")).expect("text");
    let wanted = "time,__name__,a,b,value\r\n1970-01-01T00:00:00.000Z,m,\"x,\"\"y\"\"\n\",,1.5\r\n\
                  1970-01-01T00:00:00.001Z,m,\"x,\"\"y\"\"\n\",,NaN\r\n\
                  1969-12-31T23:59:59.999Z,m,,'=cmd|' /C calc'!A0,+Inf\r\n";
    assert_eq!(text, wanted);
}

#[test]
fn windows_have_a_column_for_each_thing_that_is_known_of_them() {
    let window = Window {
        begins_ms: 3_600_000,
        length_ms: 60_000,
        count: 6,
        sum: 1.5,
        min: -0.0,
        max: f64::INFINITY,
        first: f64::NAN,
        last: 0.5,
        climbed: 1e-7,
        coverage: 1.0,
    };
    let labels = [(NAME, "m"), ("a", "1")];
    let mut lines = JsonLines::new(Vec::new(), Nans::Null);
    lines.windows(&labels, &[window, window]).expect("in memory");
    lines.windows(&labels, &[]).expect("in memory");
    let text = String::from_utf8(lines.finish().expect("in memory")).expect("text");
    let (head, rest) = text.split_at(text.find(",\"sum\"").expect("a sum"));
    assert_eq!(
        head,
        r#"{"metric":{"__name__":"m","a":"1"},"timestamps":[3600000,3600000],"window_s":[60,60],"count":[6,6]"#
    );
    assert!(rest.contains(r#""min":[-0,-0],"max":["Infinity","Infinity"],"first":[null,null]"#), "{rest}");
    assert!(rest.ends_with("\"climbed\":[1e-7,1e-7],\"coverage\":[1,1]}\n"), "{rest}");

    let columns = CsvWriter::columns(["a"].into_iter());
    let mut sheet = CsvWriter::of_windows(Vec::new(), columns, Cells::Guarded).expect("in memory");
    sheet.windows(&labels, &[window]).expect("in memory");
    assert!(matches!(sheet.windows(&[("c", "1")], &[window]), Err(CsvError::NoColumn(_))));
    let text = String::from_utf8(sheet.finish().expect("in memory")).expect("text");
    let wanted = "time,__name__,a,window_s,count,sum,min,max,first,last,climbed,coverage\r\n\
                  1970-01-01T01:00:00.000Z,m,1,60,6,1.5,-0,+Inf,NaN,0.5,1e-7,1\r\n";
    assert_eq!(text, wanted);

    let mut file = ParquetWriter::of_windows(Vec::new()).expect("in memory");
    file.windows(&labels, &vec![window; ROWS_PER_GROUP + 1]).expect("in memory");
    let bytes = file.finish().expect("in memory");
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a file");
    assert_eq!(reader.num_row_groups(), 2);
    let row = reader.get_row_iter(None).expect("rows").last().expect("a row").expect("a row");
    assert_eq!((row.get_long(3).expect("seconds"), row.get_long(4).expect("a count")), (60, 6));
    assert_eq!(row.get_double(6).expect("a minimum").to_bits(), (-0.0f64).to_bits());
}

#[test]
fn a_long_series_is_several_row_groups() {
    let samples: Vec<_> = (0..2 * ROWS_PER_GROUP as i64 + 5).map(|at| (at, at as f64)).collect();
    let mut file = ParquetWriter::new(Vec::new()).expect("in memory");
    file.series(&[(NAME, "m"), ("a", "1")], &samples).expect("in memory");
    let bytes = file.finish().expect("in memory");
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a file");
    let groups: Vec<_> = reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(groups, [ROWS_PER_GROUP as i64, ROWS_PER_GROUP as i64, 5]);
}

#[test]
fn many_short_series_with_long_texts_are_several_row_groups() {
    let long = "x".repeat(4000);
    let mut file = ParquetWriter::new(Vec::new()).expect("in memory");
    for at in 0..5000 {
        file.series(&[(NAME, "m"), ("a", &format!("{at}{long}"))], &[(at, 1.0)]).expect("in memory");
    }
    let bytes = file.finish().expect("in memory");
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a file");
    assert_eq!(reader.num_row_groups(), 3, "20 MB of texts, 8 MiB at a time");
}

#[test]
fn a_file_of_nothing_is_still_a_file() {
    let bytes = ParquetWriter::new(Vec::new()).and_then(ParquetWriter::finish).expect("in memory");
    assert!(rows(bytes).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn parquet_keeps_every_bit(all in prop::collection::vec(series(), 0..8)) {
        let mut file = ParquetWriter::new(Vec::new()).expect("in memory");
        for series in &all {
            file.series(&series.labels, &series.samples).expect("in memory");
        }
        prop_assert_eq!(rows(file.finish().expect("in memory")), flat(&all));
    }

    #[test]
    fn exact_json_lines_keep_every_bit(all in prop::collection::vec(series(), 0..8)) {
        let mut lines = JsonLines::new(Vec::new(), Nans::Exact);
        for series in &all {
            lines.series(&series.labels, &series.samples).expect("in memory");
        }
        let text = String::from_utf8(lines.finish().expect("in memory")).expect("text");
        prop_assert_eq!(text.lines().count(), all.len());
        for (line, wanted) in text.lines().zip(&all) {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            prop_assert_eq!(read_labels(&line["metric"]), wanted.labels.clone());
            prop_assert_eq!(read_samples(&line), bits(&wanted.samples));
        }
    }
}

type Row = (String, Vec<(String, String)>, i64, u64);

fn rows(file: Vec<u8>) -> Vec<Row> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).expect("a file");
    let rows = reader.get_row_iter(None).expect("rows").map(|row| {
        let row = row.expect("a row");
        let labels: serde_json::Value = serde_json::from_str(row.get_string(1).expect("labels")).expect("JSON");
        let time_ms = row.get_timestamp_millis(2).expect("a time");
        let value = row.get_double(3).expect("a value").to_bits();
        (row.get_string(0).expect("a metric").clone(), read_labels(&labels), time_ms, value)
    });
    rows.collect()
}

fn flat(all: &[ForeignSeries]) -> Vec<Row> {
    let rows = all.iter().flat_map(|series| {
        let others: Vec<_> = series.labels.iter().filter(|(name, _)| name != NAME).cloned().collect();
        let row = move |(time_ms, bits)| (series.name().to_owned(), others.clone(), time_ms, bits);
        bits(&series.samples).into_iter().map(row)
    });
    rows.collect()
}

fn read_labels(object: &serde_json::Value) -> Vec<(String, String)> {
    let pairs = object.as_object().expect("an object").iter();
    let mut labels: Vec<_> =
        pairs.map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned())).collect();
    labels.sort();
    labels
}

fn read_samples(line: &serde_json::Value) -> Vec<(i64, u64)> {
    let values = line["values"].as_array().expect("a list").iter().map(|value| match value {
        serde_json::Value::Null => NORMAL_NAN_BITS,
        serde_json::Value::String(text) => match text.strip_prefix("NaN:") {
            Some(hex) => u64::from_str_radix(hex, 16).expect("hex"),
            None => text.parse::<f64>().expect("an infinity").to_bits(),
        },
        number => number.as_f64().expect("a number").to_bits(),
    });
    let times = line["timestamps"].as_array().expect("a list").iter().map(|time| time.as_i64().expect("a time"));
    times.zip(values).collect()
}
