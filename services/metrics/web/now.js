// The journeys of this moment: those that are open, of one holder or one age, and those somebody came for of late.
import { about, get, leave, staff } from "/parts/ask.js";
import { find, frame, h, lead, moment, named, newest, number, of, redraw, say, signedIn } from "/parts/page.js";
import { rowHead, table, whole } from "/parts/tables.js";
import { aged, begin, learn, own, placed, warning, when, word } from "./charts.js";
import { journeyCard } from "./journey.js";

const [place, me] = await Promise.all([about(), staff()]);
const query = new URLSearchParams(location.search);
let names = null, newestPage = null, rows = [], next = null, shown = null, wanted = null, problem = null, missed = null, busy = false, reading = false;
const opening = newest();

const asked = (more = {}) => { const made = new URLSearchParams(query); for (const key of ["journey", "lang"]) made.delete(key); for (const [key, value] of Object.entries(more)) made.set(key, value); return made; };
async function load() {
  if (busy) return;
  busy = true;
  problem = null;
  draw();
  try {
    const [known, page] = await Promise.all([names ?? begin("regions"), get(`/v1/live/journeys?${asked(next ?? {})}`)]);
    [names, newestPage, next] = [known, learn(known, page), page.next];
    rows = rows.concat(page.rows);
    if (!wanted && query.get("journey")) open(query.get("journey"), false);
  } catch (failed) { problem = failed; }
  busy = false;
  draw();
}
async function open(journey, chosen = true) {
  const still = opening();
  let found = null, failed = null;
  [wanted, missed, reading] = [journey, null, true];
  draw();
  try { found = await get(`/v1/evidence/journeys/${encodeURIComponent(journey)}`); } catch (reason) { failed = reason; }
  if (!still()) return;
  [shown, missed, reading] = [found ?? shown, failed, false];
  if (found) {
    learn(names, found);
    query.set("journey", journey);
    history.replaceState(null, "", `?${query}`);
  }
  draw();
  if (chosen && found) lead("journey-title");
}
async function more() {
  await load();
  if (document.activeElement === find("main")) find("list-title").focus();
}

/** Which journeys these are, each filter by its words. */
function which() {
  const { holder, days, anonymous, visited } = Object.fromEntries(query), held = { none: "live.nobody", unknown: "now.heldunknown" };
  const said = [visited === "true" && say("now.visited"), holder && (held[holder] ? say(held[holder]) : say("now.held", { p: placed(names, holder) })), days && aged(days), anonymous === "true" && say("live.anonymous")].filter(Boolean);
  return (said.length ? said : [say("now.every")]).map((one) => h("span", { class: "tag plain" }, one));
}
/** Who holds a journey; one that has ended is in nobody's hand, and says how it ended. */
const holding = (row) => (row.holder_region ? placed(names, row.holder_region) : row.open ? say("live.nobody") : of("over", row.outcome));
function list() {
  const { total, as_of: asOf } = newestPage, body = rows.map((row) => h("tr", {}, rowHead(h("button", { type: "button", class: "quiet", id: `j-${row.journey}`, click: () => open(row.journey) }, h("span", { class: "nobr" }, row.journey.slice(0, 8), "…"))),
    h("td", { class: "t" }, named(word(names.items[row.item]), row.item ?? say("unknown"))), h("td", { class: "t" }, holding(row)), h("td", {}, row.opened_on ?? ""), h("td", {}, row.last_visit_at ? moment(row.last_visit_at) : "–")));
  return h("div", { class: "card" }, h("h2", { id: "list-title", tabindex: "-1" }, say("now.journeys"), " ", h("span", { class: "count", id: "total" }, whole(total))), h("p", { class: "row" }, which()),
    h("p", { class: "soft small" }, say("board.asof"), " ", asOf ? when(asOf) : say("unknown"), " · ", h("a", { href: `/v1/live/journeys?${asked()}` }, say("take.json"))),
    rows.length ? table(say("now.journeys"), ["evidence.journey", "evidence.item", "now.holder", "evidence.opened", "now.last"].map((key) => say(key)), body) : h("p", { class: "soft" }, say("evidence.none")),
    next && h("button", { type: "button", class: "second", id: "more", "aria-disabled": busy && "true", click: more }, say("more")));
}
/** Whatever failed is asked for once more. It is found out when it is pressed: a button that says the same is not made anew. */
const retry = () => (problem ? load() : open(wanted));
/** What is under way and how much is there, said aloud as it changes. */
const progress = () => (reading || busy ? say("loading") : next ? say("now.shown", { n: number(rows.length), d: whole(newestPage.total) }) : "");
function draw() {
  document.body.dataset.ready = String(Boolean(newestPage) && !busy);
  const known = newestPage && names;
  redraw(own(), h("h1", {}, say("now.title")), h("p", { class: "how" }, say("now.how")), warning(problem ?? missed, retry),
    h("div", {}, shown && names && journeyCard(shown, names)), h("div", {}, known ? list() : problem ? null : h("p", { class: "loading" }, say("loading"))), h("p", { class: "soft small", role: "status" }, known ? progress() : ""));
}
frame("now.title", { about: place, who: () => signedIn(me), leave, draw });
await load();
