//! By what labels is a scraped series known?

use vigie_formats::{ForeignSeries, NAME};

/// Whose series a page's are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) job: String,
    pub(crate) instance: String,
    /// Whether a page may say for itself which job and instance it speaks of.
    pub(crate) honor_labels: bool,
}

impl Whose {
    /// Adds `job` and `instance` as Prometheus does: what the page itself says under these names stays as `exported_…`,
    /// or wins where it is honoured.
    pub(crate) fn label(&self, series: &mut ForeignSeries) {
        for (key, value) in [("job", &self.job), ("instance", &self.instance)] {
            let said = series.labels.iter().position(|(name, _)| name == key);
            match said {
                Some(_) if self.honor_labels => continue,
                Some(at) => series.labels[at].0 = free_name(key, series),
                None => {}
            }
            series.labels.push((key.to_owned(), value.clone()));
        }
        series.labels.sort();
    }

    /// A series about the scrape itself.
    pub(crate) fn own(&self, name: &str, at_ms: i64, value: f64) -> ForeignSeries {
        let pairs = [(NAME, name), ("instance", &self.instance), ("job", &self.job)];
        let labels = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        ForeignSeries { labels, samples: vec![(at_ms, value)], metadata: None, started_ms: None }
    }
}

fn free_name(key: &str, series: &ForeignSeries) -> String {
    let mut name = format!("exported_{key}");
    while series.labels.iter().any(|(taken, _)| *taken == name) {
        name.insert_str(0, "exported_");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_can_not_pass_for_another_job_unless_it_is_honoured() {
        let mut whose = Whose { job: "node".to_owned(), instance: "a:1".to_owned(), honor_labels: false };
        let said = series(&[(NAME, "m"), ("exported_job", "x"), ("job", "other")]);
        let mut labelled = said.clone();
        whose.label(&mut labelled);
        let expected = [
            (NAME, "m"),
            ("exported_exported_job", "other"),
            ("exported_job", "x"),
            ("instance", "a:1"),
            ("job", "node"),
        ];
        assert_eq!(labelled, series(&expected));
        whose.honor_labels = true;
        let mut labelled = said;
        whose.label(&mut labelled);
        assert_eq!(labelled, series(&[(NAME, "m"), ("exported_job", "x"), ("instance", "a:1"), ("job", "other")]));
    }

    fn series(labels: &[(&str, &str)]) -> ForeignSeries {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ForeignSeries { labels, samples: Vec::new(), metadata: None, started_ms: None }
    }
}
