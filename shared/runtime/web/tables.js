// Tables of numbers, for whoever looks after the system: dense, with their heads above what they name.
import { h, number, say } from "./page.js";

export const whole = (n) => (n === null || n === undefined ? say("unknown") : number(Math.round(n)));
/** A time span in the unit that people would use. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return say("unknown");
  if (seconds < 90) return say("span.s", { n: seconds.toFixed(seconds < 10 ? 1 : 0) });
  if (seconds < 5400) return say("span.m", { n: (seconds / 60).toFixed(0) });
  return seconds < 172_800 ? say("span.h", { n: (seconds / 3600).toFixed(1) }) : say("span.d", { n: (seconds / 86_400).toFixed(1) });
}
export function table(caption, head, rows, kind = "dense") {
  // A head stands as its column does: words to the left, numbers to the right.
  const columns = rows[0]?.children ?? [];
  const stands = (at) => (columns[at]?.classList.contains("t") ? "t" : null);
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption }, h("table", { class: kind }, h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, head.map((one, at) => (one instanceof Node ? one : h("th", { scope: "col", class: stands(at) }, one))))), h("tbody", {}, rows)));
}
const LONG = /^\w+\.\w+\.| → /;
/** What a row is about; the name of a topic may be broken behind its dots. */
export const rowHead = (text) => h("th", { scope: "row", class: LONG.test(text) ? "long" : null }, LONG.test(text) ? text.split(/(?<=\.)/).map((part, at) => [at > 0 && h("wbr"), part]) : text);
