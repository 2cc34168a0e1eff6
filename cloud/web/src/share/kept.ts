// Photos that another app handed over, until somebody says of which incident they are: the service worker takes them in, a page
// puts them somewhere.
import type { Cupboard, Tx } from "../kept/cupboard.ts";

/** Photos at once, and before they are made small. More is dropped, the oldest first: nobody has asked for them since. */
export const MOST_SHARED = 10;
export const MOST_SHARED_BYTES = 60_000_000;

const NAMED = "shared ";

interface Shared {
  /** In the order in which they came. */
  name: string;
  content: ArrayBuffer;
  kind: string;
}

const own = async (tx: Tx): Promise<Shared[]> => {
  const all = await tx.all<Shared>("photos");
  return all.filter(({ name }) => name.startsWith(NAMED)).sort((a, b) => (a.name < b.name ? -1 : 1));
};

/** Keeps what is a picture of what was handed over. */
export async function keepShared(cupboard: Cupboard, files: readonly Blob[], now: number): Promise<void> {
  const pictures = files.filter((file) => file.type.startsWith("image/") && file.size <= MOST_SHARED_BYTES).slice(-MOST_SHARED);
  const contents = await Promise.all(pictures.map(async (file) => ({ kind: file.type, content: await file.arrayBuffer() })));
  await cupboard.change(async (tx) => {
    const added = contents.map((one, at) => ({ ...one, name: `${NAMED}${new Date(now).toISOString()} ${at}` }));
    const all = [...(await own(tx)), ...added];
    const bytes = () => all.reduce((sum, one) => sum + one.content.byteLength, 0);
    for (const one of added) await tx.put("photos", one);
    while (all.length > MOST_SHARED || bytes() > MOST_SHARED_BYTES) await tx.remove("photos", all.shift()?.name ?? "");
  });
}

/** What waits for somebody to say where it belongs. */
export async function sharedPhotos(cupboard: Cupboard): Promise<{ name: string; photo: Blob }[]> {
  const all = await cupboard.change(own);
  return all.map(({ name, content, kind }) => ({ name, photo: new Blob([content], { type: kind }) }));
}

export const dropShared = (cupboard: Cupboard, name: string): Promise<void> => cupboard.change((tx) => tx.remove("photos", name));
