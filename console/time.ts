const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

import { el } from "./element.js";

/** A moment: the time of day, with the day when it is not today. */
export function moment(at: string | number | undefined): HTMLTimeElement | string {
  if (at === undefined) return "–";
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return el(
    "time",
    { datetime: date.toISOString(), title: full.format(date) },
    (today ? "" : day.format(date) + " ") + clock.format(date),
  );
}

/** A length of time with two digits that matter. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

export function between(from: string | undefined, to: string | undefined): number {
  return from && to ? Date.parse(to) - Date.parse(from) : NaN;
}
