//! What does a file say of where requests may go?

use serde::Deserialize;

use crate::guard::Guard;
use crate::near::Net;

/// Nets of one file: a hub reaches some networks, not a list of hosts.
const MAX_NETS: usize = 64;

/// `[outgoing]` as it stands there. Every key may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutgoingSaid {
    allow: Vec<String>,
}

/// Something that can not be. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// Not a network.
    #[error("[outgoing] allow: {0}")]
    Net(#[from] crate::near::NoNet),
    /// A crowd of them.
    #[error("[outgoing] allow: at most {MAX_NETS} networks, not {0}")]
    Many(usize),
}

impl OutgoingSaid {
    /// The nets that it lets requests go to, beside the internet.
    ///
    /// # Errors
    /// The first that is none.
    pub fn nets(&self) -> Result<Vec<Net>, OutgoingError> {
        if self.allow.len() > MAX_NETS {
            return Err(OutgoingError::Many(self.allow.len()));
        }
        Ok(self.allow.iter().map(|net| net.parse()).collect::<Result<_, _>>()?)
    }

    /// The guard of a node that usually goes near, or does not.
    ///
    /// # Errors
    /// As [`OutgoingSaid::nets`].
    pub fn guard(&self, near: bool) -> Result<Guard, OutgoingError> {
        Ok(Guard::new(near, self.nets()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_networks_and_a_wrong_one_is_refused_with_its_word() {
        let read = |text: &str| toml::from_str::<OutgoingSaid>(text).expect("TOML").nets().map(|nets| nets.len());
        assert_eq!(read(""), Ok(0));
        assert_eq!(read("allow = ['10.0.0.0/8', 'fd12::/16']"), Ok(2));
        assert!(read("allow = ['10.0.0.1/8']").expect_err("not clean").to_string().contains("10.0.0.1/8"));
        assert!(toml::from_str::<OutgoingSaid>("deny = []").is_err());
    }
}
