import { svg } from "./element.js";

/** As wide as it is drawn, so that texts have the size of the page's. */
function room(): number {
  const page = document.querySelector("main")?.clientWidth ?? 600;
  return Math.max(260, Math.min(page, 1100) - 110);
}

/** A value at a time. */
export interface Point {
  at: number;
  value: number;
}

/** Values over time as a line through those that are known. `top` is the highest that there can be. */
export function line(points: Point[], top: number, label: string): SVGElement {
  const width = room();
  const height = 140;
  const from = points[0]?.at ?? 0;
  const span = Math.max((points.at(-1)?.at ?? 0) - from, 1);
  const x = (p: Point) => round(8 + ((p.at - from) / span) * (width - 16));
  const y = (p: Point) => round(height - 8 - (p.value / top) * (height - 16));
  const path = points.map((p, i) => `${i ? "L" : "M"}${x(p)} ${y(p)}`).join("");
  const last = points.at(-1);
  return frame(
    width,
    height,
    label,
    ...[0, 0.5, 1].map((part) => rule(round(height - 8 - part * (height - 16)))),
    svg("path", { class: "area", d: path && `${path}V${height - 8}H8Z` }),
    svg("path", { class: "line", d: path }),
    ...points.slice(1).map((p) => svg("circle", { class: "dot", cx: x(p), cy: y(p), r: p === last ? 4.5 : 2.5 })),
  );
}

/** Bars over time, each of parts of a state. */
export function bars(columns: Record<string, number>[], label: string): SVGElement {
  const width = room();
  const height = 140;
  const sum = (column: Record<string, number>) => Object.values(column).reduce((a, b) => a + b, 0);
  const top = Math.max(1, ...columns.map(sum));
  const wide = width / columns.length;
  const rects = columns.flatMap((column, i) => {
    let base = height - 1;
    return Object.entries(column).map(([state, n]) => {
      const tall = (n / top) * (height - 6);
      base -= tall;
      return svg("rect", {
        "data-state": state,
        x: round(i * wide + 1),
        y: round(base),
        width: round(wide - 2),
        height: round(tall),
        rx: 1.5,
      });
    });
  });
  return frame(width, height, label, rule(height - 1), ...rects);
}

/** Lengths of time by when they ended, each a dot, on a scale of powers of ten. */
export function dots(points: (Point & { state: string })[], label: string): SVGElement {
  const width = room();
  const height = 190;
  const ats = points.map((p) => p.at);
  const from = Math.min(...ats);
  const span = Math.max(Math.max(...ats) - from, 1);
  const logs = points.map((p) => Math.log10(Math.max(p.value, 1)));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(Math.ceil(Math.max(...logs)), low + 1);
  const y = (log: number) => round(height - 10 - ((log - low) / (high - low)) * (height - 24));
  return frame(
    width,
    height,
    label,
    ...Array.from({ length: high - low + 1 }, (_, i) => [
      rule(y(low + i)),
      svg(
        "text",
        { x: 2, y: y(low + i) - 3 },
        ["1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "17 min", "2.8 h", "28 h"][low + i] ?? `10^${low + i - 3} s`,
      ),
    ]).flat(),
    ...points.map((p, i) =>
      svg("circle", { "data-state": p.state, cx: round(64 + ((p.at - from) / span) * (width - 72)), cy: y(logs[i]!), r: 4.5 }),
    ),
  );
}

/** A span of time in a state. */
export interface Span {
  from: number;
  to: number;
  state: string;
}

/** Spans of time and marks at moments, on one line. */
export function spans(all: Span[], marks: number[], from: number, to: number, label: string): SVGElement {
  const width = room();
  const height = 16;
  const x = (at: number) => ((at - from) / Math.max(to - from, 1)) * width;
  return frame(
    width,
    height,
    label,
    svg("rect", { class: "track", x: 0, y: 5, width, height: 6, rx: 3 }),
    ...all.map((s) =>
      svg("rect", {
        "data-state": s.state,
        x: round(x(s.from)),
        y: 1,
        width: round(Math.max(x(s.to) - x(s.from), 3)),
        height: 14,
        rx: 3,
      }),
    ),
    ...marks.map((at) => svg("rect", { class: "mark", x: round(x(at) - 1), y: 0, width: 2, height })),
  );
}

function frame(width: number, height: number, label: string, ...children: (SVGElement | undefined)[]): SVGElement {
  return svg("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...children);
}

function rule(y: number): SVGElement {
  return svg("line", { class: "rule", x1: 0, x2: 2000, y1: y, y2: y });
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
