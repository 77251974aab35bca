// The board: one quick answer drawn as the questions an operator asks; live changes only ask for it again, and a drawing
// goes on part by part over as many frames as it needs.
import { about, get, leave, who } from "/parts/ask.js";
import { today } from "/parts/days.js";
import { day, fill, find, frame, h, listed, named, of, say, settle, signedIn } from "/parts/page.js";
import { span } from "/parts/tables.js";
import { board, causes, custody, duty, gaps, live, matrix, movers, onTime, promise, question, speed, travel, trust, whereNot, whoHandles } from "./sections.js";
import { choices, FIRST_DAY, isFew, own, parts, percent, placed, places, thingFilter, warning, when, word } from "./charts.js";
import { chosen, extended, NAMES, remember, sliced } from "./slice.js";

const REFRESH_MS = 15_000, STALE_MS = 25_000, FRAME_MS = 450, AGAIN_MS = 3_000, LATE_S = 30;
// Of the 16 ms of a frame; the browser needs the rest for what was drawn.
const SHARE_MS = 4;
// What follows the filters and the language alone, what the figures move, and what of it cannot be drawn without names.
const STANDING = [head, filters, asKnown, whereNot, whoHandles];
const MOVING = [notice, strip, promise, gaps, causes, movers, matrix, travel, custody, onTime, speed, duty, trust, live];
const PARTS = [...STANDING, ...MOVING], BARE = [head, notice, strip, filters], NAMING = [filters, gaps, movers, matrix, travel, live];
const stood = new Map(PARTS.map((part) => [part, h("div")])), typed = {};
// Nobody knows at first whether changes are heard of; only then is it untrue to say that they are not.
let problem = null, seenAt = 0, waiting = null, timer = null, reading = false, again = false, stream = null, streaming = null, looking = null;

