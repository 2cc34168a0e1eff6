//! To which family does a metric belong?

use crate::Kind;

/// The family of a metric: what `look_up` knows under its own name, or under its name without a suffix that the
/// family's kind gives to its parts.
pub(crate) fn family_of<T>(name: &str, look_up: impl Fn(&str) -> Option<T>, kind: impl Fn(&T) -> Kind) -> Option<T> {
    look_up(name).or_else(|| {
        let parts = PARTS.iter().filter_map(|(suffix, kinds)| Some((name.strip_suffix(suffix)?, kinds)));
        let mut families = parts.filter_map(|(name, kinds)| Some((look_up(name)?, kinds)));
        families.find(|(family, kinds)| kinds.contains(&kind(family))).map(|(family, _)| family)
    })
}

const PARTS: [(&str, &[Kind]); 8] = [
    ("_bucket", &[Kind::Histogram, Kind::GaugeHistogram]),
    ("_sum", &[Kind::Histogram, Kind::Summary]),
    ("_count", &[Kind::Histogram, Kind::Summary]),
    ("_gsum", &[Kind::GaugeHistogram]),
    ("_gcount", &[Kind::GaugeHistogram]),
    ("_total", &[Kind::Counter]),
    ("_created", &[Kind::Counter, Kind::Histogram, Kind::Summary]),
    ("_info", &[Kind::Info]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_belongs_to_a_family_whose_kind_has_such_parts() {
        let look_up = |name: &str| match name {
            "h" => Some(Kind::Histogram),
            "g" => Some(Kind::Gauge),
            _ => None,
        };
        let of = |name| family_of(name, look_up, |kind| *kind);
        assert_eq!(of("h_bucket"), Some(Kind::Histogram));
        assert_eq!(of("g"), Some(Kind::Gauge));
        assert_eq!(of("g_count"), None);
        assert_eq!(of("h_total"), None);
    }
}
