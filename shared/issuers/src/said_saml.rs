//! What does the hub's file say of a house that speaks SAML?

use std::path::PathBuf;

use serde::Deserialize;
use vigie_model::Slug;
use vigie_people::Trust;
use vigie_saml::Wanted;

use crate::said::{How, Setup, SignInError, grants};

/// What SAML lets a house be called.
const NAME_BYTES: usize = 1_024;

/// A house that speaks SAML 2.0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlSaid {
    pub(crate) name: Slug,
    label: Option<String>,
    issuer: String,
    metadata_file: PathBuf,
    client_id: Option<String>,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    grants: Vec<String>,
    key_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    #[serde(default)]
    idp_initiated: bool,
    subject_attribute: Option<String>,
    email_attribute: Option<String>,
    name_attribute: Option<String>,
}

/// What is particular to SAML.
#[derive(Debug, Clone)]
pub(crate) struct Saml {
    /// As the house calls itself.
    pub(crate) house: String,
    pub(crate) metadata_file: PathBuf,
    /// How the house calls this hub, where it is not by the address of our metadata.
    pub(crate) client_id: Option<String>,
    /// Key and certificate that questions are signed with.
    pub(crate) signs: Option<(PathBuf, PathBuf)>,
    pub(crate) idp_initiated: bool,
    pub(crate) wanted: Wanted,
}

impl SamlSaid {
    pub(crate) fn check(&self) -> Result<Setup, SignInError> {
        let wrong = |why: &str| SignInError::Wrong(self.name.clone(), why.to_owned());
        if self.issuer.is_empty() || self.issuer.len() > NAME_BYTES {
            return Err(wrong("issuer is the entityID of its metadata"));
        }
        if self.client_id.as_ref().is_some_and(|name| name.is_empty() || name.len() > NAME_BYTES) {
            return Err(wrong(
                "client_id is how it calls this hub (an entityID); without it, the address of our metadata",
            ));
        }
        // SAML has no word for whether an address was verified: it is believed of what is its own, and that is said here.
        if self.domains.is_empty() {
            return Err(wrong(
                "domains = [\"example.org\"] says for whose addresses it speaks; without them nobody could come in",
            ));
        }
        let signs = match (&self.key_file, &self.certificate_file) {
            (Some(key), Some(certificate)) => Some((key.clone(), certificate.clone())),
            (None, None) => None,
            _ => return Err(wrong("key_file and certificate_file are said together, or neither")),
        };
        let trust = Trust {
            by: self.name.clone(),
            // Some houses call themselves the same by OpenID Connect, where who somebody is may be another's name here.
            issuer: format!("saml:{}", self.issuer),
            domains: self.domains.clone(),
            grants: grants(&self.name, &self.domains, &self.grants)?,
            owns_addresses: true,
            is_microsoft: false,
        };
        let how = How::Saml(Saml {
            house: self.issuer.clone(),
            metadata_file: self.metadata_file.clone(),
            client_id: self.client_id.clone(),
            signs,
            idp_initiated: self.idp_initiated,
            wanted: Wanted {
                subject: self.subject_attribute.clone(),
                email: self.email_attribute.clone(),
                name: self.name_attribute.clone(),
            },
        });
        Ok(Setup { label: self.label.clone().unwrap_or_else(|| self.name.to_string()), trust, how })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::said::{SignInSaid, check_all};

    #[derive(Deserialize)]
    struct File {
        sign_in: Vec<SignInSaid>,
    }

    fn read(lines: &str) -> Result<Setup, String> {
        let text =
            format!("[[sign_in]]\nkind='saml'\nname='office'\nissuer='urn:acme'\nmetadata_file='idp.xml'\n{lines}");
        let file: File = toml::from_str(&text).map_err(|error| error.to_string())?;
        Ok(check_all(&file.sign_in).map_err(|error| error.to_string())?.remove(0))
    }

    #[test]
    fn a_house_speaks_for_the_addresses_of_its_domains_and_does_not_begin() {
        let setup = read("domains=['acme.org']").expect("enough is said");
        assert!(setup.trust.owns_addresses && setup.trust.domains == ["acme.org"] && setup.label == "office");
        let How::Saml(saml) = setup.how else { panic!("SAML") };
        // An issuer of OpenID Connect is an address: nobody's account there is taken for one of this house.
        assert_eq!((setup.trust.issuer.as_str(), saml.house.as_str()), ("saml:urn:acme", "urn:acme"));
        assert!(!saml.idp_initiated && saml.signs.is_none() && saml.wanted == Wanted::default());
    }

    #[test]
    fn what_would_let_in_nobody_or_whom_nobody_meant_is_refused() {
        for lines in [
            "",
            "domains=['*.acme.org']",
            "domains=['acme.org']\ngrants=['observer']",
            "domains=['acme.org']\nkey_file='key.pem'",
            "domains=['acme.org']\nclient_id=''",
            // These say something of OpenID Connect alone.
            "domains=['acme.org']\nclient_secret_file='secret'",
            "domains=['acme.org']\nowns_addresses=true",
            "domains=['acme.org']\npreset='okta'",
        ] {
            assert!(read(lines).is_err(), "{lines}");
        }
    }
}
