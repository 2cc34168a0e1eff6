// How is a metric asked for, so that nothing that happened between two pixels is left out?
import type { Unit } from "./units.ts";

export type Labels = Readonly<Record<string, string>>;

/** What is in every series of a machine, and says nothing about which it is. */
const PLACE = ["__name__", "client", "site", "machine", "machine_id"];

/** The label by which one answer tells its three parts apart. */
export const PART = "vigie_part";

/** The labels that tell the series of a machine apart. */
export function own(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !PLACE.includes(name) && name !== PART).sort());
}

export const keyOf = (labels: Labels): string => JSON.stringify(own(labels));

/** A selector of one series; `names` are the labels that others of the metric have and this one must not. */
export function selector(metric: string, machine: string, labels: Labels, names: readonly string[]): string {
  const all: [string, string][] = [["__name__", metric], ["machine_id", machine], ...names.map((name): [string, string] => [name, labels[name] ?? ""])];
  return `{${all.map(([name, value]) => `${quoted(name)}=${JSON.stringify(value)}`).join(",")}}`;
}

/** A label of Prometheus' old kind stands plain, any other in quotes. */
const quoted = (name: string): string => (/^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name));

export interface Asking {
  selectors: readonly string[];
  unit: Unit;
  stepMs: number;
  /** How often the machine measures. */
  intervalMs: number;
  /** Some time before, to compare. */
  offset?: string;
}

/**
 * One question for the mean, the least and the most of each bucket. A counter is drawn as how fast it grew: its least and most
 * are those of the eighths of a bucket, where these hold enough measurements.
 */
export function queryOf({ selectors, unit, stepMs, intervalMs, offset }: Asking): string {
  const later = offset ? ` offset ${offset}` : "";
  const window = `${Math.ceil(stepMs / 1000)}s`;
  const banded = hasBand(unit, stepMs, intervalMs) && !offset;
  const parts = selectors.flatMap((selector) => {
    if (!unit.counter) {
      const part = (kind: string) => tagged(kind, `${kind}_over_time(${selector}[${window}]${later})`);
      return banded ? ["avg", "min", "max"].map(part) : [part("avg")];
    }
    // Two measurements make a speed: a window of fewer has none.
    const wide = `${Math.ceil(Math.max(stepMs, 3 * intervalMs) / 1000)}s`;
    const mean = tagged("avg", `rate(${selector}[${wide}]${later})`);
    if (!banded) return [mean];
    const inner = `${Math.ceil(eighth(stepMs, intervalMs) / 1000)}s`;
    return [mean, ...["min", "max"].map((kind) => tagged(kind, `${kind}_over_time(rate(${selector}[${inner}])[${window}:${inner}])`))];
  });
  return parts.join(" or ");
}

/** Whether a bucket holds more than one value, so that its least and its most say something. */
export function hasBand(unit: Unit, stepMs: number, intervalMs: number): boolean {
  return unit.counter ? stepMs >= 2 * eighth(stepMs, intervalMs) : stepMs > intervalMs;
}

const eighth = (stepMs: number, intervalMs: number): number => Math.max(stepMs / 8, 3 * intervalMs);

const tagged = (kind: string, text: string): string => `label_replace(${text}, "${PART}", "${kind}", "", "")`;
