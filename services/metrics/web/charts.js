// Pieces that the board and its sister pages are drawn with; every chart is a table or stands beside one.
import { get } from "/parts/ask.js";
import { chooser } from "/parts/chooser.js";
import { today, wall } from "/parts/days.js";
import { clock, day, h, harmless, moment, named, number, of, say } from "/parts/page.js";
import { span, whole } from "/parts/tables.js";

const SVG = "http://www.w3.org/2000/svg";
export const RUN_PAGES = [["/", "nav.figures"], ["/past.html", "nav.past"], ["/operations.html", "nav.operations"], ["/logs.html", "nav.logs"]];

/** Before it the service knows no day. */
export const FIRST_DAY = "2000-01-01";
const PERIODS = [7, 30, 90];
/** The board over a slice. It knows periods where other pages know a first day: the shortest that holds it. */
function boardOver(query) {
  const asked = new URLSearchParams(query), made = new URLSearchParams();
  if (asked.has("day")) asked.set("to", asked.get("day"));
  for (const key of ["region", "basic", "channel", "to", "known_at"]) if (asked.get(key)) made.set(key, asked.get(key));
  const ends = asked.get("to") ?? asked.get("known_at") ?? today(), days = (Date.parse(ends) - Date.parse(asked.get("from"))) / 864e5 + 1;
  if (query) made.set("period", PERIODS.find((period) => days <= period) ?? 0);
  return made.size ? `/?${made}` : "/";
}
/** The address under which this page is open, but for its language, which is the reader's. */
function here() {
  const asked = new URLSearchParams(location.search);
  asked.delete("lang");
  return asked.size ? `${location.pathname}?${asked}` : location.pathname;
}
/** The pages of the board's own service, those that know slices over the one that is read here. */
export function own(query = "") {
  const links = { "/": boardOver(query), "/past.html": `/past.html${query}`, [location.pathname]: here() };
  return h("nav", { class: "own", "aria-label": say("nav.own") }, RUN_PAGES.map(([path, word]) => h("a", { href: links[path] ?? path, "aria-current": location.pathname === path ? "page" : null }, say(word))));
}
function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(key, harmless(value));
  made.append(...children);
  return made;
}
/** The class of a colour as deep as a share is large, in steps as fine as eyes tell, so that few cells change theirs. */
export const deep = (share) => `d${Math.round(17 * share)}`;
function long(made, share) {
  made.style.setProperty(`--part`, `${Math.round(share * 1000) / 10}%`);
  return made;
}
export const word = (words) => (words ? [words.zh, words.en] : null);
/** The names that a page begins with; those of items and venues come with the answers that speak of them. */
export const begin = async (families) => ({ items: {}, venues: {}, ...(await get(`/v1/names?only=${families}`)) });
export function learn(names, answer) {
  for (const family of ["items", "venues"]) Object.assign(names[family], answer.names?.[family]);
  return answer;
}
/** The places to choose from: all of them, a city, and whatever is chosen. The whole counts what no place is known of, too. */
export function places(names, chosen) {
  const codes = new Set(["", ...names.cities, chosen]);
  return [...codes].map((code) => [code, code ? named(word(names.regions[code]), code) : say("filter.province")]);
}
/** The name of a place among the cities; the bodies of a province are in none of them, and are a place of their own. */
export const placed = (names, code) => named(word(names.regions[code.replace(/0000$/, "00")] ?? names.regions[code]), code);
/** The codes of a family to choose from: all of them, each, and whatever is chosen. */
export function choices(family, chosen) {
  return [...new Set(["", ...Object.keys(family), chosen])].map((code) => [code, code ? named(word(family[code]), code) : say("all")]);
}
/** The field for the thing that figures are of: all of them, each, and whatever is chosen. */
export function thingFilter(basics, value, typed, change) {
  const codes = new Set([...Object.keys(basics), value].filter(Boolean));
  return h("div", { class: "filter" }, h("label", { for: "f-basic" }, say("filter.thing")), chooser("f-basic", { name: "basic", field: say("filter.thing"), blank: "all", choices: [...codes].map((code) => ({ code, names: word(basics[code]) })), value, typed, change }));
}
/** How long something has been open, in words: a span of days, or as many and more. */
export const aged = (days) => (days.endsWith("+") ? say("live.daysmore", { d: parseInt(days, 10) }) : say("live.days", { d: days }));
/** Filters that not every reading can be cut by, as the service knows them (`Filter`); each reading names those that cut it. */
const PARTIAL = ["layer", "pair", "cause", "home"];
/** Whether a reading can be cut by a filter; another one would only be refused. */
export const cuts = (reading, key) => !PARTIAL.includes(key) || Boolean(reading?.filters.includes(key));
/** The value of a filter in words. */
export function filtered(names, key, value) {
  if (key === "region") return named(word(names.regions[value]), value);
  if (key === "home") return placed(names, value);
  if (key === "pair") return value.split(">").map((code) => placed(names, code)).join(" → ");
  if (key === "cause") return value.split("|").map((code, at) => of(at ? "party" : "cause", code)).join(" · ");
  if (key === "basic" || key === "item" || key === "channel") return named(word(names[`${key}s`][value]), value);
  if (key === "layer") return of("layer", value);
  return key === "axis" ? of("axis", value) : day(value);
}
export const fixed = (n, digits = 2) => (n === null || n === undefined ? say("unknown") : n.toFixed(digits));
export const percent = (reading) => (reading?.value === null || reading?.value === undefined ? say("unknown") : `${(reading.value * 100).toFixed(1)} %`);
/** What a ratio is of: `12 / 345`. */
export const parts = (reading) => (reading.denominator === null ? whole(reading.numerator) : `${whole(reading.numerator)} / ${whole(reading.denominator)}`);
/** Whether a ratio is known, and of so few that it has to be said. */
export const isFew = (reading) => Boolean(reading?.few) && reading.value !== null;
/** Said to whoever does not see the mark. */
export const fewUnseen = (reading) => (isFew(reading) ? h("span", { class: "unseen" }, ` (${say("few")})`) : null);
/** A value of a reading in its unit. */
export function inUnit(unit, value) {
  if (value === null || value === undefined) return say("unknown");
  if (unit === "ratio") return `${(value * 100).toFixed(1)} %`;
  if (unit === "seconds") return span(value);
  if (unit === "mean") return say("unit.mean", { v: fixed(value) });
  return unit === "count" ? whole(value) : fixed(value);
}
/** An instant by its time, and by its day too unless that is today. */
export const when = (text) => (wall(text).slice(0, 10) === today() ? clock(text) : moment(text));
/** The same numbers to take along. */
export function sources(path, query) {
  const asked = query && `?${query}`;
  return h("p", { class: "sources" }, h("a", { href: `/v1/csv/${path}${asked}`, download: "" }, say("take.csv")), h("a", { href: `/v1/${path}${asked}` }, say("take.json")));
}
export function bar(parts) {
  return h("td", { class: "bar" }, h("div", { class: "track", "aria-hidden": "true" }, parts.map(([kind, share]) => long(h("i", { class: kind }), share))));
}
export function spark(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length < 2) return h("div", { class: "spark" });
  const low = Math.min(...known), reach = Math.max(...known) - low || 1;
  const points = values.map((value, at) => (value === null || value === undefined ? null : `${((at * 180) / (values.length - 1)).toFixed(1)},${(31 - ((value - low) / reach) * 28).toFixed(1)}`)).filter(Boolean);
  return svg("svg", { viewBox: "0 0 180 34", class: "spark", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("path", { d: `M${points.join("L")}` }));
}
// Where each city lies among its neighbours: column and row.
const PLACES = { 330500: [1, 0], 330400: [2, 0], 330100: [1, 1], 330600: [2, 1], 330200: [3, 1], 330900: [4, 1], 330800: [0, 2], 330700: [1, 2], 331000: [2, 2], 331100: [1, 3], 330300: [2, 3] };
/** Eleven tiles that keep neighbours together; not a map, and labelled so. */
export function cartogram(cities, { name, reading, show, href }) {
  const worst = Math.max(...cities.map((code) => reading(code)?.value ?? 0), 0.01);
  return svg("svg", { viewBox: "0 0 320 232", width: "100%", role: "group", "aria-label": say("travel.label") }, ...cities.map((code) => {
    const [column, row] = PLACES[code], found = reading(code), x = column * 64 + 2, y = row * 58 + 2;
    return svg("a", { href: href(code), class: `tile11 ${deep((found?.value ?? 0) / worst)}${isFew(found) ? " few" : ""}`, id: `tile-${code}` }, svg("rect", { x, y, width: 60, height: 54, rx: 8 }),
      svg("text", { x: x + 30, y: y + 17, "text-anchor": "middle" }, name(code)), " ", svg("text", { x: x + 30, y: y + 32, "text-anchor": "middle", class: "s" }, show(found)), " ", svg("text", { x: x + 30, y: y + 47, "text-anchor": "middle", class: "s" }, found?.denominator ? `n = ${number(found.denominator)}` : ""));
  }));
}
/** What a fact is called; those of the other services have a family of their own. */
export function fact(type) {
  const code = type?.split(".")[2] ?? "";
  const named_ = of("fact", code);
  return named_ === code ? of("act", code) : named_;
}
/** What went wrong in words, and the way back in for whoever's session is over. */
export function sorry(problem) {
  return [h("strong", {}, problem.sentence ?? say("trouble.unknown")), problem.isOfSession && h("a", { href: `/parts/sign-in.html?next=${encodeURIComponent(location.pathname + location.search)}` }, say("signin.title"))];
}
/** What went wrong, or the empty place for it; `again` is how to ask once more, on a page that does not by itself. */
export function warning(problem, again = null) {
  return h("div", { id: "trouble", class: "note bad", role: "alert", hidden: !problem }, problem ? sorry(problem) : null,
    problem?.mayPass && again && h("p", {}, h("button", { type: "button", class: "second", id: "again", click: () => again() }, say("again"))),
    problem?.rule === "rule-changed" && h("p", {}, h("a", { id: "by-today", href: todays() }, say("evidence.today"))));
}
/** The same question under the rule of today. */
function todays() {
  const asked = new URLSearchParams(location.search);
  asked.delete("rule");
  return `${location.pathname}?${asked}`;
}
