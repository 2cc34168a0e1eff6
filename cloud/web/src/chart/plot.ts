// One chart on its canvas. uPlot draws the lines; the gaps, marks and names around them are drawn here.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { number } from "../say/number.ts";
import type { Language } from "../settings.svelte.ts";
import { broken, type Gap } from "./gaps.ts";
import { extremes, type Frame, type Known } from "./frame.ts";
import { DASHES, type Look } from "./look.ts";
import { drawMark, type Mark } from "./marks.ts";
import { drawGap, scaled, type Area } from "./textures.ts";
import { timeLabels } from "./ticks.ts";
import { spanOf, type Scale, type Unit } from "./units.ts";

export interface Drawing {
  frame: Frame;
  names: readonly string[];
  /** The same series a week before, on the same times. */
  before: Frame | undefined;
  unit: Unit;
  scale: Scale;
  close: boolean;
  from: number;
  until: number;
  intervalMs: number;
  /** With what stands in them, the longest first. */
  gaps: readonly (Gap & { words: readonly string[] })[];
  marks: readonly (Mark & { late: string })[];
  threshold: { value: number; words: string } | undefined;
}

export interface Ways {
  /** The cursor stands at a moment, or has left. */
  cursor: (at: number | undefined) => void;
  /** Somebody drew a stretch to look at. */
  zoom: (from: number, until: number) => void;
}

export interface Size { width: number; height: number }

export class Plot {
  #drawing: Drawing;
  #look: Look;
  #plot: uPlot;
  /** Room for the names at the ends of the lines. */
  #room: number;

  constructor(box: HTMLElement, drawing: Drawing, look: Look, language: Language, size: Size, ways: Ways) {
    this.#drawing = drawing;
    this.#look = look;
    this.#room = drawing.frame.series.length < 2 ? 12 : size.width < 420 ? 58 : 84;
    this.#plot = new uPlot(this.#options(language, size, ways), this.#data(), box);
    this.#plot.over.addEventListener("mouseleave", () => ways.cursor(undefined));
  }

  /** Another frame of the same series. */
  update(drawing: Drawing): void {
    this.#drawing = drawing;
    this.#plot.setData(this.#data());
  }

  /** Puts the cursor where another chart has it. */
  cursor(at: number | undefined): void {
    const left = at === undefined ? -10 : this.#plot.valToPos(at / 1000, "x");
    this.#plot.setCursor({ left, top: at === undefined ? -10 : 0 }, false);
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #data(): uPlot.AlignedData {
    const { frame, before, scale, gaps, intervalMs } = this.#drawing;
    const drawn = (row: readonly Known[] | undefined, cut: readonly Gap[]) =>
      broken(row ?? frame.times.map(() => null), frame.times, frame.stepMs, intervalMs, cut).map((value) => (value == null ? value : value * scale.times));
    const rows = frame.series.flatMap((one) => [drawn(one.high, gaps), drawn(one.low, gaps), drawn(one.mean, gaps)]);
    const old = before ? frame.series.map((one) => drawn(before.series.find((other) => other.key === one.key)?.mean, [])) : [];
    return [frame.times.map((ms) => ms / 1000), ...rows, ...old] as uPlot.AlignedData;
  }

