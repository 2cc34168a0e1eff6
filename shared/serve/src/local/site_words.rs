//! What do the pages say of what to do, of what lies around the relay, of taking something away, and of sound?

use super::words::words;

words! {
    // what to do
    todo: "What to do" | "Que faire";
    todo_link: "Read it at {where}" | "À lire sur {where}";
    todo_cut: "The hub is out of reach: what stands outside of this site may be, too." | "Le hub est injoignable\u{a0}: ce qui se trouve hors de ce site l’est peut-être aussi.";

    // what lies around the relay
    around: "From this relay to the hub" | "De ce relais jusqu’au hub";
    around_what: "What" | "Quoi";
    around_how: "How it is" | "État";
    around_asked: "Asked" | "Demandé";
    around_well: "Last answered" | "Dernière réponse";
    around_gateway: "The site’s gateway" | "La passerelle du site";
    around_behind: "Behind the gateway (the line’s operator, as a rule)" | "Derrière la passerelle (l’opérateur, en général)";
    around_machine: "The hub’s machine" | "La machine du hub";
    around_may_be_silent: "no answer: some never give one" | "pas de réponse\u{a0}: certains n’en donnent jamais";
    around_no_address: "the hub’s address is not known: its name is not answered" | "l’adresse du hub est inconnue\u{a0}: son nom ne répond pas";
    around_names: "Names (DNS)" | "Les noms (DNS)";
    around_hub: "The hub" | "Le hub";
    around_in: "answered in {span}" | "a répondu en {span}";
    around_never: "not since this relay was started" | "pas depuis le démarrage de ce relais";
    around_no_gateway: "none in this machine’s IPv4 routes" | "aucune dans les routes IPv4 de cette machine";
    around_no_names: "this machine’s resolver file names no server" | "le fichier du résolveur de cette machine ne nomme aucun serveur";
    around_silent: "no answer within {span}" | "pas de réponse en {span}";
    around_refused: "answers, but not to this: {why}" | "répond, mais pas à cela\u{a0}: {why}";
    around_unreachable: "can not be asked: {why}" | "ne peut pas être interrogé\u{a0}: {why}";
    around_hub_heard: "heard, round trip {span}" | "entendu, aller-retour {span}";
    around_hub_suspect: "nothing comes back" | "rien ne revient";
    around_hub_cut: "not reached" | "pas joint";
    around_hub_always: "all the time" | "sans cesse";
    around_when: "All but the hub are asked when somebody opens this page, and every 30 s while the hub is out of reach." | "Tous sauf le hub sont interrogés quand quelqu’un ouvre cette page, et toutes les 30 s tant que le hub est injoignable.";
    line_day: "The line within the last 24 hours" | "La liaison sur les dernières 24 heures";
    line_trip: "Round trip to the hub (ms)" | "Aller-retour jusqu’au hub (ms)";
    line_lost: "Packets lost (%, up to 10)" | "Paquets perdus (%, jusqu’à 10)";
    line_up: "Time in which the hub was heard (%)" | "Temps où le hub a été entendu (%)";
    line_none: "Nothing is noted yet: this relay notes each minute how its line was, unless measured_every_min says otherwise." | "Rien n’est encore noté\u{a0}: ce relais note chaque minute l’état de sa liaison, sauf si measured_every_min en décide autrement.";
    own: "This relay" | "Ce relais";
    own_runs: "Runs since" | "En marche depuis";
    own_memory: "Memory" | "Mémoire";
    own_unknown: "not known" | "inconnue";
    own_certificate: "Its certificate" | "Son certificat";
    own_until: "valid until {at}" | "valable jusqu’au {at}";
    own_expired: "not valid since {at}: the hub refuses it. Enrol the relay again." | "n’est plus valable depuis le {at}\u{a0}: le hub le refuse. Inscrire le relais à nouveau.";
    own_renew: "It is renewed while the hub is reached: mend the line before then." | "Il est renouvelé quand le hub est joint\u{a0}: rétablir la ligne avant cette date.";
    own_clock: "Its clock" | "Son horloge";
    own_clock_right: "right, as the hub tells" | "juste, d’après le hub";
    own_clock_ahead: "{span} ahead of the hub’s; times here are corrected by that" | "{span} d’avance sur celle du hub\u{a0}; les heures d’ici en sont corrigées";
    own_clock_behind: "{span} behind the hub’s; times here are corrected by that" | "{span} de retard sur celle du hub\u{a0}; les heures d’ici en sont corrigées";
    own_clock_unknown: "not known: the hub has not told the time since this relay began" | "inconnue\u{a0}: le hub n’a pas dit l’heure depuis le démarrage de ce relais";
    around_says_refused: "The hub is reached, and one of the two refuses the other’s certificate: the line works. Look at this relay’s certificate and clock below, then call whoever runs the hub." | "Le hub est joint, et l’un des deux refuse le certificat de l’autre\u{a0}: la ligne fonctionne. Regarder plus bas le certificat et l’horloge de ce relais, puis appeler qui gère le hub.";
    around_says_gateway: "The gateway does not answer: look at the cable, the switch and the router of this site." | "La passerelle ne répond pas\u{a0}: regarder le câble, le commutateur et la box ou le routeur du site.";
    around_says_line: "The gateway answers, names do not: the line of this site is probably down. Call the operator of the line." | "La passerelle répond, les noms non\u{a0}: la ligne du site est sans doute coupée. Appeler l’opérateur de la ligne.";
    around_says_operator: "The line works as far as its operator, names are not answered: the operator’s network or its servers of names are disturbed. Call the operator of the line." | "La ligne fonctionne jusqu’à l’opérateur, les noms ne répondent pas\u{a0}: le réseau de l’opérateur ou ses serveurs de noms sont perturbés. Appeler l’opérateur de la ligne.";
    around_says_blocked: "The hub’s machine answers, the hub does not: the line works. Either a firewall keeps UDP to the hub’s address from passing, here or there, or the hub is stopped. Call whoever runs this site’s firewall, or the hub." | "La machine du hub répond, le hub non\u{a0}: la ligne fonctionne. Soit un pare-feu, ici ou là-bas, bloque l’UDP vers l’adresse du hub, soit le hub est arrêté. Appeler qui gère le pare-feu du site, ou le hub.";
    around_says_hub: "Names are answered, the hub is not reached: look whether UDP to its address passes the firewall and whether other sites of the Internet open, then call whoever runs the hub." | "Les noms répondent, le hub n’est pas joint\u{a0}: vérifier que l’UDP vers son adresse traverse le pare-feu et que d’autres sites d’Internet s’ouvrent, puis appeler qui gère le hub.";

    // to take away
    carry: "To take away" | "À emporter";
    carry_what: "Files to save on this device or on a stick, for people and their programs. The hub takes none of these in: it gets everything over the line, when that is back." | "Des fichiers à enregistrer sur cet appareil ou sur une clé, pour les gens et leurs programmes. Le hub n’en reprend aucun de ceux-ci\u{a0}: il reçoit tout par la liaison, à son retour.";
    carry_hub_what: "When the line stays away for long: one file with all that waits here, for the hub’s page of this site. It is signed, and not encrypted. Nothing is lost or sent twice by it, and all stays here until the hub is heard." | "Quand la liaison reste coupée longtemps\u{a0}: un seul fichier avec tout ce qui attend ici, pour la page de ce site sur le hub. Il est signé, mais non chiffré. Rien n’est perdu ni envoyé deux fois, et tout reste ici jusqu’à ce que le hub soit entendu.";
    carry_hub: "All that waits for the hub" | "Tout ce qui attend le hub";
    carry_day: "Samples of the last 24 hours, as a table (CSV)" | "Les mesures des dernières 24 heures, en tableau (CSV)";
    carry_week: "Samples of the last 7 days, for programs (JSON lines)" | "Les mesures des 7 derniers jours, pour des programmes (lignes JSON)";
    carry_alerts: "Alerts, open and over, with what was decided (JSON)" | "Les alertes, ouvertes et terminées, avec ce qui a été décidé (JSON)";
    carry_alerts_partly: "Only the latest {some} of {all} are in this file: it says under next_cursor how programs ask for the others." | "Seules les {some} dernières sur {all} sont dans ce fichier\u{a0}: next_cursor y dit comment les programmes demandent les autres.";
    carry_machines: "The machines and how they are (JSON)" | "Les machines et leur état (JSON)";
    carry_machines_partly: "Only {some} of {all} are in this file: it says under next_cursor how programs ask for the others." | "Seules {some} sur {all} sont dans ce fichier\u{a0}: next_cursor y dit comment les programmes demandent les autres.";

    // sound
    sound_page: "With a sound" | "Avec un son";
    sound_off_page: "Without a sound" | "Sans son";
    sound: "Sound" | "Son";
    sound_what: "A tone for each critical alert that is new. This page then looks every 10 s, by itself." | "Un son pour chaque nouvelle alerte critique. Cette page regarde alors toutes les 10 s, d’elle-même.";
    sound_on: "Turn the sound on" | "Activer le son";
    sound_off: "Turn the sound off" | "Couper le son";
    sound_is_on: "The sound is on." | "Le son est activé.";
    sound_is_off: "The sound is off." | "Le son est coupé.";
    sound_asleep: "This device has taken the sound away: nothing new would be heard. Turn it off and on again." | "Cet appareil a coupé le son\u{a0}: rien de nouveau ne serait signalé. L’arrêter puis le relancer.";
    sound_lost: "The sound is on, but this relay does not answer: nothing new would be heard." | "Le son est activé, mais ce relais ne répond pas\u{a0}: rien de nouveau ne serait signalé.";
    sound_script: "A sound needs JavaScript, which this browser does not run here." | "Un son demande JavaScript, que ce navigateur n’exécute pas ici.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::words::tests::say_the_same_places;

    #[test]
    fn each_language_says_everything_with_the_same_places() {
        say_the_same_places(PAIRS);
        for (name, english, french) in PAIRS {
            assert!(english.split(' ').count() < 3 || english != french, "{name}");
            assert!(![" :", " ;", " ?", " !"].iter().any(|sign| french.contains(sign)), "{name}");
        }
    }
}
