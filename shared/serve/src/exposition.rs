//! How are a node's own numbers written for Prometheus?

use std::fmt::Write;

/// A text in Prometheus' exposition format 0.0.4, written family by family.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
}

impl Exposition {
    /// Begins a family of levels.
    pub fn gauge(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, help, "gauge")
    }

    /// Begins a family of running totals; the name ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str) -> Family<'_> {
        self.family(name, help, "counter")
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }

    fn family(&mut self, name: &str, help: &str, kind: &str) -> Family<'_> {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        Family { name: name.to_owned(), out: self }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("writing to a string never fails");
    }
}

/// One name, and its values under different labels.
#[derive(Debug)]
pub struct Family<'a> {
    name: String,
    out: &'a mut Exposition,
}

impl Family<'_> {
    /// Writes a value without labels.
    pub fn value(self, value: f64) {
        self.with(&[], value);
    }

    /// Writes a value under labels, and goes on.
    pub fn with(self, labels: &[(&str, &str)], value: f64) -> Self {
        let Self { name, out } = self;
        let pairs: Vec<_> = labels.iter().map(|(key, text)| format!("{key}=\"{}\"", escaped(text))).collect();
        let braced = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
        out.write(format_args!("{name}{braced} {}\n", crate::number::prometheus(value)));
        Self { name, out }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_written_as_prometheus_reads_it() {
        let mut out = Exposition::default();
        out.gauge("vigie_hub_streams", "Streams kept here.").with(&[("a", "x\"\\\n"), ("b", "1")], 2.0);
        out.counter("vigie_hub_ticks_total", "Ticks kept here.").value(f64::INFINITY);
        let wanted = "# HELP vigie_hub_streams Streams kept here.\n# TYPE vigie_hub_streams gauge\n\
                      vigie_hub_streams{a=\"x\\\"\\\\\\n\",b=\"1\"} 2\n\
                      # HELP vigie_hub_ticks_total Ticks kept here.\n# TYPE vigie_hub_ticks_total counter\n\
                      vigie_hub_ticks_total +Inf\n";
        assert_eq!(out.into_text(), wanted);
    }
}