  #options(language: Language, { width, height }: Size, ways: Ways): uPlot.Options {
    const look = this.#look;
    const colour = (at: number) => look.series[at] ?? look.text;
    const series = this.#drawing.frame.series.flatMap((_, at): uPlot.Series[] => [
      { stroke: "transparent", width: 0, points: { show: false } },
      { stroke: "transparent", width: 0, points: { show: false } },
      { stroke: colour(at), width: 1.5, dash: [...(DASHES[at] ?? [])], points: { show: true, size: 4, fill: colour(at), filter: lonely } },
    ]);
    const old = this.#drawing.before ? this.#drawing.frame.series.map((_, at): uPlot.Series => ({ stroke: colour(at), width: 1.5, dash: [2, 3], points: { show: false } })) : [];
    const axis: uPlot.Axis = { stroke: look.muted, font: look.font, grid: { stroke: look.grid, width: 1 }, ticks: { stroke: look.grid, width: 1, size: 4 } };
    return {
      width, height, ms: 1e-3, padding: [8, this.#room, 0, 0], legend: { show: false },
      series: [{}, ...series, ...old],
      bands: this.#drawing.frame.series.map((_, at) => ({ series: [3 * at + 1, 3 * at + 2], fill: faint(colour(at), 0.2) ?? "transparent" })),
      scales: { x: { time: true, range: () => [this.#drawing.from / 1000, this.#drawing.until / 1000] }, y: { range: () => this.#span() } },
      axes: [
        { ...axis, size: 40, space: 64, values: (_, splits, __, ___, every) => timeLabels(splits, every, language) },
        { ...axis, size: (_, values) => Math.max(38, 14 + 7.2 * Math.max(0, ...(values ?? []).map((text) => text.length))), space: 28, values: (_, splits) => splits.map((value) => number(value)) },
      ],
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      hooks: {
        drawClear: [() => this.#under()],
        draw: [() => this.#over()],
        setCursor: [(plot) => {
          const { left, event } = plot.cursor;
          // New data moves it, too; only the reader's hand counts.
          if (event && left != null && left >= 0) ways.cursor(plot.posToVal(left, "x") * 1000);
        }],
        setSelect: [(plot) => {
          if (plot.select.width < 8) return;
          ways.zoom(plot.posToVal(plot.select.left, "x") * 1000, plot.posToVal(plot.select.left + plot.select.width, "x") * 1000);
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
      },
    };
  }

  #span(): [number, number] {
    const { frame, before, unit, scale, close, threshold } = this.#drawing;
    const [least, most] = extremes([...frame.series, ...(before?.series ?? [])]);
    const line = threshold ? threshold.value * scale.times : undefined;
    return spanOf(unit, Math.min(least * scale.times, line ?? Infinity), Math.max(most * scale.times, line ?? -Infinity), close);
  }

  #area(): Area {
    const { left, top, width, height } = this.#plot.bbox;
    return { left, top, width, height, ratio: devicePixelRatio };
  }

  #x(ms: number): number {
    return this.#plot.valToPos(ms / 1000, "x", true);
  }

  #under(): void {
    for (const gap of this.#drawing.gaps) drawGap(this.#plot.ctx, gap.kind, this.#x(gap.from), this.#x(gap.until), gap.words, this.#area(), this.#look);
  }

  #over(): void {
    const area = this.#area();
    for (const mark of this.#drawing.marks) drawMark(this.#plot.ctx, mark, this.#x(mark.from), this.#x(mark.until ?? this.#drawing.until), mark.late, area, this.#look);
    this.#threshold(area);
    this.#ends(area);
  }

  #threshold({ left, width, ratio }: Area): void {
    const { threshold, scale } = this.#drawing;
    if (!threshold) return;
    const { ctx } = this.#plot;
    const y = this.#plot.valToPos(threshold.value * scale.times, "y", true);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = this.#look.text;
    ctx.lineWidth = ratio;
    ctx.setLineDash([6 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.font = scaled(this.#look.font, ratio);
    ctx.textBaseline = "top";
    ctx.textAlign = "left";
    ctx.fillText(threshold.words, left + 4 * ratio, y + 3 * ratio);
    ctx.restore();
  }

  /** Each line bears its name where it ends; names that would cover each other make room. */
  #ends({ left, top, width, height, ratio }: Area): void {
    const { frame, names, scale } = this.#drawing;
    if (frame.series.length < 2) return;
    const { ctx } = this.#plot;
    ctx.save();
    ctx.font = scaled(this.#look.font, ratio);
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    const tall = 14 * ratio;
    const ends = frame.series.flatMap((one, at) => {
      const last = one.mean.findLast((value) => value !== null);
      return last == null ? [] : [{ at, y: this.#plot.valToPos(last * scale.times, "y", true) }];
    }).sort((a, b) => a.y - b.y);
    let free = top + tall / 2;
    for (const end of ends) free = (end.y = Math.max(end.y, free)) + tall;
    let floor = top + height - tall / 2;
    for (const end of ends.toReversed()) floor = (end.y = Math.min(end.y, floor)) - tall;
    for (const { at, y } of ends) {
      ctx.fillStyle = this.#look.series[at] ?? this.#look.text;
      ctx.fillText(cut(ctx, names[at] ?? "", (this.#room - 8) * ratio), left + width + 5 * ratio, y);
    }
    ctx.restore();
  }
}

/** A value between two gaps is no line: it is a dot. */
const lonely: uPlot.Series.Points.Filter = (plot, at) => {
  const row = plot.data[at] ?? [];
  const found: number[] = [];
  for (let i = 0; i < row.length; i += 1) if (row[i] != null && row[i - 1] == null && row[i + 1] == null) found.push(i);
  return found;
};

function cut(ctx: CanvasRenderingContext2D, text: string, most: number): string {
  if (ctx.measureText(text).width <= most) return text;
  let short = text;
  while (short.length > 1 && ctx.measureText(`${short}…`).width > most) short = short.slice(0, -1);
  return `${short}…`;
}

/** The same colour, seen through; none of a system colour. */
function faint(colour: string, alpha: number): string | undefined {
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour + Math.round(alpha * 255).toString(16).padStart(2, "0") : undefined;
}
