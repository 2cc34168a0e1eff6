// A chart as comma-separated values: times in UTC, numbers plain in the unit of the metric's name, what is not known empty.
import type { Frame, Known } from "./frame.ts";
import type { Gap } from "./gaps.ts";

export function csvOf(frame: Frame, gaps: readonly Gap[], name: (key: string) => string): string {
  const rows = frame.series.flatMap((series) => {
    const title = name(series.key);
    const all: [string, readonly Known[]][] = [[`${title} mean`, series.mean]];
    if (series.low) all.push([`${title} min`, series.low]);
    if (series.high) all.push([`${title} max`, series.high]);
    return all;
  });
  const head = ["time", ...rows.map(([title]) => title), "gap"].map(safe).join(",");
  const lines = frame.times.map((time, at) => {
    const gap = gapAt(gaps, time, frame.stepMs);
    return [new Date(time).toISOString(), ...rows.map(([, row]) => row[at] ?? ""), gap ? `${gap.kind} ${gap.reason}` : ""].join(",");
  });
  return `${[head, ...lines].join("\r\n")}\r\n`;
}

/** The gap that a bucket lies in or touches. */
export function gapAt(gaps: readonly Gap[], time: number, stepMs: number): Gap | undefined {
  return gaps.find((gap) => gap.from < time && gap.until > time - stepMs);
}

/** A label may be anything: a table program must not take it for a formula. */
function safe(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
