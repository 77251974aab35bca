// The clerk's desk: the queue on the left, one journey on the right; everything has a key, nothing needs a mouse.
import { about, caution, get, leave, oncaution, post, reread, staff } from "/parts/ask.js";
import { today, wall } from "/parts/days.js";
import { clock, day, fill, find, frame, h, keep, kept, lead, moment, name, named, newest, number, of, remaining, say, settle, signedIn, spelled, typing } from "/parts/page.js";
import { journeyPanel } from "./desk-journey.js";
import { actKey } from "./desk-acts.js";
import { leadIn, looksLikeIdNo } from "./desk-new.js";
import { presume, recordKey } from "./desk-record.js";
import { isBusy, turnTo } from "./desk-turn.js";

const EVERY_MS = 15_000;
const SOUGHT = /^[\w.:/-]{6,64}$/;
const MOVES = new Set(["j", "k", "arrowdown", "arrowup"]);
const TASKS = ["offered", "receive", "check", "correction", "deliver", "waiting"];
const reading = newest(), looking = newest(), asking = newest();
export const desk = {
  who: null, venue: kept("desk.venue") ?? "", queue: null, names: { items: {}, bodies: {}, venues: {}, regions: {} }, found: null, away: null, seen: null, seenAt: null, keys: kept("desk.keys") !== "off",
  // Whoever is in front of the clerk: which turn it is, and what was typed before the journey was here.
  guessed: false, turn: 0, open: null, journey: null, visit: {}, early: [], act: null, form: {}, error: null,
  // For whom something is under way, and the receipts that are to be handed out, by journey.
  under: new Set(), issued: {},
};

export function learn(answer) {
  for (const kind of Object.keys(desk.names)) Object.assign(desk.names[kind], answer.names?.[kind] ?? {});
  return answer;
}
export const itemName = (code) => name(desk.names.items[code], code);
export const bodyName = (code) => name(desk.names.bodies[code], code);
/** The day at the service, whatever this machine's clock says. */
export const todayHere = () => desk.queue?.today ?? today();

/** Read the queue, and draw only what is new: a list that somebody chooses from and a number that is being copied stay. */
export async function readQueue({ reopen = false } = {}) {
  const { seen, away } = desk, before = standing(), still = reading();
  try {
    const queue = learn(await reread(`/v1/desk?venue_id=${encodeURIComponent(desk.venue)}`));
    if (!still()) return;
    Object.assign(desk, { queue, away: null, seen: JSON.stringify(queue), seenAt: Date.now() });
  } catch (problem) {
    if (!still()) return;
    desk.away = problem.status === 401 ? null : problem;
  }
  const venues = desk.queue?.venues ?? [];
  if (!venues.some((venue) => venue.venue_id === desk.venue) && venues.length) {
    // Nobody has said so: until the clerk does, the first of several is a guess.
    desk.guessed = venues.length > 1;
    return seat(venues[0].venue_id);
  }
  if (desk.seen !== seen || desk.away?.meanwhile !== away?.meanwhile) drawAround();
  // Another window acted on what is open here.
  if (reopen && desk.journey && !isBusy() && standing() !== before) await refresh(desk.open);
}
/** What the queue says of the journey that is open. */
function standing() {
  if (!desk.queue) return "";
  const rows = [...desk.queue.here, ...Object.values(desk.queue.to_do).flatMap((task) => task.cases)];
  return JSON.stringify(rows.filter((row) => row.journey === desk.open));
}
/** Sit at another venue, where a visit is another run and other steps are possible. */
async function seat(venue) {
  Object.assign(desk, { venue, seen: null });
  if (!desk.guessed) keep("desk.venue", venue);
  await readQueue();
  await refresh(desk.open);
}

/** Open a journey; `quiet` keeps what is being typed, as a reread after a change does. */
export async function open(journey, { quiet = false, visit = {} } = {}) {
  if (!quiet) {
    turnTo(journey, { visit });
    draw();
  }
  const { turn } = desk, still = looking();
  const isOver = () => !still() || turn !== desk.turn;
  try {
    const answer = learn(await get(`/v1/desk/journeys/${journey}?venue_id=${encodeURIComponent(desk.venue)}`));
    if (isOver()) return;
    desk.journey = answer;
  } catch (problem) {
    if (isOver()) return;
    if (!desk.journey) desk.error = problem;
  }
  if (!quiet) presume();
  drawPanel();
  if (!quiet) arrived();
}
/** A clerk is faster than a network: the keys that she pressed before the journey was here count now. */
function arrived() {
  lead("journey-title");
  for (const key of desk.early.splice(0)) recordKey(key);
}
/** Show how a journey stands now, if it is in front of the clerk. */
export async function refresh(journey) {
  if (journey && journey !== "new" && desk.open === journey) await open(journey, { quiet: true });
}

