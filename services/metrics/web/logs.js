// Permit logs of others: what they say, under their own names, apart from our figures.
import { about, get, leave, who } from "/parts/ask.js";
import { today } from "/parts/days.js";
import { frame, h, named, newest, redraw, say, signedIn } from "/parts/page.js";
import { rowHead, table, whole } from "/parts/tables.js";
import { bar, FIRST_DAY, fixed, own, sources, warning, word } from "./charts.js";

const [place, staff] = await Promise.all([about(), who().catch(() => null)]);
const query = new URLSearchParams(location.search), DAYS = ["to", "known_on"];
let told = null, chosen = query.get("log"), figures = null, problem = null;
const question = newest();

async function load() {
  const still = question();
  let found = null, failed = null;
  try {
    told = await get("/v1/logs");
    chosen ??= told.logs[0]?.origin;
    found = chosen ? await get(`/v1/logs/${path()}`) : null;
  } catch (reason) { failed = reason; }
  if (!still()) return;
  // What is shown is of the log that is chosen, or nothing is.
  [figures, problem] = [failed && figures?.origin !== chosen ? null : found ?? figures, failed];
  draw();
}
/** The log that is chosen, as far as is asked. */
function path() {
  const asked = new URLSearchParams(DAYS.flatMap((key) => (query.get(key) ? [[key, query.get(key)]] : [])));
  return `${encodeURIComponent(chosen)}${asked.size ? `?${asked}` : ""}`;
}
function choose(changes) {
  for (const [key, value] of Object.entries(changes)) if (value) query.set(key, value); else query.delete(key);
  chosen = query.get("log") ?? chosen;
  history.replaceState(null, "", `?${query}`);
  load();
}
/** The two axes of time, in days of the log's own zone. */
const dated = (key, label) => h("label", {}, say(label), h("input", { type: "date", id: `f-${key}`, name: key, value: query.get(key) ?? "", min: FIRST_DAY, max: today(), change: (event) => { if (event.target.checkValidity()) choose({ [key]: event.target.value }); } }));
const spread = (found) => (found ? [whole(found.n), fixed(found.median, 1), fixed(found.mean, 1), fixed(found.p90, 1)] : ["", "", "", ""]);
const card = (title, ...children) => h("div", { class: "card" }, h("h2", {}, say(title)), children);
function tally(title, words) {
  const most = Math.max(...Object.values(words), 1);
  const rows = Object.entries(words).sort((one, other) => other[1] - one[1]).map(([name, n]) => h("tr", {}, rowHead(name), bar([["by-government", n / most]]), h("td", {}, whole(n))));
  return card(title, table(say(title), [say(title), h("th", { "aria-hidden": "true" }), "n"], rows));
}
function log() {
  if (!figures) return told.logs.length ? null : h("p", { class: "soft" }, say("logs.none"));
  const regions = Object.keys(figures.counts).sort();
  const rows = regions.map((region) => h("tr", {}, rowHead(region === "all" ? say("all") : region), ["cases", "events", "in_flight"].map((key) => h("td", {}, whole(figures.counts[region][key]))), h("td", {}, fixed(figures.counts[region].runs_proxy_mean)), spread(figures.submitted_to_decision_days[region]).map((text) => h("td", {}, text))));
  return [h("p", { class: "note wait" }, h("strong", {}, figures.origin), named(word(figures.note))),
    card("logs.cases", table(say("logs.cases"), [say("filter.region"), ...["logs.count", "logs.events", "logs.flight", "logs.runs"].map((key) => say(key)), "n", say("logs.median"), say("logs.mean"), "p90"], rows)), h("div", { class: "wide2" }, tally("logs.rules", figures.rules.all), tally("filter.channel", figures.channels.all)), sources(`logs/${path()}`, "")];
}
function draw() {
  redraw(own(), h("h1", {}, say("logs.title")), h("p", { class: "how" }, say("logs.how")), warning(problem, load),
    told ? [h("div", { class: "switch", role: "group", "aria-label": say("logs.title") }, told.logs.map((one) => h("button", { type: "button", class: "second", id: `log-${one.origin}`, "aria-pressed": String(one.origin === chosen), click: () => choose({ log: one.origin }) }, one.origin))), told.logs.length ? h("div", { class: "filters" }, dated("to", "past.to"), dated("known_on", "slice.known_at")) : null, log()] : problem ? null : h("p", { class: "loading" }, say("loading")));
}
frame("logs.title", { about: place, who: staff && (() => signedIn(staff)), leave: staff && leave, draw });
await load();
