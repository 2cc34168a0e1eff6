// How small is a photo made before it goes over a thin line?

/** Pixels of the longer side: what is written on a label can still be read. */
const LONGEST_PX = 1600;

/** How large a picture of such a size is sent: never larger than it is, and never less than one pixel. */
export function fit(width: number, height: number, longest = LONGEST_PX): { width: number; height: number } {
  const scale = Math.min(1, longest / Math.max(width, height, 1));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return { width: side(width), height: side(height) };
}
