// What is said when something was not done?
import { OutOfReach, Refused } from "../api/problem.ts";
import { words } from "./words.ts";

const say = words(
  { out: "The hub did not answer: nothing is known to have been changed. Try again, it is done once only." },
  { out: "Le hub n’a pas répondu : on ne sait pas si quelque chose a changé. Réessayez, ce ne sera fait qu’une fois." },
);

export function wrongOf(error: unknown): string {
  if (error instanceof Refused) return [error.problem.detail, error.problem.next].filter(Boolean).join(". ");
  return error instanceof OutOfReach ? say("out") : String(error);
}
