// What of this browser outlives its pages: copies of what was seen, what waits to be sent, and photos that wait with it or to be
// put somewhere. Photos lie apart, so that nobody reads them who only looks what waits.
//
// The pages and the service worker share one. All that is changed together is changed in one transaction.

export const STORES = { copies: "key", outbox: "seq", meta: "name", photos: "name" } as const;
export type Store = keyof typeof STORES;

export interface Tx {
  get<T>(store: Store, key: IDBValidKey): Promise<T | undefined>;
  all<T>(store: Store): Promise<T[]>;
  put(store: Store, value: object): Promise<void>;
  remove(store: Store, key: IDBValidKey): Promise<void>;
  clear(store: Store): Promise<void>;
}

export interface Cupboard {
  /** Whether it outlives the page. */
  readonly durable: boolean;
  /** Does something in one transaction; it is durable when this answers. Nothing but the transaction is waited for within. */
  change<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

const NAME = "vigie";
const VERSION = 2;

/** The browser's own. Where it keeps nothing (some private windows), what is put in lasts as long as the page. */
export async function openCupboard(): Promise<Cupboard> {
  try {
    return new Kept(await opened());
  } catch {
    return new Passing();
  }
}

class Kept implements Cupboard {
  readonly durable = true;
  #db: IDBDatabase;

  constructor(db: IDBDatabase) {
    this.#db = db;
    // A newer page wants another shape: it does not wait for this one.
    db.onversionchange = () => db.close();
  }

  async change<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const own = this.#db.transaction(Object.keys(STORES), "readwrite", { durability: "strict" });
    const over = new Promise<void>((done, failed) => {
      own.oncomplete = () => done();
      own.onabort = () => failed(own.error ?? new Error("the browser kept nothing"));
    });
    // Whoever waits for the work hears of a failure there.
    over.catch(() => undefined);
    const at = (store: Store) => own.objectStore(store);
    const tx: Tx = {
      get: <V>(store: Store, key: IDBValidKey) => answered<V | undefined>(at(store).get(key)),
      all: <V>(store: Store) => answered<V[]>(at(store).getAll()),
      put: async (store, value) => void (await answered(at(store).put(value))),
      remove: (store, key) => answered<undefined>(at(store).delete(key)),
      clear: (store) => answered<undefined>(at(store).clear()),
    };
    try {
      const result = await work(tx);
      await over;
      return result;
    } catch (error) {
      // Half of it is worse than none. What failed by itself is over already.
      if (own.error === null) attempt(() => own.abort());
      throw error;
    }
  }
}

/** One that lasts as long as its page. */
export class Passing implements Cupboard {
  readonly durable = false;
  #stores: Record<Store, Map<IDBValidKey, object>> = { copies: new Map(), outbox: new Map(), meta: new Map(), photos: new Map() };
  #turn: Promise<unknown> = Promise.resolve();

  change<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const stores = this.#stores;
    const mine = this.#turn.then(() =>
      work({
        get: async <V>(store: Store, key: IDBValidKey) => structuredClone(stores[store].get(key)) as V | undefined,
        all: async <V>(store: Store) => structuredClone([...stores[store].values()]) as V[],
        put: async (store, value) => {
          const key = (value as Record<string, IDBValidKey>)[STORES[store]] ?? "";
          stores[store].set(key, structuredClone(value));
        },
        remove: async (store, key) => void stores[store].delete(key),
        clear: async (store) => stores[store].clear(),
      }),
    );
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

function attempt(what: () => void): void {
  try {
    what();
  } catch {
    // It was over before.
  }
}

function opened(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      for (const [store, keyPath] of Object.entries(STORES)) {
        if (!asked.result.objectStoreNames.contains(store)) asked.result.createObjectStore(store, { keyPath });
      }
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
    asked.onblocked = () => failed(new Error("another page holds what is kept"));
  });
}

function answered<T>(request: IDBRequest): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result as T);
    request.onerror = () => failed(request.error);
  });
}