/** Begin for somebody of whom nothing is open here; a receipt or a pseudonym that was searched for is no ID number. */
export function begin(text = "") {
  const id = spelled(text);
  turnTo("new", { form: { id_no: looksLikeIdNo(id) ? id : "" } });
  draw();
  leadIn();
}
/** By key: what is typed for somebody new already stays. */
function beginOrGoOn() {
  if (desk.open === "new" && !isBusy()) lead("id_no");
  else begin();
}

async function search(event) {
  event.preventDefault();
  const typed = find("search").value, text = typed.normalize("NFKC").replaceAll(/\s/g, "");
  if (!text) return;
  const { turn } = desk, still = asking();
  // What was found last goes first, so that the same answer once more is news.
  show(null);
  if (!SOUGHT.test(text)) return show({ text, journeys: [], problem: { get sentence() { return say("desk.findbad"); } } });
  try {
    const answer = learn(await post("/v1/desk/find", { text }));
    if (!still()) return;
    show({ text, journeys: answer.journeys });
    follow(typed, turn);
  } catch (problem) {
    if (still()) show({ text, journeys: [], problem });
  }
}
function show(found) {
  desk.found = found;
  drawLeft();
}
/** Go to what was found: the box is free for whoever comes next. A clerk who went on meanwhile is led nowhere. */
function follow(typed, turn) {
  const box = find("search");
  if (box.value === typed) {
    box.value = "";
    box.blur();
  }
  if (turn !== desk.turn || typing()) return;
  if (desk.found.journeys.length === 1) open(desk.found.journeys[0].journey);
  else lead(document.querySelector("#found .pick")?.id);
}

function pick(row, second, third, list = "pick") {
  const current = desk.open === row.journey ? "true" : null;
  return h("li", {}, h("button", { type: "button", class: "pick", id: `${list}-${row.case_no ?? row.journey}`, "aria-current": current, click: () => open(row.journey) },
    h("span", { class: "t" }, h("span", {}, itemName(row.item_code)), third && h("span", { class: "small soft" }, third)), h("span", { class: "s" }, second)));
}
function group(title, rows, count = rows.length, cut = "desk.more", level = "h3") {
  return h("section", { class: "group" }, h(level, {}, title, " ", h("span", { class: "count" }, say("desk.count", { n: number(count) }))), h("ul", { class: "list" }, rows), count > rows.length && h("p", { class: "small soft" }, say(cut, { n: number(rows.length), all: number(count) })));
}

function queue() {
  const answer = desk.queue;
  if (!answer) return h("p", { class: "loading" }, desk.away?.meanwhile ?? say("loading"));
  const whose = (row) => row.receipt_no ?? (row.subject_ref && say("desk.person", { ref: row.subject_ref.slice(0, 8) }));
  const here = answer.here.map((row) => pick(row, [of("purpose", row.purpose), of("outcome", row.outcome), row.situation && of("situation", row.situation), whose(row)].filter(Boolean).join(" · "), clock(row.at), "here"));
  const until = (row) => (row.due ? say(row.due < todayHere() ? "desk.over" : "desk.until", { day: day(row.due) }) : moment(row.changed_at));
  // An offer has its own day, also while its applicant has something to bring.
  const more = (row) => [row.receipt_no, row.offered_body && row.situation === "in-correction" && of("situation", row.situation), row.due && remaining(row.due, row.working_days_left, answer.today)].filter(Boolean).join(" · ");
  const tasks = TASKS.filter((task) => answer.to_do[task]).map((task) => group(of("task", task), answer.to_do[task].cases.map((row) => pick(row, more(row), until(row))), answer.to_do[task].count));
  const nothing = !here.length && !tasks.length;
  return [here.length > 0 && group(say("desk.here"), here, answer.here_count, "desk.newest"), ...tasks, nothing && h("p", { class: "how" }, say("desk.empty"))].filter(Boolean);
}

/** The name of a key, while keys count. */
const key = (text) => desk.keys && [" ", h("kbd", {}, text)];
function finder() {
  return h("form", { submit: search, role: "search" }, h("div", { class: "field" }, h("label", { for: "search" }, say("desk.find"), key("/")), h("p", { class: "hint", id: "search-hint" }, say("desk.findhow")),
    h("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false", "aria-describedby": "search-hint" })),
    h("div", { class: "row" }, h("button", { class: "second", id: "find" }, say("desk.search")), h("button", { type: "button", class: "quiet", id: "begin", click: () => begin(find("search").value) }, say("desk.begin"), key("N"))));
}
function foundList() {
  if (!desk.found) return null;
  const { journeys, problem } = desk.found;
  if (!journeys.length) return h("div", { class: "note", role: "alert", id: "nothing" }, h("strong", {}, problem?.sentence ?? say("desk.nothing")), h("button", { type: "button", class: "second", id: "begin-found", click: () => begin(desk.found?.text) }, say("desk.begin")));
  return h("div", { id: "found" }, group(say("desk.found"), journeys.map((row) => pick(row, row.outcome ? of("over", row.outcome) : row.situation ? of("situation", row.situation) : say("desk.onlyvisits"), day(wall(row.first_contact)), "found")), journeys.length, null, "h2"));
}

