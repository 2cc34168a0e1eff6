// What is a right or a role of the hub's own called? English calls them by their names in the API.
import type { Right } from "../api/types.ts";
import { words } from "../say/words.ts";

const rights = words(
  {
    look: "look", decide: "decide", mute: "mute", fetch: "fetch", push: "push", tokens: "tokens", people: "people", roles: "roles", audit: "audit", node: "node", tell: "tell", act: "act", keep: "keep", quota: "quota",
    enrol: "enrol", tag: "tag",
  },
  {
    look: "voir", decide: "décider", mute: "mettre en silence", fetch: "demander les mesures brutes", push: "envoyer des mesures", tokens: "créer des jetons", people: "gérer les personnes", roles: "gérer les rôles", audit: "lire l’audit", node: "administrer le hub", tell: "régler qui est prévenu", act: "agir", keep: "régler la conservation", quota: "régler les quotas",
    enrol: "inscrire des machines", tag: "étiqueter",
  },
);
const roles = words(
  { admin: "admin", deputy: "deputy", operator: "operator", observer: "observer" },
  { admin: "administrateur", deputy: "adjoint", operator: "opérateur", observer: "observateur" },
);

const RIGHTS: readonly string[] = ["look", "decide", "mute", "fetch", "push", "tokens", "people", "roles", "audit", "node", "tell", "act", "keep", "quota", "enrol", "tag"];
const ROLES: readonly string[] = ["admin", "deputy", "operator", "observer"];
const isRight = (name: string): name is Right => RIGHTS.includes(name);
const isRole = (name: string): name is "admin" => ROLES.includes(name);

/** What is not known here, and a role that somebody made, is called by its own name. */
export const rightText = (name: string): string => (isRight(name) ? rights(name) : name);
export const roleText = (name: string): string => (isRole(name) ? roles(name) : name);
