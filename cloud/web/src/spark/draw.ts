// How is the last hour drawn into a cell? A line where something was measured, dots on the ground where nothing was.
//
// A drawing of paths and no canvas: each canvas would be a layer of its own, and a hundred of them slow the scroll down.
import { words } from "../say/words.ts";
import { share } from "../say/number.ts";
import { POINTS, type Points } from "./sparks.ts";

const say = words(
  { told: "Processors within the last hour: {least} to {most}", gaps: ["{n} gap", "{n} gaps"], until: "nothing measured since", none: "Nothing known of the last hour" },
  { told: "Processeurs pendant la dernière heure : {least} à {most}", gaps: ["{n} trou", "{n} trous"], until: "rien de mesuré depuis", none: "Rien de connu de la dernière heure" },
);
const HEIGHT = 20;
const GROUND = HEIGHT - 2;

export interface Spark {
  root: SVGSVGElement;
  line: SVGPathElement;
  ground: SVGPathElement;
}

/** Makes an empty drawing of this width, in px. */
export function makeSpark(parent: HTMLElement, width: number): Spark {
  const make = <K extends "svg" | "path">(name: K) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const [root, line, ground] = [make("svg"), make("path"), make("path")];
  root.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  root.setAttribute("class", "spark");
  // It says something once something was asked.
  root.setAttribute("aria-hidden", "true");
  line.setAttribute("class", "spark-line");
  ground.setAttribute("class", "spark-ground");
  root.append(ground, line);
  parent.append(root);
  return { root, line, ground };
}

/** Draws shares from 0 to 1, and says them. */
export function drawSpark({ root, line, ground }: Spark, points: Points | undefined, width: number): void {
  line.setAttribute("d", points ? lineOf(points, width) : "");
  ground.setAttribute("d", points ? groundOf(points, width) : "");
  root.removeAttribute("aria-hidden");
  root.setAttribute("role", "img");
  root.setAttribute("aria-label", points ? sentenceOf(points) : say("none"));
}

const x = (at: number, width: number): string => (1 + (at * (width - 2)) / (POINTS - 1)).toFixed(1);

/** The line, broken where nothing is known. One measurement between two gaps is a dot. */
export function lineOf(points: Points, width: number): string {
  const y = (at: number) => (GROUND - Math.min(1, Math.max(0, points[at] ?? 0)) * (HEIGHT - 4)).toFixed(1);
  return runs(points).map(([from, to]) => {
    const all = [`M${x(from, width)} ${y(from)}`];
    for (let at = from + 1; at <= to; at += 1) all.push(`L${x(at, width)} ${y(at)}`);
    return from === to ? `${all[0]}h.1` : all.join("");
  }).join("");
}

function groundOf(points: Points, width: number): string {
  const known = Float32Array.from(points, (point) => (Number.isNaN(point) ? 1 : NaN));
  return runs(known).map(([from, to]) => `M${x(from, width)} ${GROUND}H${x(to === from ? to + 0.5 : to, width)}`).join("");
}

/** The same in words. */
export function sentenceOf(points: Points): string {
  const own = runs(points);
  const known = [...points].filter((point) => !Number.isNaN(point));
  if (known.length === 0) return say("none");
  const last = own.at(-1)?.[1] ?? 0;
  const gaps = own.length - 1;
  // The bucket that is not over may have nothing in it yet.
  return [
    say("told", { least: share(Math.min(...known)), most: share(Math.max(...known)) }), gaps > 0 ? say("gaps", { n: gaps }) : "", last < POINTS - 3 ? say("until") : "",
  ].filter(Boolean).join(", ");
}

/** Where something is known without a break: first and last of each stretch. */
export function runs(points: Points): [number, number][] {
  const all: [number, number][] = [];
  for (let at = 0; at < points.length; at += 1) {
    if (Number.isNaN(points[at])) continue;
    const last = all.at(-1);
    if (last && last[1] === at - 1) last[1] = at;
    else all.push([at, at]);
  }
  return all;
}
