import { el } from "./element.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** A moment: the time of day, with the day when it is not today. */
export function moment(at: string | number | undefined): HTMLTimeElement | string {
  if (at === undefined) return "–";
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return timeElement(date, (today ? "" : day.format(date) + " ") + clock.format(date));
}

/** How long ago a moment is, or how long until it comes. It stays true while the page shows it. */
export function age(at: string | undefined): HTMLTimeElement | string {
  if (at === undefined) return "–";
  const date = new Date(at);
  const element = timeElement(date, ageText(date));
  element.dataset.age = "";
  return element;
}

setInterval(() => {
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    element.textContent = ageText(new Date(element.dateTime));
  }
}, 5000);

function ageText(date: Date): string {
  const ms = Date.now() - date.getTime();
  return ms < 0 ? `in ${duration(-ms)}` : `${duration(ms)} ago`;
}

function timeElement(date: Date, text: string): HTMLTimeElement {
  return el("time", { datetime: date.toISOString(), title: full.format(date) }, text);
}

/** A length of time with two digits that matter. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = ms / 1000;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(s % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function between(from: string | undefined, to: string | undefined): number {
  return from && to ? Date.parse(to) - Date.parse(from) : NaN;
}
