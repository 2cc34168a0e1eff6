// Sentences of the hub that are known in French by now: what is on the page is said anew when they come.

export type Known = readonly (readonly [english: string, french: string])[];

export const learnt: { known: Known } = $state({ known: [] });
