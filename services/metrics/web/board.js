// The board: one quick answer drawn as the questions an operator asks; live changes only ask for it again, and a drawing
// goes on part by part over as many frames as it needs.
import { about, get, leave, who } from "/parts/ask.js";
import { today } from "/parts/days.js";
import { day, fill, find, frame, h, listed, named, of, say, settle } from "/parts/page.js";
import { span } from "/parts/tables.js";
import { board, live, promise, trust, whereNot, whoHandles } from "./sections.js";
import { isFew, own, parts, percent, placed, places, warning, when, word } from "./charts.js";
import { chosen, NAMES, remember, sliced } from "./slice.js";

const REFRESH_MS = 15_000, STALE_MS = 25_000, FRAME_MS = 450, AGAIN_MS = 3_000, LATE_S = 30;
// Of the 16 ms of a frame; the browser needs the rest for what was drawn.
const SHARE_MS = 4;
const PARTS = [head, notice, strip, filters, asKnown, promise, whereNot, whoHandles, trust, live];
let problem = null, seenAt = 0, waiting = null, timer = null, reading = false, again = false, streaming = false;

Object.assign(board, {
  query: sliced, layer: chosen.layer,
  evidence: (figure, extra = {}) => `/evidence.html?${sliced({ figure, ...extra })}`,
  city: (code) => placed(board.names, code).replace(/[市省]$/, ""),
  thing: (code) => named(word(board.names.basics[code]), code),
  turn: (layer) => { board.layer = chosen.layer = layer; remember(); draw([whoHandles]); },
});
/** Whether asking the same again may be answered otherwise; what was refused stays refused until the filters are others. */
const isPassing = ({ status }) => !(status >= 400 && status < 500) || status === 408 || status === 429;
/** Names and figures at once; where the figures are refused, there are names to choose other filters by. */
async function ask() {
  const [names, figures] = await Promise.allSettled([board.names ?? get(NAMES), get(`/v1/dashboard?${sliced()}`)]);
  if (names.value) board.names = names.value;
  for (const { reason } of [figures, names]) if (reason) throw reason;
  board.figures = figures.value;
}
async function load() {
  if (reading) { again = true; return; }
  reading = true;
  clearTimeout(timer);
  try {
    await ask();
    seenAt = Date.now();
    problem = null;
    // What somebody came for is drawn first.
    draw([promise, ...PARTS]);
  } catch (failed) {
    problem = failed;
    draw(board.figures ? [notice] : PARTS);
  }
  reading = false;
  if (!problem || isPassing(problem)) timer = setTimeout(load, problem ? AGAIN_MS : REFRESH_MS);
  fresh();
  if (again) { again = false; soon(); }
}
async function balance() {
  try {
    board.books = await get("/v1/trust");
    board.lost = false;
  } catch { board.lost = true; }
  draw([strip, trust]);
  setTimeout(balance, REFRESH_MS / 2);
}
/** However many changes arrive, one frame in a while asks once for all of them. */
function soon() {
  if (document.hidden) { again = true; return; }
  waiting ??= setTimeout(() => { waiting = null; requestAnimationFrame(() => load()); }, FRAME_MS);
}
function heard() {
  if (!problem || isPassing(problem)) soon();
}
function listen() {
  const stream = new EventSource("/v1/stream");
  stream.addEventListener("open", () => { if (!streaming && seenAt) load(); streaming = true; fresh(); });
  stream.addEventListener("moved", (event) => {
    for (const cell of JSON.parse(event.data).cells ?? []) if (cell.group === "delivered") board.moved.add(`${cell.basic}|${cell.region.slice(0, 4)}`);
    heard();
  });
  stream.addEventListener("alert", heard);
  stream.addEventListener("generation", heard);
  stream.addEventListener("error", () => {
    streaming = false;
    fresh();
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  });
}
/** Whether what is shown is what is; if not, since when, or whose records are not in it. */
function stands() {
  const { as_of: asOf, behind_s: behind, trust: { services } } = board.figures;
  if (problem && !isPassing(problem)) return say("board.refused", { t: when(seenAt) });
  if (!streaming || Date.now() - seenAt > STALE_MS) return say("board.stale", { t: when(seenAt) });
  if (asOf === null) return say("board.unheard", { s: listed(services.filter((one) => !one.complete_to).map((one) => of("service", one.service))) });
  if (behind <= LATE_S) return null;
  const [last] = [...services].sort((one, other) => Date.parse(one.complete_to) - Date.parse(other.complete_to));
  return say("board.late", { t: when(asOf), s: of("service", last.service) });
}
function fresh() {
  find("main").classList.toggle("stale", Boolean(board.figures && stands()));
  draw([strip]);
}

