//! What does a relay's page say of who was told?

use super::words::words;

words! {
    title: "Who was told, by this relay" | "Qui a été prévenu, par ce relais";
    nobody: "No route of this relay is for this: it tells nobody. While the line is good the hub may." | "Aucune route de ce relais n’est pour cela\u{a0}: il ne prévient personne. Tant que la ligne est bonne, le hub le fait peut-être.";
    earlier: "{n} earlier messages are not shown here." | "{n} messages plus anciens ne sont pas montrés ici.";
    known_since: "What was sent before {time} is not known any more." | "Ce qui a été envoyé avant {time} n’est plus connu.";
    message: "By {channel} (route {route}), {kind}: {fate}" | "Par {channel} (route {route}), {kind}\u{a0}: {fate}";
    route: "Route {route}: {why}" | "Route {route}\u{a0}: {why}";
    until: "until {time}" | "jusqu’à {time}";
    sent: "taken at {time}" | "remis à {time}";
    waiting: "waits, next try {time}" | "en attente, prochain essai {time}";
    dead: "given up at {time}" | "abandonné à {time}";
    firing: "that it is so" | "que c’est en cours";
    resolved: "that it is over" | "que c’est terminé";
    cut: "that the site is cut off" | "que le site est coupé";
    back: "that the site is back" | "que le site est de retour";
    digest: "afterwards, in a digest" | "après coup, dans un récapitulatif";
    acknowledged: "that somebody knows" | "que quelqu’un est au courant";
    escalated: "one step further" | "une étape plus loin";
    elsewhere: "the hub tells of it" | "le hub s’en charge";
    known: "nobody was told: somebody said first that they know" | "personne n’a été prévenu\u{a0}: quelqu’un a dit avant qu’il savait";
    muted: "muted by planned work" | "rendue muette par des travaux prévus";
    behind_cut: "nobody is told: it was judged of what can not be seen" | "personne n’est prévenu\u{a0}: c’est jugé sur ce qui ne se voit pas";
    held: "held back at this hour" | "retenue à cette heure";
    gathers: "gathers what belongs together, or gives the hub time" | "rassemble ce qui va ensemble, ou laisse du temps au hub";
    nothing: "nothing to tell: over before anybody could be told, or settled" | "rien à dire\u{a0}: terminé avant que quiconque ait pu être prévenu, ou déjà réglé";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::words::tests::say_the_same_places;

    #[test]
    fn each_language_says_everything_with_the_same_places() {
        say_the_same_places(PAIRS);
        assert!(PAIRS.iter().all(|(_, english, french)| english != french));
    }
}
