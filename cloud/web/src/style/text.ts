// How large does the reader have text?

/** In times of what is usual: what is laid out by script grows with it, as what is laid out by style does. */
export const textScale = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