function seatChoice() {
  const venues = desk.queue?.venues ?? [];
  const sit = (venue) => { desk.guessed = false; seat(venue); };
  return h("div", { class: "field" }, h("label", { for: "venue" }, say("desk.venue")), h("select", { id: "venue", change: (event) => sit(event.target.value) }, venues.map((venue) => h("option", { value: venue.venue_id, selected: venue.venue_id === desk.venue }, named(venue.name, venue.venue_id)))),
    desk.guessed && h("div", { class: "note", id: "guessed" }, h("p", {}, say("desk.guessed")), h("button", { type: "button", class: "second", id: "seated", click: () => { sit(desk.venue); lead("search"); } }, say("desk.seated"))));
}
function keyChoice() {
  const turn = () => { desk.keys = !desk.keys; keep("desk.keys", desk.keys ? "on" : "off"); draw(); };
  return h("p", { class: "small soft keys" }, say("desk.keyshow"), " ", h("button", { type: "button", class: "quiet", id: "keys", "aria-pressed": String(desk.keys), click: turn }, say(desk.keys ? "desk.keysoff" : "desk.keyson")));
}

/** The frame stands once and for all, so that what is announced is announced when it is new and no other time. */
export function draw() {
  if (!find("left")) fill(find("main"), h("h1", { class: "unseen", id: "title" }), h("div", { id: "caution" }), h("div", { class: "two" }, h("div", { id: "left" }), h("section", { id: "panel" })));
  find("title").textContent = say("desk.title");
  find("panel").setAttribute("aria-label", say("desk.one"));
  drawAround();
  drawPanel();
}
function drawAround() {
  drawCaution();
  drawLeft();
}
function drawCaution() {
  settle(find("caution"), h("div", { id: "caution" }, caution(desk.away, desk.seenAt)));
}
function drawLeft() {
  settle(find("left"), h("div", { id: "left" }, h("div", { class: "card" }, seatChoice(), finder(), foundList()), h("nav", { class: "card", id: "queue", "aria-label": say("desk.queue") }, h("h2", {}, say("desk.queue")), queue(), keyChoice())));
}
export function drawPanel() {
  fill(find("panel"), journeyPanel());
}

function move(step) {
  const picks = [...document.querySelectorAll("#queue .pick, #found .pick")];
  const at = picks.indexOf(document.activeElement);
  const current = picks.findIndex((one) => one.getAttribute("aria-current"));
  const next = picks[Math.max(0, Math.min(picks.length - 1, (at >= 0 ? at : current) + step))];
  next?.focus();
  return next;
}

// Keys act on what is in front of the clerk, never while somebody types, and can be switched off.
addEventListener("keydown", (event) => {
  if (!desk.keys || event.ctrlKey || event.metaKey || event.altKey || typing()) return;
  // A key that is held moves on through the queue, and answers nothing twice.
  if (event.repeat && !MOVES.has(event.key.toLowerCase())) return;
  // A scanner types a receipt as fast as keys go, wherever the focus is; its first letter is a capital, which no key here is.
  if (event.key === "S" && event.shiftKey) return find("search").focus();
  const key = event.key.toLowerCase();
  if (key === "/") find("search").focus();
  else if (key === "n") beginOrGoOn();
  else if (key === "j" || (event.key === "ArrowDown" && event.target.classList?.contains("pick"))) move(1);
  else if (key === "k" || (event.key === "ArrowUp" && event.target.classList?.contains("pick"))) move(-1);
  else if (!recordKey(key) && !actKey(key)) return;
  event.preventDefault();
});

// A receipt that was not handed out is told by nothing else.
addEventListener("beforeunload", (event) => { if (Object.keys(desk.issued).length) event.preventDefault(); });

const [place, me] = await Promise.all([about(), staff()]);
desk.who = me;
oncaution(() => { if (find("caution")) drawCaution(); });
const write = frame("desk.title", { about: place, leave, who: () => signedIn(desk.who, desk.who.body && named(desk.names.bodies[desk.who.body], desk.who.body)), draw });
await readQueue();
write();
const readAgain = () => { if (!document.hidden) readQueue({ reopen: true }); };
setInterval(readAgain, EVERY_MS);
// A page that was out of sight knows neither the queue nor the day.
document.addEventListener("visibilitychange", readAgain);
