// How full are the buffers of a site? Each agent measures its own; the fullest says how long it can go on.
export interface Vector {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

export interface Fill {
  machine: string;
  used: number;
  limit: number;
  /** When it was measured, at the hub. */
  at: number;
}

/** The fullest of the stores, and how many tell of theirs. */
export function fullest(used: Vector, limit: Vector): { worst: Fill | undefined; telling: number } {
  const limits = new Map(limit.data.result.map((one) => [one.metric["machine_id"], Number(one.value[1])]));
  const all = used.data.result.flatMap((one): Fill[] => {
    const most = limits.get(one.metric["machine_id"]);
    if (!most || !Number.isFinite(most)) return [];
    return [{ machine: one.metric["machine"] ?? "", used: Number(one.value[1]), limit: most, at: one.value[0] * 1000 }];
  });
  return { worst: all.sort((a, b) => b.used / b.limit - a.used / a.limit)[0], telling: all.length };
}
