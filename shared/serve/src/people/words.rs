//! The sentences of the pages for a hub's people, in each language.

use crate::local::words::words;

words! {
    // coming in
    sign_in: "Sign in to Vigie" | "Connexion à Vigie";
    email: "E-mail address" | "Adresse e-mail";
    password: "Password" | "Mot de passe";
    code: "Code of your telephone, if you use one" | "Code de votre téléphone, si vous en utilisez un";
    code_hint: "Six digits, or one of your recovery codes." | "Six chiffres, ou l’un de vos codes de secours.";
    enter: "Sign in" | "Se connecter";
    token_way: "With an access token instead" | "Plutôt avec un jeton d’accès";
    token: "Access token" | "Jeton d’accès";
    wrong: "Address, password and code do not belong together. Nothing was changed. Check them and try again." | "L’adresse, le mot de passe et le code ne vont pas ensemble. Rien n’a été modifié. Vérifiez-les et réessayez.";
    wrong_token: "This token is not valid. Nothing was changed. Check that it is complete, or ask for a new one." | "Ce jeton n’est pas valide. Rien n’a été modifié. Vérifiez qu’il est complet, ou demandez-en un nouveau.";
    code_needed: "This account asks for a code or a passkey, too. Give your password and the code, or use a passkey." | "Ce compte demande aussi un code ou une clé d’accès. Saisissez votre mot de passe et le code, ou utilisez une clé d’accès.";
    wait: "Too many wrong tries came from this address. Try again in {span}." | "Trop d’essais erronés sont venus de cette adresse. Réessayez dans {span}.";
    busy: "The hub is busy. Nothing was changed; try again in a moment." | "Le hub est occupé. Rien n’a été modifié ; réessayez dans un instant.";
    failed: "This failed on the hub. Nothing was changed; if it stays so, look at the hub’s log." | "Ceci a échoué sur le hub. Rien n’a été modifié ; si cela persiste, consultez le journal du hub.";
    with: "Sign in with {house}" | "Se connecter avec {house}";
    with_stranger: "Nobody here is known by this account. Nobody was signed in. Ask whoever looks after this hub for an invitation to the account’s address." | "Personne n’est connu ici par ce compte. Personne n’a été connecté. Demandez à qui administre ce hub une invitation à l’adresse de ce compte.";
    with_over: "This sign-in was begun more than ten minutes ago, or in another browser. Nobody was signed in; begin again." | "Cette connexion a été commencée il y a plus de dix minutes, ou dans un autre navigateur. Personne n’a été connecté ; recommencez.";
    with_declined: "You were not let in there, so nobody was signed in here." | "L’accès vous a été refusé là-bas : personne n’a été connecté ici.";
    with_away: "The other house can not be asked now. Nobody was signed in; the hub’s log says why. Try again later, or sign in another way." | "L’autre service ne peut pas être consulté pour le moment. Personne n’a été connecté ; le journal du hub dit pourquoi. Réessayez plus tard, ou connectez-vous autrement.";
    with_not_believed: "What the other house said is not believed. Nobody was signed in; the hub’s log and its audit say why. Begin again, and if it comes to the same, tell whoever looks after this hub." | "La réponse de l’autre service n’est pas jugée crédible. Personne n’a été connecté ; le journal et l’audit du hub disent pourquoi. Recommencez et, si le résultat est le même, prévenez qui administre ce hub.";
    with_twice: "Somebody came in by this answer already. Nobody was signed in now; begin again." | "Cette réponse a déjà servi. Personne n’a été connecté cette fois ; recommencez.";
    is_done: "Done." | "C’est fait.";

    // passkeys
    key_sign_in: "Sign in with a passkey" | "Se connecter avec une clé d’accès";
    key_prove: "Prove it with a passkey" | "Le prouver avec une clé d’accès";
    key_add: "Add a passkey of this device" | "Ajouter une clé d’accès de cet appareil";
    key_accept: "Come in with a passkey instead" | "Entrer plutôt avec une clé d’accès";
    key_name: "What you call it" | "Son nom pour vous";
    key_usual_name: "My device" | "Mon appareil";
    key_none: "This browser has no passkeys, or this page did not come over TLS. Use another way." | "Ce navigateur n’a pas de clés d’accès, ou cette page n’est pas venue par TLS. Utilisez un autre moyen.";
    key_script: "Passkeys need JavaScript, which is switched off here. Use another way." | "Les clés d’accès demandent JavaScript, désactivé ici. Utilisez un autre moyen.";
    key_device: "Your device asks you now." | "Votre appareil vous le demande maintenant.";
    key_declined: "Your device gave no passkey. Nothing was changed; try again or use another way." | "Votre appareil n’a donné aucune clé d’accès. Rien n’a été modifié ; réessayez ou utilisez un autre moyen.";
    key_there: "This device has a passkey of yours already. Nothing was changed." | "Cet appareil a déjà une clé d’accès à vous. Rien n’a été modifié.";
    key_wrong: "This passkey is nobody’s here, or opens nothing any more. Nothing was changed. Use another way." | "Cette clé d’accès n’est à personne ici, ou n’ouvre plus rien. Rien n’a été modifié. Utilisez un autre moyen.";
    key_wait: "Too many wrong tries came from this address. Try again in a few minutes." | "Trop d’essais erronés sont venus de cette adresse. Réessayez dans quelques minutes.";
    keys: "Passkeys" | "Clés d’accès";
    keys_say: "By a passkey you sign in without a password: your device makes sure that it is you." | "Avec une clé d’accès, vous entrez sans mot de passe : votre appareil s’assure que c’est vous.";
    key_since: "since {at}" | "depuis {at}";
    key_used: "last used {at}" | "dernière utilisation {at}";
    key_doubted: "It counted backwards {at}: somebody may have a copy of it. It opens nothing since. Remove it, and look at your sessions." | "Elle a compté à rebours {at} : quelqu’un en a peut-être une copie. Elle n’ouvre plus rien depuis. Retirez-la, et regardez vos sessions.";
    key_off: "Remove it" | "La retirer";
    second_off: "Your password alone opens your account." | "Votre mot de passe seul ouvre votre compte.";
    second_on_word: "Ask for a passkey or a code beside it" | "Exiger aussi une clé d’accès ou un code";
    second_on: "Your password opens only together with a passkey or a code. {left} recovery codes are left." | "Votre mot de passe n’ouvre qu’avec une clé d’accès ou un code. Il reste {left} codes de secours.";
    second_off_word: "Let the password open alone" | "Laisser le mot de passe ouvrir seul";

    // the first start
    begin: "Take this hub into use" | "Mettre ce hub en service";
    begin_says: "Nobody has taken this hub into use yet. Whoever does is its first admin; this page is then gone for ever." | "Personne n’a encore mis ce hub en service. Qui le fait en est le premier administrateur ; cette page disparaît ensuite pour toujours.";
    organisation: "Your organisation" | "Votre organisation";
    new_password: "Choose a password" | "Choisissez un mot de passe";
    password_hint: "At least 12 characters. Some words in a row are easy to keep in mind." | "Au moins 12 caractères. Quelques mots à la suite se retiennent bien.";
    setup_code: "Setup code" | "Code de mise en service";
    setup_hint: "The hub wrote it into the file setup.code of its data folder. Its access token does, too." | "Le hub l’a écrit dans le fichier setup.code de son dossier de données. Son jeton d’accès convient aussi.";
    wrong_setup: "This is not the setup code. Nothing was changed." | "Ce n’est pas le code de mise en service. Rien n’a été modifié.";
    take: "Take into use" | "Mettre en service";

    // an invitation
    invited: "Choose your password" | "Choisissez votre mot de passe";
    invited_says: "Type the code that you were given, and a password that nobody else knows." | "Saisissez le code qui vous a été remis, et un mot de passe que personne d’autre ne connaît.";
    invitation: "Code of the invitation" | "Code de l’invitation";
    choose: "Choose this password" | "Choisir ce mot de passe";
    no_invitation: "This code is not valid any more. Ask for another one. Nothing was changed." | "Ce code n’est plus valable. Demandez-en un autre. Rien n’a été modifié.";
    chosen: "Your password is set. Sign in with it." | "Votre mot de passe est enregistré. Connectez-vous.";

    // a password that is not taken
    short: "A password has at least 12 characters. Nothing was changed." | "Un mot de passe a au moins 12 caractères. Rien n’a été modifié.";
    long: "A password has at most 256 bytes. Nothing was changed." | "Un mot de passe a au plus 256 octets. Rien n’a été modifié.";
    foreseen: "This password is foreseen: it repeats, follows the keyboard or the alphabet, or is made of your own name or address. Nothing was changed." | "Ce mot de passe se devine : il se répète, suit le clavier ou l’alphabet, ou reprend votre nom ou votre adresse. Rien n’a été modifié.";

    // who looks after people
    export: "All that is kept of you, as a file" | "Tout ce qui est gardé sur vous, en fichier";
    people: "People" | "Personnes";
    here: "Who is here" | "Qui est là";
    disabled: "comes in nowhere" | "n’entre nulle part";
    seen: "last signed in {at}" | "dernière connexion {at}";
    waiting: "Invited, and waited for" | "Invités, et attendus";
    nobody_waits: "Nobody is waited for." | "Personne n’est attendu.";
    until: "until {at}" | "jusqu’au {at}";
    went: "the letter went {at}" | "la lettre est partie {at}";
    went_not: "the letter did not go: {why}" | "la lettre n’est pas partie : {why}";
    renew: "Another link" | "Un autre lien";
    renew_mail: "Send it again" | "Renvoyer";
    withdraw: "Withdraw" | "Retirer";
    invite: "Invite somebody" | "Inviter quelqu’un";
    called: "Name" | "Nom";
    role: "Role" | "Rôle";
    scope: "Where: *, CLIENT or CLIENT/SITE" | "Où : *, CLIENT ou CLIENT/SITE";
    language_of: "They are written to in" | "On leur écrit en";
    invite_says: "You get a link, once, to hand on. It ends after a week." | "Vous recevez un lien, une seule fois, à transmettre. Il expire après une semaine.";
    invite_mail_says: "They get a link by mail. It opens once, and ends after a week." | "Le lien leur est envoyé par mail. Il ouvre une fois, et expire après une semaine.";
    invite_it: "Invite" | "Inviter";
    mailed: "The mail server has taken the letter to {who}: {said}" | "Le serveur de mail a pris la lettre pour {who} : {said}";
    not_mailed: "The letter did not go: {why}" | "La lettre n’est pas partie : {why}";
    becomes: "What becomes of it" | "Ce qu’elle devient";
    hand_on: "Hand this link on to {who}; it is not shown again:" | "Transmettez ce lien à {who} ; il ne sera plus affiché :";

    see_as: "See as they do, for {minutes} min" | "Voir comme eux, {minutes} min";
    seeing: "You see as another: {who}, until {until}. You change nothing; they and their client can know of it." | "Vous voyez comme un autre : {who}, jusqu’à {until}. Vous ne changez rien ; cette personne et son client peuvent le savoir.";
    acting: "You act as another: {who}, until {until}. They and their client can know of it." | "Vous agissez comme un autre : {who}, jusqu’à {until}. Cette personne et son client peuvent le savoir.";
    see_no_more: "Back to yourself" | "Revenir à vous";
    looked: "Who looked as somebody" | "Qui a vu comme quelqu’un";
    looked_says: "People of the provider who saw what a person sees." | "Les personnes du prestataire qui ont vu ce que voit une personne.";
    looked_as: "{by} saw as {person} from {from} to {until}" | "{by} a vu comme {person} de {from} à {until}";
    acted_as: "{by} acted as {person} from {from} to {until}" | "{by} a agi comme {person} de {from} à {until}";

    // one's own account
    account: "Your account" | "Votre compte";
    home: "Overview" | "Vue d’ensemble";
    roles: "What you may" | "Vos droits";
    must_change: "Your password is older than this hub takes. Choose another one; until then nothing else is open to you." | "Votre mot de passe est plus ancien que ce hub ne l’accepte. Choisissez-en un autre ; d’ici là, rien d’autre ne vous est ouvert.";
    sessions: "Your sessions" | "Vos sessions";
    sessions_says: "Browsers that are signed in as you. End those that you do not know, then change your password." | "Les navigateurs connectés en votre nom. Terminez ceux que vous ne connaissez pas, puis changez votre mot de passe.";
    this_one: "this browser" | "ce navigateur";
    since: "signed in {at}, last used {used}" | "connecté {at}, dernière activité {used}";
    from: "from {from}" | "depuis {from}";
    end: "End" | "Terminer";
    no_agent: "Unknown browser" | "Navigateur inconnu";
    change: "Change your password" | "Changer votre mot de passe";
    present: "Present password" | "Mot de passe actuel";
    change_says: "Your other browsers are signed out." | "Vos autres navigateurs sont déconnectés.";
    change_it: "Change it" | "Le changer";
    telephone: "A code of your telephone" | "Un code de votre téléphone";
    telephone_off: "Not in use. With it, a stolen password alone opens nothing." | "Non utilisé. Avec lui, un mot de passe volé n’ouvre rien à lui seul.";
    telephone_on: "In use. {left} recovery codes are left." | "Utilisé. Il reste {left} codes de secours.";
    set_up: "Set it up" | "L’activer";
    switch_off: "Switch it off" | "Le désactiver";
    new_codes: "New recovery codes" | "Nouveaux codes de secours";
    app_says: "Give this secret to an authenticator app, then type the six digits it shows." | "Donnez ce secret à une application d’authentification, puis saisissez les six chiffres qu’elle affiche.";
    app_squares: "QR code for the app" | "Code QR pour l’application";
    app_link: "Open in an app of this device" | "Ouvrir dans une application de cet appareil";
    digits: "Six digits" | "Six chiffres";
    confirm: "Confirm" | "Confirmer";
    wrong_digits: "These are not the digits of now. Check the clock of the telephone and try again; the secret stays the same." | "Ce ne sont pas les chiffres du moment. Vérifiez l’heure du téléphone et réessayez ; le secret reste le même.";
    codes_say: "Keep these codes in a safe place. Each stands for the telephone once; they are not shown again." | "Conservez ces codes en lieu sûr. Chacun remplace une fois le téléphone ; ils ne seront plus affichés.";
    linked: "Accounts elsewhere" | "Comptes extérieurs";
    linked_says: "You sign in by these, too." | "Vous vous connectez aussi par ceux-ci.";
    linked_since: "{house}, since {at}" | "{house}, depuis {at}";
    unlink: "Sign in by it no more" | "Ne plus l’utiliser";
    last_way: "There would be no way left to sign in. Nothing was changed. Ask for a reset, and choose a password first." | "Il ne resterait aucun moyen de vous connecter. Rien n’a été modifié. Demandez une réinitialisation et choisissez d’abord un mot de passe.";
    prove_with: "Prove it with {house}" | "Le prouver avec {house}";
    prove: "First show again who you are" | "D’abord, prouvez à nouveau qui vous êtes";
    prove_says: "You signed in more than ten minutes ago. Nothing was changed." | "Vous vous êtes connecté il y a plus de dix minutes. Rien n’a été modifié.";
    go_on: "Go on" | "Continuer";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::words::tests::say_the_same_places;

    #[test]
    fn each_sentence_has_the_same_places_in_each_language() {
        say_the_same_places(PAIRS);
        for (name, english, french) in PAIRS {
            assert_ne!(english, french, "{name}");
        }
    }
}
