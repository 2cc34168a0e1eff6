// In which colours is a chart drawn? A canvas does not follow the style sheet: it is told.
import { textScale } from "../style/text.ts";

export interface Look {
  text: string; muted: string; grid: string; edge: string; surface: string; stale: string; pending: string; critical: string; warning: string;
  series: readonly string[];
  font: string;
}

/** Colour alone tells nobody apart: each series has its dashes, too. */
export const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2]];
/** At most so many series in one chart. */
export const MOST_SERIES = DASHES.length;

export function lookOf(element: Element): Look {
  const style = getComputedStyle(element);
  const font = `${12 * textScale()}px ${style.fontFamily}`;
  // Who chose their own colours has them here, too; the dashes remain.
  if (matchMedia("(forced-colors: active)").matches) {
    const [text, surface] = ["CanvasText", "Canvas"];
    return { text, muted: text, grid: "GrayText", edge: text, surface, stale: text, pending: text, critical: text, warning: text, series: DASHES.map(() => text), font };
  }
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("text"), muted: of("muted"), grid: of("border"), edge: of("edge"), surface: of("surface"), stale: of("stale"), pending: of("pending"), critical: of("critical"), warning: of("warning"),
    series: DASHES.map((_, at) => of(`series-${at + 1}`)), font,
  };
}
