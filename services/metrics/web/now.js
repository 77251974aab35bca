// The journeys of this moment: those that are open, of one holder or one age, and those somebody came for of late.
import { about, get, leave, staff } from "/parts/ask.js";
import { find, frame, h, lead, moment, named, newest, number, of, redraw, say } from "/parts/page.js";
import { rowHead, table, whole } from "/parts/tables.js";
import { own, placed, warning, when, word } from "./charts.js";
import { journeyCard, regions } from "./journey.js";

const [place, me] = await Promise.all([about(), staff()]);
const query = new URLSearchParams(location.search);
let names = null, first = null, rows = [], next = null, shown = null, problem = null, busy = false;
const opening = newest();

const asked = () => { const made = new URLSearchParams(query); made.delete("journey"); made.delete("lang"); return made; };
async function load() {
  busy = true;
  problem = null;
  draw();
  try {
    const wanted = asked();
    if (next) wanted.set("after", next);
    const [known, page] = await Promise.all([names ?? get("/v1/names"), get(`/v1/live/journeys?${wanted}`)]);
    [names, first, next] = [known, first ?? page, page.next];
    rows = rows.concat(page.rows);
    if (!shown && query.get("journey")) open(query.get("journey"), false);
  } catch (failed) { problem = failed; }
  busy = false;
  draw();
}
async function open(journey, chosen = true) {
  const still = opening();
  let found = null, failed = null;
  try { found = await get(`/v1/evidence/journeys/${encodeURIComponent(journey)}`); } catch (reason) { failed = reason; }
  if (!still()) return;
  [shown, problem] = [found ?? shown, failed];
  if (found) {
    query.set("journey", journey);
    history.replaceState(null, "", `?${query}`);
  }
  draw();
  if (chosen && found) lead("journey-title");
}
async function more() {
  if (busy) return;
  await load();
  if (document.activeElement === find("main")) find("list-title").focus();
}

function which() {
  const holder = query.get("holder"), days = query.get("days");
  const said = [query.get("visited") === "true" && say("now.visited"), holder && (holder === "none" ? say("live.nobody") : say("now.held", { p: placed(names, holder) })), days && say("now.days", { d: days })].filter(Boolean);
  return said.length ? said.map((one) => h("span", { class: "tag plain" }, one)) : h("span", { class: "tag plain" }, say("now.every"));
}
function list() {
  const region = regions(names), body = rows.map((row) => h("tr", {}, rowHead(h("button", { type: "button", class: "quiet", id: `j-${row.journey}`, click: () => open(row.journey) }, h("span", { class: "nobr" }, row.journey.slice(0, 8), "…"))),
    h("td", { class: "t" }, named(word(names.items[row.item]), row.item ?? say("unknown"))), h("td", { class: "t" }, row.holder_region ? region(row.holder_region) : say("live.nobody")), h("td", {}, row.opened_on ?? ""), h("td", {}, row.last_visit_at ? moment(row.last_visit_at) : "–")));
  return h("div", { class: "card" }, h("h2", { id: "list-title", tabindex: "-1" }, say("now.journeys"), " ", h("span", { class: "count", id: "total" }, whole(first.total))), h("p", { class: "row" }, which()), h("p", { class: "soft small" }, first.as_of ? say("now.asof", { t: when(first.as_of) }) : say("unknown"), " ", h("a", { href: `/v1/live/journeys?${asked()}` }, say("take.json"))),
    rows.length ? table(say("now.journeys"), ["evidence.journey", "evidence.item", "now.holder", "evidence.opened", "now.last"].map((key) => say(key)), body) : h("p", { class: "soft" }, say(busy ? "loading" : "evidence.none")),
    next && h("p", { class: "soft small" }, say("now.shown", { n: number(rows.length) })), next && h("button", { type: "button", class: "second", id: "more", "aria-disabled": busy && "true", click: more }, say("more")));
}
function draw() {
  document.body.dataset.ready = String(Boolean(first) && !busy);
  redraw(own(), h("h1", {}, say("now.title")), h("p", { class: "how" }, say("now.how")), warning(problem),
    h("div", {}, shown && names && journeyCard(shown, names)), h("div", {}, first && names ? list() : problem ? null : h("p", { class: "loading" }, say("loading"))));
}
frame("now.title", { about: place, who: () => of("role", me.role), leave, draw });
await load();
