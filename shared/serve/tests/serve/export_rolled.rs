//! Minutes and hours leave in each form, with how much of their time is in them.

use std::sync::Arc;

use crate::common::{ALL, Door, NOW_MS, Node, labels, machine};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use vigie_query::{
    Cell, Coverage, LabelSet, Limits, Selection, SeriesCells, SeriesPart, SeriesSamples, Source, SourceError, Visit,
    Wish, samples_alone,
};
use vigie_serve::Options;

const HOUR_MS: i64 = 3_600_000;
const BEGIN: i64 = NOW_MS / HOUR_MS * HOUR_MS;

/// Three hours of one series, of which the second has no number in it; beside them samples that nobody wants here.
struct Hours {
    labels: Arc<LabelSet>,
}

fn hour(no: i64, count: u64, value: f64, coverage: f64) -> Cell {
    let first = Some((BEGIN + no * HOUR_MS, value)).filter(|_| value.is_finite());
    Cell {
        begins_ms: BEGIN + no * HOUR_MS,
        length_ms: HOUR_MS,
        count,
        sum: value * count as f64,
        min: value,
        max: value + 1.0,
        first,
        last: first,
        climbed: 0.5,
        spread: Vec::new(),
        spread_error: 0.0,
        coverage,
    }
}

impl Source for Hours {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        samples_alone(self, selection, limits, sink)
    }

    fn select_parts(
        &self,
        _: &Selection<'_>,
        wish: Wish,
        _: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let labels = &self.labels;
        if wish.takes_cells {
            let cells = [hour(0, 360, 1.5, 1.0), hour(1, 4, f64::NAN, 0.25), hour(2, 180, -2.0, 0.5)];
            let _more = sink(SeriesPart::Cells(SeriesCells { labels, cells: &cells }));
        }
        let _more = sink(SeriesPart::Samples(SeriesSamples { labels, timestamps_ms: &[NOW_MS], values: &[7.0] }));
        Ok(Coverage::whole())
    }
}

fn door() -> Door {
    let labels = Arc::new(labels("up", &machine("compta", "acme", "lyon")));
    let source = Hours { labels };
    Door::of(Node { source: Box::new(source), ..Node::new() }, Options::default())
}

#[tokio::test]
async fn hours_leave_as_lines_with_a_list_for_each_column() {
    let door = door();
    let answer = door.get(ALL, "/api/v1/export?match[]=up&resolution=1h").await;
    let line: serde_json::Value = serde_json::from_str(answer.text()).expect("one line");
    let list = |name: &str| line[name].to_string();
    assert_eq!(line["metric"]["__name__"], "up");
    assert_eq!(list("timestamps"), format!("[{},{},{}]", BEGIN, BEGIN + HOUR_MS, BEGIN + 2 * HOUR_MS));
    assert_eq!((list("window_s"), list("count")), ("[3600,3600,3600]".to_owned(), "[360,4,180]".to_owned()));
    assert_eq!(answer.text().split("\"sum\":").nth(1).map(|rest| &rest[..15]), Some("[540,null,-360]"));
    assert_eq!(answer.text().split("\"first\":").nth(1).map(|rest| &rest[..13]), Some("[1.5,null,-2]"));
    assert_eq!(list("coverage"), "[1,0.25,0.5]");
    assert!(line.get("values").is_none(), "no sample is in it");
}

#[tokio::test]
async fn hours_leave_as_a_table_and_as_a_data_frame_those_alone_that_touch_the_time() {
    let door = door();
    let from = (BEGIN + HOUR_MS + 1) / 1_000;
    let table = door.get(ALL, &format!("/api/v1/export?match[]=up&resolution=1h&format=csv&start={from}")).await;
    let mut rows = table.text().lines();
    let header = rows.next().expect("a header");
    assert!(header.ends_with(",window_s,count,sum,min,max,first,last,climbed,coverage"), "{header}");
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].ends_with(",3600,4,NaN,NaN,NaN,NaN,NaN,0.5,0.25"), "{}", rows[0]);
    assert!(rows[1].ends_with(",3600,180,-360,-2,-1,-2,-2,0.5,0.5"), "{}", rows[1]);

    let answer = door.get(ALL, "/api/v1/export?match[]=up&resolution=1h&format=parquet").await;
    let file = SerializedFileReader::new(bytes::Bytes::from(answer.body)).expect("a whole file");
    let rows: Vec<_> = file.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].get_timestamp_millis(2).expect("a time"), BEGIN + 2 * HOUR_MS);
    assert_eq!((rows[2].get_long(3).expect("seconds"), rows[2].get_long(4).expect("a count")), (3_600, 180));
    let doubles: Vec<f64> = (5..12).map(|at| rows[2].get_double(at).expect("a value")).collect();
    assert_eq!(doubles, [-360.0, -2.0, -1.0, -2.0, -2.0, 0.5, 0.5]);
}

#[tokio::test]
async fn a_resolution_of_an_export_is_raw_a_minute_or_an_hour() {
    let door = door();
    for (said, known) in [("raw", true), ("1m", true), ("1h", true), ("auto", false), ("5m", false)] {
        let answer = door.get(ALL, &format!("/api/v1/export?match[]=up&resolution={said}")).await;
        assert_eq!(answer.status == 200, known, "{said}: {}", answer.text());
    }
    let refused = door.get(ALL, "/api/v1/export?match[]=up&resolution=5m").await;
    assert!(refused.text().contains("resolution is raw, 1m or 1h"), "{}", refused.text());
}