const due = new Set();
/** What can be drawn of what is known so far. */
const drawable = () => (board.figures ? PARTS : PARTS.slice(0, board.names ? 4 : 3));
/** Draw some parts: the first ones at once, the others in the frames to come. */
function draw(parts = PARTS) {
  const resting = !due.size, ready = drawable();
  for (const part of parts) if (ready.includes(part)) due.add(part);
  if (resting) go();
}
function go() {
  const main = find("main"), ends = performance.now() + SHARE_MS;
  // Asked for beforehand: a part that cannot be drawn holds nothing up but itself.
  const next = requestAnimationFrame(go);
  if (main.children.length !== PARTS.length) fill(main, PARTS.map(() => h("div")));
  while (due.size && performance.now() < ends) {
    const [part] = due;
    due.delete(part);
    settle(main.children[PARTS.indexOf(part)], part());
  }
  if (!due.size) cancelAnimationFrame(next);
}
function head() {
  return h("div", {}, own(board.figures ? `?${sliced()}` : ""), h("h1", {}, say("board.title")), h("p", { class: "how" }, say("board.how")));
}
function notice() { return warning(problem); }
function strip() {
  if (!board.figures) return h("p", { class: "loading", id: "state" }, problem ? null : say("loading"));
  const { as_of: asOf, behind_s: behind, trust: known } = board.figures, { books, lost } = board, still = stands();
  const state = h("b", { id: "state", role: "status", class: still ? "late" : "ok" }, still ?? say("board.live"));
  const whole = lost ? h("span", { class: "late" }, say("board.nobooks")) : !books ? null : books.balanced === false ? h("a", { href: "#q-trust", class: "wrong" }, say("board.unbalanced")) : books.balanced ? h("span", { class: "ok" }, say("board.balanced")) : h("span", { class: "late" }, say("board.askedothers"));
  return h("p", { class: "strip" }, state, h("span", {}, say("board.asof"), " ", h("b", {}, asOf ? when(asOf) : say("unknown")), behind === null ? null : ` · ${say("board.behind", { s: span(behind) })}`),
    h("span", {}, say("board.unattributed"), " ", h("a", { id: "unattributed", href: board.evidence("F10") }, percent(known.unattributed)), ` ${parts(known.unattributed)}`, isFew(known.unattributed) ? ` · ${say("few")}` : null), whole);
}
function picker(key, word_, options) {
  return h("label", {}, say(word_), h("select", { id: `f-${key}`, name: key, change: pick }, options.map(([code, text]) => h("option", { value: code, selected: code === chosen[key] }, text))));
}
const dated = (key, word_) => h("label", {}, say(word_), h("input", { type: "date", id: `f-${key}`, name: key, value: chosen[key], max: today(), change: pick }));
function pick(event) {
  chosen[event.target.name] = event.target.value;
  remember();
  load();
}
function filters() {
  const { names } = board;
  return h("form", { class: "filters", "aria-label": say("filters"), submit: (event) => event.preventDefault() },
    picker("region", "filter.region", places(names, chosen.region)),
    picker("basic", "filter.thing", [["", say("all")], ...Object.keys(names.basics).map((code) => [code, board.thing(code)])]),
    picker("channel", "filter.channel", [["", say("all")], ...Object.entries(names.channels).map(([code, words]) => [code, named(word(words))])]),
    picker("period", "filter.period", ["7", "30", "90", "0"].map((days) => [days, of("period", days)])), dated("to", "filter.to"), dated("known_at", "filter.known"));
}
function asKnown() {
  const { known_at: known } = chosen;
  return h("p", { class: "note promised", hidden: !known }, say("board.past", { d: day(known) }), " ", h("a", { href: `/past.html?${sliced({ then: known, known_at: "" })}` }, say("board.pastlink")));
}
// The figures are what somebody came for: they are asked for first, and what takes the service longest comes after them.
const first = load();
const [place, staff] = await Promise.all([about(), who().catch(() => null)]);
frame("board.title", { about: place, who: staff && (() => of("role", staff.role)), leave: staff && leave, draw });
await first;
balance();
listen();
setInterval(fresh, 1_000);
addEventListener("visibilitychange", () => { if (!document.hidden && again) load(); });