Object.assign(board, {
  layer: chosen.layer,
  query: (more = {}) => extended(board.shown, more),
  evidence: (figure, more = {}) => `/evidence.html?${board.query({ figure, ...more })}`,
  city: (code) => placed(board.names, code).replace(/[市省]$/, ""),
  thing: (code) => named(word(board.names.basics[code]), code),
  turn: (layer) => { board.layer = chosen.layer = layer; remember(); draw([matrix, head]); },
  again: (part) => draw([part]),
});
/** Whether asking the same again may be answered otherwise; what was refused stays refused until the filters are others. */
const isPassing = ({ status }) => !(status >= 400 && status < 500) || status === 408 || status === 429;
const mayAsk = () => !problem || isPassing(problem);
/** Figures and names at once, each drawn as soon as it is there: no figure waits for the names of places. */
async function ask(query) {
  const names = board.names ?? get(NAMES).then((found) => { board.names = found; draw(NAMING); });
  const figures = get(`/v1/dashboard?${query}`).then((found) => take(query, found));
  for (const { reason } of await Promise.allSettled([figures, names])) if (reason) throw reason;
}
/** Figures are drawn only under the filters that they were asked for by. */
function take(query, found) {
  if (query !== sliced()) return;
  const moved = query === board.shown ? MOVING : PARTS;
  Object.assign(board, { figures: found, shown: query });
  seenAt = Date.now();
  problem = null;
  // What somebody came for is drawn first.
  draw([promise, ...moved]);
}
async function load() {
  if (reading) { again = true; return; }
  reading = true;
  clearTimeout(timer);
  const query = sliced();
  const failed = await ask(query).then(() => null, (reason) => reason);
  reading = false;
  // Whatever came of it, under other filters it answers nobody any more.
  if (query !== sliced()) return load();
  if (failed) {
    problem = failed;
    draw(board.figures ? [notice] : BARE);
  }
  if (mayAsk()) timer = setTimeout(refresh, problem ? AGAIN_MS : REFRESH_MS);
  fresh();
  if (again) { again = false; heard(); }
}
/** Nobody looks at a hidden board; it asks when it is seen again. */
function refresh() {
  if (!document.hidden) load();
}
async function balance() {
  clearTimeout(looking);
  if (document.hidden) return;
  try {
    board.books = await get("/v1/trust");
    board.lost = false;
  } catch { board.lost = true; }
  draw([strip, trust]);
  looking = setTimeout(balance, REFRESH_MS / 2);
}
/** However many changes arrive, one frame in a while asks for all of them, and once more for those that came while it waited. */
function soon() {
  if (document.hidden) return;
  if (waiting) again = true;
  else waiting = setTimeout(() => { waiting = null; requestAnimationFrame(refresh); }, FRAME_MS);
}
function heard() {
  if (mayAsk()) soon();
}
/** Changes are heard of while somebody looks: a browser has six connections to a service, whatever the number of its windows. */
function listen() {
  if (document.hidden) return;
  stream?.close();
  stream = new EventSource("/v1/stream");
  stream.addEventListener("open", () => {
    const missed = streaming === false;
    streaming = true;
    if (missed && mayAsk()) load(); else heard();
    fresh();
  });
  stream.addEventListener("moved", (event) => {
    const { cells, more } = JSON.parse(event.data);
    for (const cell of cells) if (cell.group === "delivered") board.moved.add(`${cell.basic}|${cell.region.slice(0, 4)}`);
    board.many ||= more;
    heard();
  });
  stream.addEventListener("alert", heard);
  stream.addEventListener("generation", heard);
  stream.addEventListener("error", () => {
    const wasHeard = streaming !== false;
    streaming = false;
    // Whether nobody answers any more, or the stream alone is missing, is seen by reading.
    if (wasHeard && mayAsk()) load();
    fresh();
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  });
}
function rest() {
  stream?.close();
  streaming = null;
  clearTimeout(waiting);
  waiting = null;
}
function wake() {
  listen();
  balance();
  if (mayAsk()) load();
}
/** Whether what is shown is what is; if not, since when, or whose records are not in it. */
function stands() {
  const { as_of: asOf, behind_s: behind, trust: { services } } = board.figures;
  if (!mayAsk()) return say("board.refused", { t: when(seenAt) });
  if (board.shown !== sliced()) return say("board.changing");
  if (problem || Date.now() - seenAt > STALE_MS) return say("board.stale", { t: when(seenAt) });
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
const isReady = (part) => (board.figures || BARE.includes(part)) && (board.names || !NAMING.includes(part));
/** Draw some parts: the first ones at once, the others in the frames to come. */
function draw(parts = PARTS) {
  const resting = !due.size;
  for (const part of parts) if (isReady(part)) due.add(part);
  if (resting) go();
}
function go() {
  const ends = performance.now() + SHARE_MS;
  // Asked for beforehand: a part that cannot be drawn holds nothing up but itself.
  const next = requestAnimationFrame(go);
  if (!stood.get(head).isConnected) fill(find("main"), rooms());
  while (due.size && performance.now() < ends) {
    const [part] = due;
    due.delete(part);
    settle(stood.get(part), part());
  }
  if (!due.size) cancelAnimationFrame(next);
}
function rooms() {
  const at = (...some) => some.map((part) => stood.get(part));
  return [at(head, notice, strip, filters, asKnown, promise),
    question("where", at(whereNot, gaps), h("div", { class: "wide2" }, at(causes, movers))),
    question("who", at(whoHandles), h("div", { class: "wide2" }, at(matrix, travel)), h("div", { class: "four" }, at(custody, onTime, speed, duty))),
    at(trust, live)];
}
function head() {
  return h("div", {}, own(board.figures ? `?${board.shown}` : ""), h("h1", {}, say("board.title")), h("p", { class: "how" }, say("board.how")));
}
function notice() { return h("div", {}, warning(problem)); }
function strip() {
  const known = board.figures, still = known && stands();
  // One place from the beginning to the end: what changes in it is said aloud.
  const state = h("b", { id: "state", role: "status", class: known && (still ? "late" : "ok") }, known ? still ?? say(streaming === false ? "board.read" : "board.live") : problem ? null : say("loading"));
  return h("div", {}, h("p", { class: "strip" }, state, known && complete(known), known && unattributed(known.trust), known && balanced()));
}
function complete({ as_of: asOf, behind_s: behind }) {
  return h("span", {}, say("board.asof"), " ", h("b", {}, asOf ? when(asOf) : say("unknown")), behind === null ? null : ` · ${say("board.behind", { s: span(behind) })}`);
}
function unattributed({ unattributed: found }) {
  return h("span", {}, say("board.unattributed"), " ", h("a", { id: "unattributed", href: board.evidence("F10") }, percent(found)), ` ${parts(found)}`, isFew(found) ? ` · ${say("few")}` : null);
}
function balanced() {
  const { books, lost } = board;
  if (lost) return h("span", { class: "late" }, say("board.nobooks"));
  if (!books) return null;
  if (books.balanced === false) return h("a", { href: "#q-trust", class: "wrong" }, say("board.unbalanced"));
  return books.balanced ? h("span", { class: "ok" }, say("board.balanced")) : h("span", { class: "late" }, say("board.askedothers"));
}
function picker(key, word_, options) {
  return h("label", {}, say(word_), h("select", { id: `f-${key}`, name: key, change: pick }, options.map(([code, text]) => h("option", { value: code, selected: code === chosen[key] }, text))));
}
const dated = (key, word_) => h("label", {}, say(word_), h("input", { type: "date", id: `f-${key}`, name: key, value: chosen[key], min: FIRST_DAY, max: today(), change: pick }));
/** A day that is still being typed is no day yet. */
function pick({ target }) {
  if (target.checkValidity()) choose(target.name, target.value);
}
function choose(key, value) {
  chosen[key] = value;
  problem = null;
  remember();
  draw([notice]);
  fresh();
  load();
}
function filters() {
  const { names } = board;
  return h("div", {}, h("form", { class: "filters", "aria-label": say("filters"), submit: (event) => event.preventDefault() },
    picker("region", "filter.region", places(names, chosen.region)), thingFilter(names.basics, chosen.basic, typed, (code) => choose("basic", code)), picker("channel", "filter.channel", choices(names.channels, chosen.channel)),
    picker("period", "filter.period", ["7", "30", "90", "0"].map((days) => [days, of("period", days)])), dated("to", "filter.to"), dated("known_at", "filter.known")));
}
function asKnown() {
  const { known_at: known } = board.figures.slice;
  return h("div", {}, h("p", { class: "note promised", hidden: !known }, say("board.past", { d: day(known) }), " ", h("a", { href: `/past.html?${board.query({ then: known })}` }, say("board.pastlink"))));
}
// The figures are what somebody came for: they are asked for first, and what takes the service longest comes after them.
const first = load();
const [place, staff] = await Promise.all([about(), who().catch(() => null)]);
frame("board.title", { about: place, who: staff && (() => signedIn(staff)), leave: staff && leave, draw });
await first;
balance();
listen();
setInterval(fresh, 1_000);
addEventListener("visibilitychange", () => (document.hidden ? rest() : wake()));
