//! What is one value with another?

use crate::column::ABSENT;

/// What stands between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    And,
    Or,
    Unless,
}

impl Operator {
    /// As it is written; nothing for what is no operator between values.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Some(match text {
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Modulo,
            "^" => Self::Power,
            "atan2" => Self::Atan2,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" => Self::GreaterOrEqual,
            "<=" => Self::LessOrEqual,
            "and" => Self::And,
            "or" => Self::Or,
            "unless" => Self::Unless,
            _ => return None,
        })
    }

    pub(crate) fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Greater | Self::Less | Self::GreaterOrEqual | Self::LessOrEqual
        )
    }

    pub(crate) fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// The result, and whether a comparison holds. Not for the operators between sets.
    fn apply(self, left: f64, right: f64) -> (f64, bool) {
        match self {
            Self::Add => (left + right, true),
            Self::Subtract => (left - right, true),
            Self::Multiply => (left * right, true),
            Self::Divide => (left / right, true),
            Self::Modulo => (left % right, true),
            Self::Power => (left.powf(right), true),
            Self::Atan2 => (left.atan2(right), true),
            Self::Equal => (left, left == right),
            Self::NotEqual => (left, left != right),
            Self::Greater => (left, left > right),
            Self::Less => (left, left < right),
            Self::GreaterOrEqual => (left, left >= right),
            Self::LessOrEqual => (left, left <= right),
            Self::And | Self::Or | Self::Unless => (left, true),
        }
    }

    /// The result at a step, or [`ABSENT`] where a comparison filters it out.
    pub(crate) fn result(self, left: f64, right: f64, as_bool: bool) -> f64 {
        match self.apply(left, right) {
            (_, holds) if as_bool => f64::from(u8::from(holds)),
            (value, true) => value,
            (_, false) => ABSENT,
        }
    }
}
