//! What does a public page say, in each of its languages?

use crate::local::words::words;

words! {
    skip: "Skip to the content" | "Aller au contenu";
    status: "status" | "état";
    as_of: "As of {time} ({zone})" | "État à {time} ({zone})";
    reload: "Reload" | "Recharger";
    other: "Français" | "English";
    preview: "A preview: this is what anybody would read. You alone see this address." | "Un aperçu\u{a0}: voici ce que tout le monde lirait. Vous seul voyez cette adresse.";
    is_old: "This page is more than two minutes old: what it shows may no longer be so." | "Cette page a plus de deux minutes\u{a0}: ce qu’elle montre n’est peut-être plus vrai.";
    all_operational: "Everything that is shown here works" | "Tout ce qui est montré ici fonctionne";
    all_maintenance: "Planned work is under way" | "Des travaux prévus sont en cours";
    all_off: "Something is switched off, as announced" | "Une partie est éteinte, comme annoncé";
    all_not_verified: "Not everything is verified at the moment" | "Tout n’est pas vérifié en ce moment";
    all_disturbed: "Something is disturbed" | "Il y a une perturbation";
    all_down: "Something is out of order" | "Il y a une panne";
    all_unknown_hint: "What is not verified may well work: at the moment nobody here can say." | "Ce qui n’est pas vérifié fonctionne peut-être\u{a0}: en ce moment personne ici ne peut le dire.";
    components: "Services" | "Services";
    components_none: "Nothing is shown on this page yet." | "Rien n’est encore montré sur cette page.";
    operational: "Operational" | "Opérationnel";
    maintenance: "Planned work" | "Travaux prévus";
    off: "Switched off, wholly or in part, as announced" | "Éteint, en tout ou partie, comme annoncé";
    off_since: "Switched off, wholly or in part, as announced at {time}" | "Éteint, en tout ou partie, comme annoncé à {time}";
    not_verified: "Not verified" | "Non vérifié";
    not_verified_since: "Not verified since {time}" | "Non vérifié depuis {time}";
    disturbed: "Disturbed" | "Perturbé";
    down: "Out of order" | "En panne";
    down_since: "Out of order since {time}" | "En panne depuis {time}";
    days: "{name}, last 90 days: {well} without disturbance, {bad} with one, {unsure} not fully verified, {none} without a record" | "{name}, 90 derniers jours\u{a0}: {well} sans perturbation, {bad} avec, {unsure} pas entièrement vérifiés, {none} sans relevé";
    share: "Since {day}: {share} up of what is verified; {verified} of the time is verified" | "Depuis le {day}\u{a0}: {share} de disponibilité sur ce qui est vérifié\u{a0}; {verified} du temps est vérifié";
    share_none: "No day of it was recorded yet." | "Aucun jour n’a encore été relevé.";
    from_to: "{from} to today" | "Du {from} à aujourd’hui";
    listed: "Days that stand out ({n})" | "Jours à signaler ({n})";
    day_down: "{date}: down {down}" | "{date}\u{a0}: en panne {down}";
    day_unsure: "{date}: not verified {unsure}" | "{date}\u{a0}: non vérifié {unsure}";
    day_both: "{date}: down {down}, not verified {unsure}" | "{date}\u{a0}: en panne {down}, non vérifié {unsure}";
    more: "and {n} more" | "et {n} autres";
    key: "Key" | "Légende";
    key_well: "no disturbance" | "sans perturbation";
    key_some: "some disturbance" | "perturbation";
    key_bad: "much of the day down" | "en panne une grande partie du jour";
    key_unsure: "not verified" | "non vérifié";
    key_none: "no record" | "sans relevé";
    work: "Planned work" | "Travaux prévus";
    work_of: "{from} to {to}: {what}" | "{from} – {to}\u{a0}: {what}";
    notices: "What is told" | "Communiqués";
    past: "Earlier notices" | "Communiqués précédents";
    investigating: "Being looked into" | "En cours d’examen";
    identified: "Cause known" | "Cause identifiée";
    watching: "Being watched" | "Sous surveillance";
    planned: "Planned" | "Prévu";
    over: "Over" | "Terminé";
    concerns: "Concerns: {what}" | "Concerne\u{a0}: {what}";
    zone: "Hours of {zone}; days are days of UTC." | "Heures de {zone}\u{a0}; les jours sont ceux d’UTC.";
    feed: "Notices as a feed" | "Communiqués en flux";
    data: "As JSON" | "En JSON";
    gone_title: "There is no such page" | "Cette page n’existe pas";
    gone: "It may have been turned off, or the address is not whole." | "Elle a peut-être été désactivée, ou l’adresse est incomplète.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::words::tests::say_the_same_places;

    #[test]
    fn each_sentence_has_the_same_places_in_both_languages() {
        say_the_same_places(PAIRS);
    }
}
