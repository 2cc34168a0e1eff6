// What the hub says in whole sentences of its own, in the reader's language: why somebody was turned away, why a route is not used.
//
// The hub says them in English. Those that are known here are said in French; any other stays as the hub said it, in quotation
// marks.
import { settings } from "../settings.svelte.ts";

/** `*` stands for what the sentence has in its place, in the same order in both. */
const FRENCH: readonly (readonly [english: string, french: string])[] = [
  ["this token has expired; ask for a new one", "ce jeton a expiré ; demandez-en un nouveau"],
  ["this token has been used as often as it may be; ask for a new one", "ce jeton a servi autant de fois que permis ; demandez-en un nouveau"],
  ["this token was taken back; ask for a new one", "ce jeton a été retiré ; demandez-en un nouveau"],
  ["this token is for another kind of node", "ce jeton est pour une autre sorte de nœud"],
  ["the hub can not decide this now; try again in a few minutes", "le hub ne peut pas en décider maintenant ; réessayez dans quelques minutes"],
  ["the hub can not note it now: *", "le hub ne peut pas le noter maintenant : *"],
  ["this machine's key was revoked; remove its identity folder and enrol anew", "la clé de cette machine a été révoquée ; supprimez son dossier d’identité et inscrivez-la à nouveau"],
  ["the client that this machine belonged to was erased from this hub, and its key with it; remove its identity folder and enrol anew", "le client de cette machine a été effacé de ce hub, et sa clé avec lui ; supprimez son dossier d’identité et inscrivez-la à nouveau"],
  ["* may have * machines and has *, so this one was not let in: revoke one that is gone, or ask whoever looks after the hub for more (*), then enrol it again with the same token", "* peut avoir * machines et en a *, celle-ci n’a donc pas été admise : révoquez-en une qui n’est plus là, ou demandez-en plus à qui gère le hub (*), puis inscrivez-la à nouveau avec le même jeton"],
  ["it was written by a newer version of this program: update this node", "écrit par une version plus récente de ce programme : mettez ce nœud à jour"],
  ["none of its channels is configured here (*): * names them", "aucun de ses canaux n’est configuré ici (*) : c’est * qui les nomme"],
  ["* has a route of this name, which holds", "* a une route de ce nom, et c’est elle qui vaut"],
  ["route * names no channel", "la route * ne nomme aucun canal"],
  ["route * names channel *, which is not configured", "la route * nomme le canal *, qui n’est pas configuré"],
  ["route * is in zone *, which this system does not know: write it as in Europe/Paris, install tzdata", "la route * est dans le fuseau *, que ce système ne connaît pas : écrivez par exemple Europe/Paris, installez tzdata"],
  ["this is no file that a relay of vigie wrote to be carried; nothing was taken", "ce n’est pas un fichier qu’un relais de vigie a écrit pour être apporté ; rien n’a été pris"],
  ["this file is of another site; nothing was taken", "ce fichier est d’un autre site ; rien n’a été pris"],
  ["this file is for another hub; nothing was taken", "ce fichier est pour un autre hub ; rien n’a été pris"],
  ["the relay * has lost its rights; nothing was taken", "le relais * a perdu ses droits ; rien n’a été pris"],
  ["the file is cut short: it ends within part *, which begins at byte *; before that * parts were read: * ticks are new here, * were here already, * rows changed", "le fichier est coupé dans sa partie *, qui commence à l’octet * ; avant elle, * parties lues : * relevés nouveaux ici, * déjà connus, * lignes changées"],
  ["part * of the file, which begins at byte *, is not what its relay wrote; before that * parts were read: * ticks are new here, * were here already, * rows changed", "la partie * du fichier, qui commence à l’octet *, n’est pas ce que son relais a écrit ; avant elle, * parties lues : * relevés nouveaux ici, * déjà connus, * lignes changées"],
  ["*: * is not on the public internet; say private = true if that is meant, or name its network in [outgoing] allow", "* : * n’est pas sur l’internet public ; indiquez private = true si c’est voulu, ou son réseau dans [outgoing] allow"],
  ["no answer within * s", "pas de réponse en * s"],
  ["* was not resolved within * s", "* n’a pas été résolu en * s"],
  ["* can not be resolved: *", "* ne peut pas être résolu : *"],
  ["* has no address", "* n’a pas d’adresse"],
  ["no connection to * within * s", "pas de connexion à * en * s"],
  ["no connection to *: Connection refused (os error *)", "pas de connexion à * : connexion refusée (erreur système *)"],
  ["no connection to *: *", "pas de connexion à * : *"],
  ["* (redirects are not followed: say the new address)", "* (les redirections ne sont pas suivies : indiquez la nouvelle adresse)"],
  ["* is no mail address", "* n’est pas une adresse de courrier"],
  ["* offers no STARTTLS, so nothing was said to it", "* n’offre pas STARTTLS, donc rien ne lui a été dit"],
  ["* was not let in: *", "* n’a pas été admis : *"],
  ["* is subscribed no more (*): subscribe again", "* n’est plus abonné (*) : réabonnez-le"],
  ["there is no such device", "cet appareil n’existe pas"],
  ["a person has at most * devices: take one away before", "une personne a au plus * appareils : retirez-en un d’abord"],
  ["there are at most * devices here: take one away before", "il y a au plus * appareils ici : retirez-en un d’abord"],
  ["address, password and code do not belong together", "adresse, mot de passe et code ne vont pas ensemble"],
  ["nobody here is known by this account of yours", "personne n’est connu ici par ce compte"],
  ["an e-mail address has one @, no spaces, and at most * bytes", "une adresse électronique a un @, pas d’espace, et au plus * octets"],
  ["a name has 1 to * bytes and no control characters", "un nom a de 1 à * octets, sans caractère de commande"],
  ["a password has at least * characters, this one has *; some words in a row are easy to keep in mind", "un mot de passe a au moins * caractères, celui-ci en a * ; quelques mots à la suite se retiennent bien"],
  ["a password has at most * bytes", "un mot de passe a au plus * octets"],
  ["this password is foreseen: it repeats, follows the keyboard or the alphabet, or is made of your own name or address", "ce mot de passe se devine : il se répète, suit le clavier ou l’alphabet, ou vient de votre nom ou adresse"],
  ["nobody gives, changes or takes away more than they may themselves: *", "nul ne donne, ne change ni n’enlève plus que ce qu’il peut lui-même : *"],
  ["this is for a person who is signed in with a browser", "c’est pour une personne connectée par un navigateur"],
  ["nobody would be left who may look after people everywhere; make somebody else admin first", "plus personne ne pourrait gérer les personnes partout ; nommez d’abord un autre administrateur"],
  ["* may have * people and open invitations, and has *; shut somebody out, withdraw an invitation, or ask whoever looks after this hub for more", "* peut avoir * personnes et invitations ouvertes, et en a * ; retirez un accès ou une invitation, ou demandez-en plus à qui gère ce hub"],
  ["this person is disabled; enable them first", "cette personne est désactivée ; réactivez-la d’abord"],
  ["a role has at least one right", "un rôle a au moins un droit"],
  ["the role * is always there, and always the same", "le rôle * est toujours là, et toujours le même"],
  ["there are * roles; remove some first", "il y a * rôles ; retirez-en d’abord"],
  ["* people have the role *; give them another first", "* personnes ont le rôle * ; donnez-leur-en d’abord un autre"],
  ["there is no role *", "il n’y a pas de rôle *"],
  ["a person has 1 to * roles", "une personne a de 1 à * rôles"],
  ["you have * tokens; revoke some first", "vous avez * jetons ; révoquez-en d’abord"],
  ["you have * passkeys; remove some first", "vous avez * clés d’accès ; retirez-en d’abord"],
  ["a token is made for 1 to * days, not *", "un jeton vaut de 1 à * jours, pas *"],
  ["* invitations are open; withdraw some first", "* invitations sont ouvertes ; retirez-en d’abord"],
  ["no telephone was offered a secret; begin anew", "aucun téléphone n’attend de secret ; recommencez"],
  ["somebody has taken this hub into use already", "ce hub a déjà été mis en service"],
  ["access is granted for 1 to * days, not *", "un accès est accordé pour 1 à * jours, pas *"],
  ["* has access there already; revoke it first", "* y a déjà accès ; révoquez-le d’abord"],
  ["* has no access there", "* n’y a pas accès"],
  ["that can not be the name of a client", "ce ne peut pas être le nom d’un client"],
  ["* is a name of small letters, digits and -", "* est un nom de petites lettres, de chiffres et de -"],
  ["* has 1 to * characters", "* a de 1 à * caractères"],
  ["that address is taken", "cette adresse est prise"],
  ["it is over already", "c’est déjà terminé"],
  ["it is over; only comments can be added", "c’est terminé ; on ne peut plus qu’ajouter des notes"],
  ["an empty comment says nothing", "une note vide ne dit rien"],
  ["that moment has passed", "ce moment est passé"],
  ["a snooze has until (RFC 3339) or minutes, at most 31 days ahead", "une mise en veille a une fin, au plus 31 jours plus tard"],
  ["that was decided more than 7 days ago", "cela a été décidé il y a plus de 7 jours"],
  ["a site is one of a client: name both", "un site est celui d’un client : nommez les deux"],
  ["several clients have a site *: name the client too", "plusieurs clients ont un site * : nommez aussi le client"],
  ["the time ends before it begins", "la durée finit avant de commencer"],
  ["end is before start", "la fin est avant le début"],
  ["at most 31 days can be asked for at once", "on peut demander au plus 31 jours à la fois"],
  ["reading that took too long: ask for less time, or for one site", "la lecture a pris trop de temps : demandez moins longtemps, ou un seul site"],
  ["there are * boards at most on this hub", "il y a au plus * tableaux sur ce hub"],
  ["you have * boards at most: let one go first", "vous avez au plus * tableaux : laissez-en un d’abord"],
  ["a hub has at most * public pages", "un hub a au plus * pages publiques"],
  ["a page has at most * components", "une page a au plus * composants"],
  ["a page has at most * notices that are not over", "une page a au plus * avis en cours"],
  ["two components are called *", "deux composants s’appellent *"],
  ["a place has at most * routes", "un lieu a au plus * routes"],
  ["a place has at most * schedules", "un lieu a au plus * tours d’astreinte"],
  ["url is an address of https or http, without user and password", "url est une adresse https ou http, sans nom ni mot de passe"],
  ["there are * webhooks already", "il y a déjà * webhooks"],
  ["that is no photo in JPEG, PNG or WebP", "ce n’est pas une photo JPEG, PNG ou WebP"],
  ["an incident has at most * photos", "un incident a au plus * photos"],
  ["photos of one client have at most * bytes", "les photos d’un client prennent au plus * octets"],
  ["this hub keeps no more photos", "ce hub ne garde pas plus de photos"],
  ["it can not be kept now: *", "cela ne peut pas être gardé maintenant : *"],
  ["* fires * its threshold: say it so", "* se déclenche * son seuil : dites-le ainsi"],
  ["* has nothing to compare with: --above or --below, and a number", "* n’a rien à comparer : au-dessus ou au-dessous, et un nombre"],
  ["* would clear at * where it still fires: clear lies on the other side of the threshold *", "* cesserait à * où elle se déclenche encore : la fin est de l’autre côté du seuil *"],
  ["at character * of the filter: *", "au caractère * du filtre : *"],
  ["a device's name has 1 to * characters", "le nom d’un appareil a de 1 à * caractères"],
];

/** Those that are known here. */
export const SENTENCES: readonly string[] = FRENCH.map(([english]) => english);

/** What many sentences end with, and what stands then beside the code of the answer anyway. */
const UNCHANGED = "; nothing was changed";

/** In French, if the sentence is one that is known. */
export function inFrench(sentence: string): string | undefined {
  if (sentence.endsWith(UNCHANGED)) {
    const said = inFrench(sentence.slice(0, -UNCHANGED.length));
    return said && `${said} ; rien n’a été changé`;
  }
  for (const [english, french] of FRENCH) {
    const pattern = english.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("([^]*?)");
    const found = new RegExp(`^${pattern}$`).exec(sentence);
    if (found) return french.split("*").map((part, at) => (at ? found[at] : "") + part).join("");
  }
  return undefined;
}

/** What a receiver answered, or the hub says of it: the hub's own words in French, a receiver's as they came. */
export const answeredIn = (said: string): string => (settings.language === "fr" ? (inFrench(said) ?? said) : said);

/** A sentence of the hub, for whoever reads. */
export const heard = (sentence: string): string => (settings.language === "fr" ? (inFrench(sentence) ?? `« ${sentence} »`) : sentence);
