// The table as comma-separated values: absolute times in UTC, numbers plain, what is not known empty.
import type { Columns } from "./columns.ts";

const HEAD = "id,name,client,site,status,was,reachability,last_sample,cpu,memory,disk,os,waiting,waiting_is_estimate,lost,tags,groups";

export function csvOf(columns: Columns, rows: readonly number[]): string {
  const line = (at: number): string => {
    const heard = columns.heardAt(at);
    const cells = [
      columns.id(at), columns.name(at), columns.client(at), columns.site(at), columns.shown(at), columns.was(at), columns.reach(at),
      heard === undefined ? "" : new Date(heard).toISOString(), told(columns.cpu(at)), told(columns.memory(at)), told(columns.disk(at)), columns.system(at), columns.waiting[at] ?? 0, columns.isReckoned(at), columns.lost[at] ?? 0, columns.mark(at).tags.join(" "), columns.mark(at).groups.join(" "),
    ];
    return cells.map((cell) => safe(String(cell))).join(",");
  };
  return `${HEAD}\r\n${rows.map(line).join("\r\n")}\r\n`;
}

/** As the hub tells shares: in thousandths. */
const told = (share: number | undefined): number | string => (share === undefined ? "" : Math.round(share * 1000) / 1000);

/** A machine's name may be anything: a table program must not take it for a formula. */
function safe(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
