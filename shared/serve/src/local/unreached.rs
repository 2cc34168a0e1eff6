//! Why did the way to the hub fail, in the reader's language? The link says it in English, in words that are its own.

use super::voice::Lang;

/// Sentences of the link, and what they are in French. `*` stands for what is told: an address, or what somebody else said.
const FRENCH: [(&str, &str); 17] = [
    ("* did not answer in time", "* n’a pas répondu à temps"),
    ("could not find the address of *", "l’adresse n’a pas été trouvée : *"),
    ("could not dial *", "pas de chemin vers *"),
    ("our own certificate can not be used: *", "notre propre certificat ne peut pas servir : *"),
    ("the other side refused our certificate: *", "l’autre côté a refusé notre certificat : *"),
    ("we refused the certificate of the other side: *", "nous avons refusé le certificat de l’autre côté : *"),
    ("the other side closed the connection: *", "l’autre côté a fermé la connexion : *"),
    ("closed here: *", "fermée d’ici : *"),
    ("the other side refuses new connections for now", "l’autre côté refuse pour l’instant de nouvelles connexions"),
    ("nothing was heard from the other side for too long", "rien n’est venu de l’autre côté pendant trop longtemps"),
    (
        "the other side does not speak this version of Vigie's protocol",
        "l’autre côté ne parle pas cette version du protocole de Vigie",
    ),
    ("the other side restarted", "l’autre côté a redémarré"),
    ("the connection broke: *", "la connexion s’est rompue : *"),
    ("expired", "expiré"),
    ("revoked", "révoqué"),
    ("not issued by this deployment's authority", "non délivré par l’autorité de ce déploiement"),
    ("none was shown", "aucun n’a été présenté"),
];

/// What is not known here stays as it was said.
pub(super) fn why(lang: Lang, said: &str) -> String {
    if lang == Lang::French { french(said, 3).replace(" :", "\u{a0}:") } else { said.to_owned() }
}

/// Whether somebody was reached, and one of the two did not let the other in.
pub(super) fn is_about_certificates(said: &str) -> bool {
    ["refused our certificate", "refused the certificate", "our own certificate"]
        .iter()
        .any(|words| said.contains(words))
}

/// A sentence may have another within itself: an address before it, or a reason behind it.
fn french(said: &str, depth: u8) -> String {
    if depth == 0 {
        return said.to_owned();
    }
    for (english, french_words) in FRENCH {
        let (before, after) = english.split_once('*').unwrap_or((english, ""));
        let told = said.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        match told {
            Some(told) if english.contains('*') => return french_words.replace('*', &french(told, depth - 1)),
            Some("") => return french_words.to_owned(),
            _ => {}
        }
    }
    match said.split_once(": ") {
        Some((address, rest)) if !address.contains(' ') => format!("{address} : {}", french(rest, depth - 1)),
        _ => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_french_with_what_it_tells_of_and_what_is_not_known_stays() {
        for (said, wanted) in [
            ("203.0.113.7:7800 did not answer in time", "203.0.113.7:7800 n’a pas répondu à temps"),
            (
                "203.0.113.7:7800: the other side refused our certificate: revoked",
                "203.0.113.7:7800 : l’autre côté a refusé notre certificat : révoqué",
            ),
            (
                "could not dial 10.0.0.1:1: Network is unreachable",
                "pas de chemin vers 10.0.0.1:1 : Network is unreachable",
            ),
            ("the other side restarted", "l’autre côté a redémarré"),
            ("the moon is full", "the moon is full"),
        ] {
            assert_eq!(why(Lang::French, said), wanted.replace(" :", "\u{a0}:"));
            assert_eq!(why(Lang::English, said), said);
        }
    }

    #[test]
    fn no_sentence_is_french_here_that_the_link_does_not_say() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../net/src/refusal.rs");
        let source = std::fs::read_to_string(source).expect("the link's own file");
        for (english, _) in FRENCH {
            let part = english.trim_matches('*').trim();
            assert!(source.contains(part), "{part:?} is said by nobody");
        }
        let refusals = FRENCH.iter().filter(|(english, _)| is_about_certificates(english));
        assert_eq!(refusals.count(), 3, "each way in which a certificate is refused");
    }
}
