//! What does somebody want watched, in the words of a form, and what comes of that for a machine?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::{Severity, Slug};

use crate::Stamp;

/// What is said of a rule at one place. What is left out is as it is in wider places.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleWish {
    /// The alert's name: of a default, or one of your own.
    pub name: String,
    /// Whose machines; everybody's if left out.
    pub client: Option<Slug>,
    /// Where; at all sites of the client if left out.
    pub site: Option<Slug>,
    /// One machine there, by its name or id.
    pub machine: Option<String>,
    /// Those of a group there.
    pub group: Option<Slug>,
    /// Those with a tag there.
    pub tag: Option<Slug>,
    /// Whether it is on.
    pub on: Option<bool>,
    /// The name of the series.
    pub metric: Option<String>,
    /// Labels that it must have.
    pub only: Option<BTreeMap<String, String>>,
    /// What is made of its samples: `last`, `avg 5m`, `max 5m`, `min 5m`, `rate 5m`, `forecast 6h 4d`.
    pub reading: Option<String>,
    /// Fires above this.
    pub above: Option<Quantity>,
    /// Fires below this.
    pub below: Option<Quantity>,
    /// What it must come back to before it clears.
    pub clear: Option<Quantity>,
    /// For how long it must hold, as in `10m`.
    #[serde(rename = "for")]
    pub hold: Option<String>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What is told of it: a template.
    pub summary: Option<String>,
}

/// A number, or one with a percent sign: 90 % of a ratio is 0.9.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Quantity {
    /// As it is compared.
    Number(f64),
    /// As somebody typed it.
    Text(String),
}

impl Quantity {
    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => match text.trim().strip_suffix('%') {
                // Divided, so that 90 % is the same number as 0.9.
                Some(share) => share.trim().parse::<f64>().ok().map(|share| share / 100.0),
                None => text.trim().parse().ok(),
            },
        };
        number.filter(|number| number.is_finite())
    }
}

/// What is said of a rule, level by level, and what holds for one machine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct RuleLevels {
    /// The rule.
    pub name: String,
    /// What is said where, from the widest to the narrowest.
    pub levels: Vec<RuleLevel>,
    /// What holds for the machine that was asked about, value by value.
    pub machine: Option<RuleOfMachine>,
}

/// What is said of a rule at one place.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RuleLevel {
    /// For whom.
    pub scope: String,
    /// Whose place that is; nobody's where it is for everybody.
    pub client: Option<Slug>,
    /// Which of their sites; none where it is for all of them.
    pub site: Option<Slug>,
    /// Value by value.
    pub says: BTreeMap<String, String>,
    /// Who said so.
    pub by: String,
    /// Where: the name of the hub or relay.
    pub at: String,
    /// When.
    pub made_at: Stamp,
    /// Whether it is a version beside a later one: its writer did not know of the other.
    pub beside: bool,
}

/// What holds for one machine.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RuleOfMachine {
    /// Its name.
    pub machine: String,
    /// The expression that is evaluated; none where the rule is off.
    pub expr: Option<String>,
    /// Why what is said makes no rule, if so.
    pub fault: Option<String>,
    /// Each value with the level that decided, in one sentence.
    pub values: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_number_or_a_share_in_percent() {
        let of = |text: &str| Quantity::Text(text.to_owned()).number();
        assert_eq!((of("90%"), of("0.9"), of(" 12.5 % ")), (Some(0.9), Some(0.9), Some(0.125)));
        assert_eq!((of("many"), of("nan"), of("1e999"), of("")), (None, None, None, None));
        let wish: RuleWish =
            serde_json::from_str(r#"{"name":"A","above":"95%","clear":1,"for":"5m"}"#).expect("a wish");
        assert_eq!((wish.above.and_then(|one| one.number()), wish.clear), (Some(0.95), Some(Quantity::Number(1.0))));
        assert!(serde_json::from_str::<RuleWish>(r#"{"name":"A","abvoe":1}"#).is_err());
    }
}
