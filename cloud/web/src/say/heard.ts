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
  ["a device's name has 1 to * characters", "le nom d’un appareil a de 1 à * caractères"],
];

/** In French, if the sentence is one that is known. */
export function inFrench(sentence: string): string | undefined {
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
