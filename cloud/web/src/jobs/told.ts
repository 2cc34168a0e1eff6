// What did the hub say of a job, in the reader's language? What others said (a mail server, the system) stays as they said it.
import { bytes } from "../say/bytes.ts";
import { words } from "../say/words.ts";

/** A sentence of the hub's own, apart from any language; null where it is somebody else's. */
export type JobTold = { code: string; figures: Record<string, string> } | null;

const say = words(
  {
    erased: "nothing of it is left", no_mail: "this hub writes no letters any more: say [people] mail in its file", kept_for_ever: "everything is kept for ever: nothing was looked for", nothing_older: "nothing was older than it is to be kept", let_go: ["{n} tick, {size} were let go of", "{n} ticks, {size} were let go of"],
    not_writable: "the store can not be written: {why}", not_readable: "what was asked for can not be read any more: {why}", exports_full: "the client’s exports that are kept take all that they may: ask again when some of them are gone", exported: ["{n} sample, {size}", "{n} samples, {size}"],
    too_large: "it takes more than {size}, and no file was kept: ask for fewer series, a shorter time, Parquet, or hours", file_not_writable: "the file can not be written: {why}", hub_error: "it ended by an error of the hub itself, which its log tells of", backed_up: ["{path}: {n} row, {size}", "{path}: {n} rows, {size}"],
    no_plan: "there is no plan any more", words_gone: "the words that seal it went with the hub, which ended meanwhile: ask for another one", letter_not_readable: "to whom it goes can not be read any more: send the invitation again", letter_not_opened: "this hub can not open the letter any more: send the invitation again",
    letter_not_needed: "nothing was sent: the invitation was taken up, taken back, sent anew, or its time is over", channel_no_mail: "the channel {channel} sends no mail", no_answer: "no answer within {seconds} s; whether it arrived is not known", letter_before_backup: "this hub was brought back from a backup: whether the letter went since is not known; send it again if not",
    hub_stopping: "the hub is stopping", hub_ended_each_time: "the hub ended each time while it ran", hub_ended: "the hub ended while it ran",
  },
  {
    erased: "il n’en reste rien", no_mail: "ce hub n’écrit plus de lettres : indiquez [people] mail dans son fichier", kept_for_ever: "tout est gardé pour toujours : rien n’a été cherché", nothing_older: "rien n’avait dépassé sa durée de conservation", let_go: ["{n} tick supprimé, {size}", "{n} ticks supprimés, {size}"],
    not_writable: "le stockage ne peut pas être écrit : {why}", not_readable: "la demande n’est plus lisible : {why}", exports_full: "les exports gardés prennent toute la place permise : redemandez plus tard", exported: ["{n} relevé, {size}", "{n} relevés, {size}"],
    too_large: "il dépasse {size}, rien n’a été gardé : demandez moins de séries, moins longtemps, Parquet ou des heures", file_not_writable: "le fichier ne peut pas être écrit : {why}", hub_error: "arrêt par une erreur du hub lui-même ; son journal en dit plus", backed_up: ["{path} : {n} ligne, {size}", "{path} : {n} lignes, {size}"],
    no_plan: "il n’y a plus de plan", words_gone: "le hub s’est arrêté et n’a plus les mots qui la scellent : demandez-en une autre", letter_not_readable: "le destinataire n’est plus lisible : renvoyez l’invitation", letter_not_opened: "ce hub ne peut plus ouvrir la lettre : renvoyez l’invitation",
    letter_not_needed: "rien n’est parti : l’invitation a été acceptée, retirée, renvoyée, ou elle a expiré", channel_no_mail: "le canal {channel} n’envoie pas de courrier", no_answer: "pas de réponse en {seconds} s ; on ne sait pas si elle est arrivée", letter_before_backup: "hub restauré d’une sauvegarde : on ne sait pas si elle est partie depuis ; renvoyez-la sinon",
    hub_stopping: "le hub s’arrête", hub_ended_each_time: "le hub s’est arrêté à chaque fois pendant qu’elle tournait", hub_ended: "le hub s’est arrêté pendant qu’elle tournait",
  },
);

const COUNTS = ["ticks", "samples", "rows"] as const;

/** What was said: `said` is English, as the hub keeps it, and stands where there is no other. A hub of before tells nothing beside it. */
export function spoken(said: string, told: JobTold | undefined): string {
  if (!told) return said;
  const { figures: of } = told;
  const n = Number(COUNTS.map((name) => of[name]).find((value) => value !== undefined) ?? 0);
  const size = of["bytes"] === undefined ? "" : bytes(Number(of["bytes"]), 1000);
  const [why, path, channel, seconds] = [of["why"] ?? "", of["path"] ?? "", of["channel"] ?? "", of["seconds"] ?? ""];
  switch (told.code) {
    case "let_go": case "exported": return say(told.code, { n, size });
    case "backed_up": return say("backed_up", { path, n, size });
    case "too_large": return say("too_large", { size });
    case "not_writable": case "not_readable": case "file_not_writable": return say(told.code, { why });
    case "channel_no_mail": return say("channel_no_mail", { channel });
    case "no_answer": return say("no_answer", { seconds });
    case "erased": case "no_mail": case "kept_for_ever": case "nothing_older": case "exports_full": case "hub_error": case "no_plan": case "words_gone":
    case "letter_not_readable": case "letter_not_opened": case "letter_not_needed": case "letter_before_backup": case "hub_stopping": case "hub_ended_each_time": case "hub_ended":
      return say(told.code);
    // A hub that is newer than these pages.
    default: return said;
  }
}
