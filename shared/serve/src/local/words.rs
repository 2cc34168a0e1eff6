//! What does the page say, in each of its languages?
//!
//! Both stand side by side: whoever changes one sees the other, and a sentence that is missing does not compile. `{places}`
//! are filled in by what writes the sentence.

macro_rules! words {
    ($($name:ident: $english:literal | $french:literal;)*) => {
        /// The sentences of one language.
        #[derive(Debug)]
        pub(crate) struct Words { $(pub(crate) $name: &'static str,)* }

        pub(crate) const EN: Words = Words { $($name: $english,)* };
        pub(crate) const FR: Words = Words { $($name: $french,)* };

        impl Words {
            /// What is said in a language.
            pub(crate) fn of(lang: $crate::local::voice::Lang) -> &'static Self {
                match lang {
                    $crate::local::voice::Lang::English => &EN,
                    $crate::local::voice::Lang::French => &FR,
                }
            }
        }

        /// Each sentence: its name, and what it is in English and in French.
        #[cfg(test)]
        pub(crate) const PAIRS: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $french),)*];
    };
}

pub(crate) use words;

words! {
    // around every page
    skip: "Skip to the content" | "Aller au contenu";
    pages: "Pages" | "Pages";
    alerts: "Alerts" | "Alertes";
    machines: "Machines" | "Machines";
    link: "Link" | "Liaison";
    as_of: "As of {time}" | "État à {time}";
    reload: "Reload" | "Recharger";
    is_old: "This page is more than a minute old: what it shows may no longer be so." | "Cette page a plus d’une minute\u{a0}: ce qu’elle montre n’est peut-être plus vrai.";
    reloads: "Reloads every 30 s." | "Rechargée toutes les 30 s.";
    hold_still: "Keep it still" | "La figer";
    stands_still: "Does not reload by itself." | "Ne se recharge pas seule.";
    let_go: "Reload every 30 s" | "Recharger toutes les 30 s";
    language: "Language" | "Langue";
    theme: "Colours" | "Couleurs";
    theme_system: "As the system" | "Comme le système";
    theme_light: "Light" | "Clair";
    theme_dark: "Dark" | "Sombre";
    apply: "Apply" | "Appliquer";
    signed_in_as: "Signed in as {who}" | "Connecté\u{a0}: {who}";
    sign_out: "Sign out" | "Se déconnecter";
    zone: "Hours of {zone}" | "Heures de {zone}";
    turn: "Pages of this list" | "Pages de cette liste";
    previous: "Previous: {n} before" | "Précédent\u{a0}: {n} avant";
    next: "Next: {n} more" | "Suivant\u{a0}: encore {n}";
    wall: "For a wall screen" | "Pour un écran mural";
    wall_off: "Leave the wall screen" | "Quitter l’écran mural";
    search: "Filter" | "Filtrer";
    search_hint: "As in: caisse · status:critical · reach:silent · cpu:>90" | "Par exemple\u{a0}: caisse · status:critical · reach:silent · cpu:>90";
    search_wrong: "This filter can not be used: {why}. All machines are shown." | "Ce filtre ne peut pas être utilisé\u{a0}: {why}. Toutes les machines sont montrées.";
    search_none: "No machine matches {q}." | "Aucune machine ne correspond à {q}.";
    search_all: "Show all {n}" | "Montrer les {n}";
    page_of: "Page {page} of {pages}: {from} to {until} of {all}" | "Page {page} sur {pages}\u{a0}: {from} à {until} sur {all}";
    months: "? Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec" | "? janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.";
    day_unit: "d" | "j";
    nothing: "–" | "–";

    // the truth banner
    truth: "The hub and this site" | "Le hub et ce site";
    up_title: "The hub is in reach" | "Le hub est joignable";
    up_since: "Since {time} ({span})." | "Depuis {time} ({span}).";
    up_all_there: "Everything that is known here has reached it." | "Tout ce qui est connu ici lui est parvenu.";
    up_waiting: "Still on its way to it: {what}." | "Encore en route vers lui\u{a0}: {what}.";
    doubt_title: "Nothing comes back from the hub" | "Rien ne revient du hub";
    doubt_since: "Last heard at {time} ({span} ago)." | "Entendu pour la dernière fois à {time} (il y a {span}).";
    cut_title: "The hub is out of reach" | "Le hub est injoignable";
    cut_since: "Since {time} ({span})." | "Depuis {time} ({span}).";
    cut_never: "Not reached since this relay was started." | "Jamais joint depuis le démarrage de ce relais.";
    cut_goes_on: "This site goes on: it measures, watches and tells from here." | "Ce site continue\u{a0}: il mesure, surveille et prévient d’ici.";
    cut_decide: "What you decide here is kept, and reaches the hub when the line is back." | "Ce que vous décidez ici est conservé, et parviendra au hub au retour de la liaison.";
    cut_waiting: "Waiting for the hub, counted here: {what}." | "En attente du hub, compté ici\u{a0}: {what}.";
    cut_nothing: "Nothing waits for the hub yet." | "Rien n’attend encore le hub.";
    readings_one: "1 reading" | "1 relevé";
    readings: "{n} readings" | "{n} relevés";
    changed_one: "1 alert with news" | "1 alerte avec du nouveau";
    changed: "{n} alerts with news" | "{n} alertes avec du nouveau";
    rows_alerts_one: "1 change of alerts and decisions" | "1 changement d’alertes et de décisions";
    rows_alerts: "{n} changes of alerts and decisions" | "{n} changements d’alertes et de décisions";
    rows_state_one: "1 other change" | "1 autre changement";
    rows_state: "{n} other changes" | "{n} autres changements";
    and: " and " | " et ";
    drained: "{done} of {most} readings that waited are there, {rate} a second. Fresh ones go first, what waited beside them." | "{done} relevés en attente sur {most} sont arrivés, {rate} par seconde. Les récents passent d’abord, le reste à côté.";
    drained_title: "What waited has arrived" | "Ce qui attendait est arrivé";
    room: "Room on this relay" | "Place sur ce relais";
    room_left: "Room here for about {span} more at least ({used} of {most} are taken)." | "De la place ici pour environ {span} encore au moins ({used} pris sur {most}).";
    room_now: "{used} of {most} are taken here; for how long that lasts is not known yet." | "{used} sont pris ici sur {most}\u{a0}; pour combien de temps cela suffit n’est pas encore connu.";
    done_in: "Done in about {span}." | "Fini dans environ {span}.";
    not_ready: "This relay takes nothing in now" | "Ce relais n’enregistre rien en ce moment";
    no_watch: "No rules are evaluated at this relay: the absence of alerts says nothing." | "Aucune règle n’est évaluée sur ce relais\u{a0}: l’absence d’alertes ne veut rien dire.";
    blind_title: "Not all rules could be worked out" | "Toutes les règles n’ont pas pu être évaluées";
    blind: "{rule}: {why}" | "{rule}\u{a0}: {why}";

    // alerts
    open_alerts: "Open alerts" | "Alertes ouvertes";
    open_none: "Nothing is open." | "Rien n’est ouvert.";
    open_none_heard: "Machines heard now: {live} of {all}." | "Machines entendues en ce moment\u{a0}: {live} sur {all}.";
    open_none_blind: "No machine is heard now: whether all is well, nobody can say." | "Aucune machine n’est entendue\u{a0}: personne ne peut dire si tout va bien.";
    open_none_empty: "There is no machine here yet. On each machine of the site: vigie-agent enrol, with a token of the hub." | "Aucune machine ici pour l’instant. Sur chaque machine du site\u{a0}: vigie-agent enrol, avec un jeton du hub.";
    critical: "Critical" | "Critique";
    warning: "Warning" | "Attention";
    info: "To know" | "À savoir";
    firing: "nobody has it" | "personne ne la prend";
    acknowledged: "acknowledged" | "acquittée";
    snoozed: "snoozed" | "en pause";
    resolved: "over" | "terminée";
    since_for: "since {time} ({span})" | "depuis {time} ({span})";
    doubt_cut: "Not verified: the site is cut off" | "Non vérifiée\u{a0}: le site est coupé";
    doubt_silent: "Not verified: the machine does not answer" | "Non vérifiée\u{a0}: la machine ne répond pas";
    doubt_waiting: "Not verified: readings are on their way" | "Non vérifiée\u{a0}: des relevés sont en route";
    doubt_woken: "Not verified: this relay has just started, and listens" | "Non vérifiée\u{a0}: ce relais vient de démarrer, et écoute";
    contradicted: "Two versions" | "Deux versions";
    acknowledged_by: "{who} has it, said at {where}, {time}" | "{who} s’en occupe, dit sur {where}, {time}";
    assigned_to: "Given to {who}" | "Confiée à {who}";
    snoozed_until: "Quiet until {time}" | "En pause jusqu’à {time}";
    muted: "Not told: maintenance or silence" | "Non signalée\u{a0}: maintenance ou silence";
    reached_queued: "Waits for this site’s relay" | "En attente du relais du site";
    reached_site: "Known at this site, not yet at the hub" | "Connue sur ce site, pas encore au hub";
    reached_everywhere: "Known at site and hub" | "Connue du site et du hub";
    tick_site: "kept at this site" | "conservé sur ce site";
    tick_both: "known here and where it was said" | "connu ici et là où cela a été dit";
    tick_all: "known at site and hub" | "connu du site et du hub";
    ended_digest: "Over within the last day" | "Terminées depuis un jour";
    ended_none: "Nothing ended within the last day." | "Rien ne s’est terminé depuis un jour.";
    ended_from_to: "{from} to {to} ({span})" | "de {from} à {to} ({span})";
    ended_while_cut: "began and ended while the hub was out of reach" | "commencée et terminée pendant la coupure";
    closed_by: "closed by {who}, {where}" | "close par {who}, {where}";
    cuts: "While the line to the hub was cut" | "Pendant que la liaison au hub était coupée";
    cuts_counts: "Began: {began}, of which still open: {open}. Ended: {ended}." | "Commencées\u{a0}: {began}, dont encore ouvertes\u{a0}: {open}. Terminées\u{a0}: {ended}.";
    cuts_nothing: "Nothing began or ended here." | "Rien n’a commencé ni pris fin ici.";
    cuts_known: "Acknowledged by {who}." | "Acquitté par {who}.";
    ended_more: "And {n} more." | "Et {n} autres.";

    // one alert
    back: "All alerts" | "Toutes les alertes";
    rule: "Rule" | "Règle";
    machine: "Machine" | "Machine";
    value: "Last value" | "Dernière valeur";
    began: "Began" | "Début";
    began_times: "{time}, {n} times in all; the last time {last}" | "{time}, {n} fois en tout\u{a0}; la dernière {last}";
    ended: "Ended" | "Fin";
    learnt: "Learnt here" | "Appris ici";
    learnt_late: "{time}, {span} later" | "{time}, {span} plus tard";
    judge: "Judged by" | "Évaluée par";
    delivery: "Known where" | "Connue où";
    labels: "Labels" | "Étiquettes";
    versions_title: "Two versions of this alert" | "Deux versions de cette alerte";
    versions_why: "Both happened without knowing of each other. It stays open until somebody decides." | "Les deux se sont produites sans se connaître. Elle reste ouverte jusqu’à ce que quelqu’un décide.";
    version_closed: "Closed" | "Close";
    version_closed_by: "by {who} at {where}, {time}" | "par {who} sur {where}, {time}";
    version_open: "Raised" | "Déclenchée";
    version_open_by: "by {who}, {time}" | "par {who}, {time}";
    version_someone: "a rule" | "une règle";
    version_close: "It is over" | "Elle est terminée";
    version_keep: "It is still so: I take it" | "Elle est réelle\u{a0}: je m’en occupe";
    life: "What happened" | "Déroulement";
    life_began: "It began" | "Elle a commencé";
    life_again: "It began again" | "Elle a recommencé";
    life_ended: "It ended by its rule" | "Elle a pris fin selon sa règle";
    life_acknowledged: "{who} acknowledged" | "{who} a acquitté";
    life_assigned: "{who} gave it to {whom}" | "{who} l’a confiée à {whom}";
    life_unassigned: "{who} took it from everybody" | "{who} l’a retirée à tous";
    life_closed: "{who} closed it" | "{who} l’a close";
    life_comment: "{who} said" | "{who} a dit";
    life_at: "at {where}" | "sur {where}";
    life_learnt: "learnt here {time} (+{span})" | "appris ici {time} (+{span})";
    decide: "Decide" | "Décider";
    may_not: "You may look, not decide: {who} has no such right here. Ask whoever runs the hub." | "Vous pouvez regarder, pas décider\u{a0}: {who} n’en a pas le droit ici. Demandez à qui gère le hub.";
    it_is_over: "It is over; a comment may still be added." | "Elle est terminée\u{a0}; un commentaire peut encore être ajouté.";
    acknowledge: "Acknowledge" | "Acquitter";
    acknowledge_hint: "I know, and take care of it." | "Je suis au courant et m’en occupe.";
    note: "Note (may stay empty)" | "Note (facultative)";
    unacknowledge: "Withdraw the acknowledgement" | "Retirer l’acquittement";
    comment: "Comment" | "Commenter";
    comment_text: "What others should know" | "Ce que les autres doivent savoir";
    assign: "Give to somebody" | "Confier";
    assign_whom: "To whom (nobody if empty)" | "À qui (personne si vide)";
    assign_me: "To me" | "À moi";
    snooze: "Snooze" | "Mettre en pause";
    snooze_for: "For how long" | "Pour combien de temps";
    wake: "Wake it now" | "La réveiller";
    resolve: "Close" | "Clore";
    resolve_hint: "It is over. If its rule finds it again, it comes back." | "Elle est terminée. Si sa règle la retrouve, elle revient.";
    reason: "Reason (may stay empty)" | "Raison (facultative)";
    minutes: "{n} min" | "{n} min";
    hours: "{n} h" | "{n} h";
    done_acknowledge: "Acknowledged, and kept at this site." | "Acquittée, et conservé sur ce site.";
    done_unacknowledge: "The acknowledgement is withdrawn." | "L’acquittement est retiré.";
    done_comment: "Your comment is kept at this site." | "Votre commentaire est conservé sur ce site.";
    done_assign: "It is given, and kept at this site." | "C’est confié, et conservé sur ce site.";
    done_snooze: "It is quiet for that long." | "Elle est en pause pour cette durée.";
    done_wake: "It speaks again." | "Elle est réveillée.";
    done_resolve: "Closed, and kept at this site." | "Close, et conservé sur ce site.";
    done_not_at_hub: "The hub does not know yet: it will when the line is back." | "Le hub ne le sait pas encore\u{a0}: il le saura au retour de la liaison.";
    not_done: "That was not done: {why}." | "Cela n’a pas été fait\u{a0}: {why}.";
    why_gone: "it is no longer here" | "elle n’est plus ici";
    why_changed: "somebody changed it meanwhile; look again" | "quelqu’un l’a modifiée entre-temps\u{a0}; regardez à nouveau";
    why_not_kept: "this relay can not keep it now; try again ({why})" | "ce relais ne peut pas l’enregistrer maintenant\u{a0}; réessayez ({why})";
    why_no_text: "nothing was written" | "rien n’a été écrit";
    why_no_span: "no span was chosen" | "aucune durée n’a été choisie";

    // machines
    all_machines: "All {n} machines" | "Les {n} machines";
    machines_none: "No machine has been heard here yet." | "Aucune machine n’a encore été entendue ici.";
    health: "Health" | "Santé";
    heard: "Heard" | "Écoute";
    cpu: "CPU" | "CPU";
    memory: "Memory" | "Mémoire";
    disk: "Disk" | "Disque";
    disk_fullest: "Disk, the fullest" | "Disque, le plus plein";
    health_ok: "OK" | "OK";
    health_unknown: "Not judged" | "Non évaluée";
    health_was: "was {health}" | "était {health}";
    live: "Live" | "En direct";
    late: "Late" | "En retard";
    silent: "Does not answer" | "Ne répond pas";
    cut: "Cut off" | "Coupée";
    asleep: "Asleep, as announced" | "En veille, annoncée";
    unseen: "Never seen" | "Jamais vue";
    retired: "Archived" | "Archivée";
    ago: "{span} ago" | "il y a {span}";
    on_machine: "Open on this machine" | "Ouvertes sur cette machine";
    all_is_quiet: "Nothing is open on it." | "Rien n’est ouvert sur elle.";
    back_machines: "All machines" | "Toutes les machines";
    charts: "Charts, {span}" | "Courbes, {span}";
    range: "Span" | "Durée";
    chart_now: "now {value}" | "maintenant {value}";
    chart_sum: "{what}, {from} to {to}: least {min}, mean {mean}, most {max} at {at}; {gaps}" | "{what}, de {from} à {to}\u{a0}: minimum {min}, moyenne {mean}, maximum {max} à {at}\u{a0}; {gaps}";
    chart_none: "{what}: nothing was measured from {from} to {to}" | "{what}\u{a0}: rien n’a été mesuré de {from} à {to}";
    gaps_none: "no gaps" | "aucun trou";
    gaps_one: "1 gap" | "1 trou";
    gaps: "{n} gaps" | "{n} trous";
    gap_waiting: "on its way" | "en route";
    gap_absent: "not measured" | "non mesuré";
    gap_lost: "lost" | "perdu";
    gap_folded: "known as hours only" | "connu par heures seulement";
    gap_unknown: "nothing here" | "rien ici";
    gap_line: "{from} to {to}: {why}" | "de {from} à {to}\u{a0}: {why}";
    gap_more: "and {n} more" | "et {n} autres";
    chart_key: "Line: mean. Band: least to most." | "Trait\u{a0}: moyenne. Bande\u{a0}: du minimum au maximum.";
    chart_failed: "The charts could not be drawn: {why}" | "Les courbes n’ont pas pu être tracées\u{a0}: {why}";

    // maintenance
    maintenance: "Maintenance in force" | "Maintenance en cours";
    maintenance_none: "None in force." | "Aucune en cours.";
    mute_maintenance: "Maintenance" | "Maintenance";
    mute_silence: "Silence" | "Silence";
    mute_until: "until {time}" | "jusqu’à {time}";
    mute_by: "asked for by {who} at {where}" | "demandé par {who} sur {where}";
    mute_all: "everything" | "tout";
    plan: "Plan maintenance" | "Prévoir une maintenance";
    plan_title: "Tell nobody for a while" | "Ne prévenir personne un moment";
    plan_hint: "It begins now and ends by itself. What must never be slept through is told all the same." | "Elle commence maintenant et se termine seule. Ce qui ne doit jamais être manqué est signalé quand même.";
    plan_machine: "Machine (the whole site if empty)" | "Machine (tout le site si vide)";
    plan_for: "For how long" | "Pour combien de temps";
    plan_preview: "Show what would be muted" | "Voir ce qui serait tu";
    plan_add: "Tell nobody" | "Ne prévenir personne";
    plan_end: "End it now" | "La terminer";
    plan_would: "Until {time} this would not be told" | "Jusqu’à {time} ceci ne serait pas signalé";
    plan_open: "Open alerts" | "Alertes ouvertes";
    plan_awake: "Told all the same" | "Signalé quand même";
    plan_done: "Nobody is told of it for that long; kept at this site." | "Personne n’est prévenu pendant ce temps\u{a0}; conservé sur ce site.";
    plan_ended: "It is ended: what is wrong is told again." | "Elle est terminée\u{a0}: ce qui ne va pas est de nouveau signalé.";
    why_no_machine: "no machine of that name is known here" | "aucune machine de ce nom n’est connue ici";

    // the link doctor
    doctor: "The way to the hub" | "Le chemin vers le hub";
    doctor_more: "All about the link" | "Tout sur la liaison";
    doctor_none: "This relay knows no way up." | "Ce relais ne connaît pas de chemin vers le haut.";
    address: "Address" | "Adresse";
    address_found: "{address}, reached at {found}" | "{address}, joint à {found}";
    state: "State" | "État";
    connected: "connected" | "connecté";
    not_connected: "not connected" | "non connecté";
    suspect: "connected, but nothing comes back at the moment" | "connecté, mais rien ne revient en ce moment";
    since: "Since" | "Depuis";
    last_contact: "Last contact" | "Dernier contact";
    never: "never since this start" | "jamais depuis ce démarrage";
    round_trip: "Round trip" | "Aller-retour";
    round_trip_was: "last measured at {time}" | "dernière mesure à {time}";
    loss: "Loss on the way up" | "Pertes à l’envoi";
    loss_of: "{percent} ({lost} of {sent} packets of this connection)" | "{percent} ({lost} paquets sur {sent} de cette connexion)";
    attempts: "Attempts" | "Tentatives";
    last_error: "The last one failed" | "Échec de la dernière";
    waits: "What waits" | "Ce qui attend";
    lane: "Lane" | "File";
    lane_alerts: "Alerts and decisions" | "Alertes et décisions";
    lane_readings: "Readings, fresh and of the past" | "Relevés, récents et passés";
    advice: "What to do" | "Que faire";
    advice_up: "Nothing: the link stands." | "Rien\u{a0}: la liaison est établie.";
    advice_suspect: "Wait a minute: a fresh connection is being tried beside this one." | "Attendre une minute\u{a0}: une nouvelle connexion est tentée en parallèle.";
    advice_cut: "Look whether the site’s router reaches the Internet. If it does, look whether UDP to the address above passes its firewall. If both are so, call whoever runs the hub." | "Vérifier que la box ou le routeur du site a Internet. Si oui, vérifier que l’UDP vers l’adresse ci-dessus traverse le pare-feu. Si les deux sont bons, appeler qui gère le hub.";
    advice_site: "Meanwhile nothing is lost: the site keeps what it measures, and sends it when the line is back." | "En attendant rien n’est perdu\u{a0}: le site garde ce qu’il mesure, et l’envoie au retour de la liaison.";
    unknown: "not known" | "inconnu";

    // doors and errors
    door_title: "Sign in to Vigie" | "Connexion à Vigie";
    door_site: "The page of this site. It works while the Internet is cut." | "La page de ce site. Elle fonctionne quand Internet est coupé.";
    door_name: "Your name" | "Votre nom";
    door_passphrase: "Passphrase" | "Phrase secrète";
    door_passphrase_hint: "As it was given to you from the hub. Capitals, spaces and dashes do not matter." | "Telle qu’elle vous a été remise depuis le hub. Majuscules, espaces et tirets sont sans importance.";
    door_button: "Sign in" | "Se connecter";
    door_token: "Sign in with the relay’s token" | "Se connecter avec le jeton du relais";
    door_token_label: "Access token" | "Jeton d’accès";
    door_wrong: "Name and passphrase do not belong together, or nobody was let in by this name. Nothing was changed." | "Ce nom et cette phrase ne vont pas ensemble, ou personne n’a été autorisé sous ce nom. Rien n’a été modifié.";
    door_wrong_token: "This token is not valid. Nothing was changed." | "Ce jeton n’est pas valide. Rien n’a été modifié.";
    door_expired: "Your access ended {time}. Ask whoever runs the hub for a new one." | "Votre accès a pris fin {time}. Demandez-en un nouveau à qui gère le hub.";
    door_revoked: "Your access was taken back at the hub. Ask whoever runs it." | "Votre accès a été retiré au hub. Adressez-vous à qui le gère.";
    door_wait: "Too many wrong tries came from this address. Try again in {span}." | "Trop d’essais erronés sont venus de cette adresse. Réessayez dans {span}.";
    door_busy: "Somebody else is signing in. Try again in some seconds." | "Quelqu’un d’autre se connecte. Réessayez dans quelques secondes.";
    door_failed: "Signing in failed on this relay. Try again; if it stays so, look at its log." | "La connexion a échoué sur ce relais. Réessayez\u{a0}; si cela persiste, consultez son journal.";
    door_again: "Your session has ended: sign in again. Nothing was changed." | "Votre session est terminée\u{a0}: reconnectez-vous. Rien n’a été modifié.";
    failed_title: "This page could not be made" | "Cette page n’a pas pu être faite";
    failed_gone: "There is nothing at this address, or nothing that you may see." | "Il n’y a rien à cette adresse, ou rien que vous puissiez voir.";
    failed_busy: "This relay answers as many questions as it can. Nothing was changed; ask again in some seconds." | "Ce relais répond à autant de questions qu’il le peut. Rien n’a été modifié\u{a0}; réessayez dans quelques secondes.";
    failed_right: "You have no right to do that here. Nothing was changed." | "Vous n’avez pas le droit de faire cela ici. Rien n’a été modifié.";
    failed_cross: "Another site sent this with your browser’s session. Nothing was changed; open the page itself and repeat it there." | "Un autre site a envoyé ceci avec votre session. Rien n’a été modifié\u{a0}; ouvrez la page elle-même et recommencez.";
    failed_inside: "Something failed on this relay, which goes on otherwise. Nothing was changed; its log says more." | "Quelque chose a échoué sur ce relais, qui continue par ailleurs. Rien n’a été modifié\u{a0}; son journal en dit plus.";
    failed_back: "Back to the alerts" | "Retour aux alertes";
}

#[cfg(test)]
pub(crate) mod tests;
