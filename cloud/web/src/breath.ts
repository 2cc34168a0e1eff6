// How does long work let the browser paint, and hear the hand, between two pieces of it?

/** Ends this piece; what awaits it goes on in the next. */
export function breath(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?: () => Promise<void> } };
  return scheduler?.yield?.() ?? new Promise((done) => setTimeout(done));
}
