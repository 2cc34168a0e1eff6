// How are amounts of bytes written? Disks in steps of 1000, memory in steps of 1024, each named as such.
import { settings } from "../settings.svelte.ts";
import { number } from "./number.ts";

const STEPS = ["", "k", "M", "G", "T", "P"];

export function bytes(n: number, step: 1000 | 1024): string {
  const letter = settings.language === "fr" ? "o" : "B";
  let at = 0;
  let left = n;
  while (left >= step && at < STEPS.length - 1) {
    left /= step;
    at += 1;
  }
  const prefix = STEPS[at] ?? "";
  const unit = step === 1024 && prefix ? `${prefix.toUpperCase()}i${letter}` : `${prefix}${letter}`;
  return `${number(left)}\u202f${unit}`;
}
