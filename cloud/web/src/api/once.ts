// By what does the hub know that something is asked for again?

/** A key that nobody else has. `crypto.randomUUID` is not there on plain HTTP. */
export function onceKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
