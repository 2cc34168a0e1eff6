// The rules as a file that Prometheus takes.
//
// Texts are written as JSON writes them, which is YAML as well: whatever a rule holds, it stays one text.
import { spanText } from "./backtest.ts";
import type { Rule, RuleGroup } from "./shape.ts";

export function fileOf(groups: readonly RuleGroup[]): string {
  const written = groups.filter((group) => group.rules.length > 0).map(groupOf);
  return `groups:\n${written.join("")}`;
}

function groupOf(group: RuleGroup): string {
  const head = `  - name: ${text(`${group.file}/${group.name}`)}\n    interval: ${spanText(Math.max(1000, group.interval_ms))}\n    rules:\n`;
  return head + group.rules.map(ruleOf).join("");
}

function ruleOf(rule: Rule): string {
  const lines = [`      - ${rule.alerting ? "alert" : "record"}: ${text(rule.name)}`, `        expr: ${text(rule.expr)}`];
  if (rule.alerting && rule.for_ms > 0) lines.push(`        for: ${spanText(rule.for_ms)}`);
  if (rule.alerting && rule.keep_firing_for_ms > 0) lines.push(`        keep_firing_for: ${spanText(rule.keep_firing_for_ms)}`);
  return `${[...lines, ...map("labels", rule.labels), ...(rule.alerting ? map("annotations", rule.annotations) : [])].join("\n")}\n`;
}

function map(name: string, of: Record<string, string>): string[] {
  const all = Object.entries(of);
  return all.length ? [`        ${name}:`, ...all.map(([key, value]) => `          ${text(key)}: ${text(value)}`)] : [];
}

const text = (of: string): string => JSON.stringify(of);
