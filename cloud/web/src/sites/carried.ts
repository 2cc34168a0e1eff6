// What came of a file that was carried here, as the hub tells it.

export interface Carried {
  name: string;
  made_at: string;
  ticks: { in_file: number; new: number; known: number; refused: number };
  rows: { in_file: number; changed: number; refused: number; waits: string | null };
}
