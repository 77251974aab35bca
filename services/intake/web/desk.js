// The clerk's desk: the queue on the left, one journey on the right; everything has a key, nothing needs a mouse.
import { about, caution, get, leave, oncaution, post, reread, staff } from "/parts/ask.js";
import { wall } from "/parts/days.js";
import { clock, day, fill, find, frame, h, keep, kept, moment, name, named, number, of, say, spelled } from "/parts/page.js";
import { journeyPanel } from "./desk-journey.js";
import { isIdNo } from "./desk-new.js";
import { recordKey } from "./desk-record.js";

const EVERY_MS = 15_000;
const SOUGHT = /^[\w.:/-]{6,64}$/;
const TASKS = ["offered", "receive", "check", "correction", "deliver", "waiting"];
export const desk = {
  who: null, venue: kept("desk.venue") ?? "", queue: null, names: { items: {}, bodies: {}, venues: {}, regions: {} },
  found: null, open: null, journey: null, visit: {}, act: null, form: {}, error: null, away: false, seen: null, keys: kept("desk.keys") !== "off", busy: false, issued: null,
};

export function learn(answer) {
  for (const kind of Object.keys(desk.names)) Object.assign(desk.names[kind], answer.names?.[kind] ?? {});
  return answer;
}
export const itemName = (code) => name(desk.names.items[code], code);
export const bodyName = (code) => name(desk.names.bodies[code], code);

/** Read the queue, and draw only what is new: a list that somebody chooses from and a number that is being copied stay. */
export async function readQueue({ reopen = false } = {}) {
  const { seen, away } = desk, before = standing();
  try {
    desk.queue = learn(await reread(`/v1/desk?venue_id=${encodeURIComponent(desk.venue)}`));
    desk.away = false;
    desk.seen = JSON.stringify(desk.queue);
  } catch (problem) {
    desk.away = problem.status !== 401;
  }
  const venues = desk.queue?.venues ?? [];
  if (!venues.some((venue) => venue.venue_id === desk.venue) && venues.length) return seat(venues[0].venue_id);
  if (desk.seen !== seen || desk.away !== away) draw();
  // Another window acted on what is open here.
  if (reopen && desk.journey && !desk.busy && standing() !== before) await open(desk.open, { quiet: true });
}
/** What the queue says of the journey that is open. */
function standing() {
  if (!desk.queue) return "";
  const rows = [...desk.queue.here, ...Object.values(desk.queue.to_do).flatMap((task) => task.cases)];
  return JSON.stringify(rows.filter((row) => row.journey === desk.open));
}
function seat(venue) {
  desk.venue = venue;
  keep("desk.venue", venue);
  return readQueue();
}

/** Put something else in front of the clerk. A receipt goes when she leaves the journey that it was made out for. */
function turnTo(journey, form = {}) {
  const issued = desk.issued?.journey === desk.open && desk.open !== journey ? null : desk.issued;
  Object.assign(desk, { open: journey, journey: null, visit: {}, act: null, form, error: null, issued });
}
/** Open a journey; `quiet` keeps what is being typed, as a reread after a change does. */
export async function open(journey, { quiet = false } = {}) {
  if (!quiet) {
    turnTo(journey);
    draw();
  }
  try {
    const answer = learn(await get(`/v1/desk/journeys/${journey}?venue_id=${encodeURIComponent(desk.venue)}`));
    if (desk.open === journey) desk.journey = answer;
  } catch (problem) {
    if (desk.open === journey && !desk.journey) desk.error = problem;
  }
  draw();
  if (!quiet && desk.open === journey) find("journey-title")?.focus();
}

/** Begin for somebody of whom nothing is open here. */
export function begin(text = "") {
  if (!desk.found?.journeys.length) desk.found = null;
  turnTo("new", { id_no: isIdNo(spelled(text)) ? spelled(text) : "" });
  draw();
  find(desk.form.id_no ? "item" : "id_no")?.focus();
}

async function search(event) {
  event.preventDefault();
  const text = find("search").value.normalize("NFKC").trim();
  if (!text) return;
  if (!SOUGHT.test(text)) {
    desk.found = { text, journeys: [], problem: { get sentence() { return say("desk.findbad"); } } };
    return draw();
  }
  try {
    const answer = learn(await post("/v1/desk/find", { text, venue_id: desk.venue }));
    desk.found = { text, journeys: answer.journeys };
    draw();
    if (answer.journeys.length === 1) open(answer.journeys[0].journey);
    else document.querySelector("#found .pick")?.focus();
  } catch (problem) {
    desk.found = { text, journeys: [], problem };
    draw();
  }
}

function pick(row, second, third, list = "pick") {
  const current = desk.open === row.journey ? "true" : null;
  return h("li", {}, h("button", { type: "button", class: "pick", id: `${list}-${row.case_no ?? row.journey}`, "aria-current": current, click: () => open(row.journey) },
    h("span", { class: "t" }, h("span", {}, itemName(row.item_code)), third && h("span", { class: "small soft" }, third)), h("span", { class: "s" }, second)));
}
function group(title, rows, count = rows.length) {
  return h("section", { class: "group" }, h("h3", {}, title, " ", h("span", { class: "count" }, say("desk.count", { n: number(count) }))), h("ul", { class: "list" }, rows), count > rows.length && h("p", { class: "small soft" }, say("desk.more", { n: number(rows.length), all: number(count) })));
}

function queue() {
  const answer = desk.queue;
  if (!answer) return h("p", { class: "loading" }, say(desk.away ? "trouble.away" : "loading"));
  const here = answer.here.map((row) => pick(row, [of("purpose", row.purpose), " · ", row.outcome === "done" ? of("outcome", "done") : of("outcome", row.outcome), row.situation && ` · ${of("situation", row.situation)}`].filter(Boolean).join(""), clock(row.at), "here"));
  const tasks = TASKS.filter((task) => answer.to_do[task]).map((task) => group(of("task", task), answer.to_do[task].cases.map((row) => pick(row, row.receipt_no, row.due ? say("desk.until", { day: day(row.due) }) : moment(row.changed_at))), answer.to_do[task].count));
  const nothing = !here.length && !tasks.length;
  return [here.length > 0 && group(say("desk.here"), here), ...tasks, nothing && h("p", { class: "how" }, say("desk.empty"))].filter(Boolean);
}

function finder() {
  return h("form", { submit: search, role: "search" }, h("div", { class: "field" }, h("label", { for: "search" }, say("desk.find"), " ", h("kbd", {}, "/")), h("p", { class: "hint", id: "search-hint" }, say("desk.findhow")),
    h("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false", "aria-describedby": "search-hint", value: find("search")?.value ?? "" })),
    h("div", { class: "row" }, h("button", { class: "second", id: "find" }, say("desk.search")), h("button", { type: "button", class: "quiet", id: "begin", click: () => begin(find("search").value.trim()) }, say("desk.begin"), " ", h("kbd", {}, "N"))));
}
function foundList() {
  if (!desk.found) return null;
  const { journeys, problem, text } = desk.found;
  if (!journeys.length) return h("div", { class: "note", role: "alert" }, h("strong", {}, problem?.sentence ?? say("desk.nothing")), h("button", { type: "button", class: "second", id: "begin-found", click: () => begin(text) }, say("desk.begin")));
  return h("div", { id: "found" }, group(say("desk.found"), journeys.map((row) => pick(row, row.outcome ? of("over", row.outcome) : row.situation ? of("situation", row.situation) : say("desk.onlyvisits"), day(wall(row.first_contact)), "found"))));
}

function seatChoice() {
  const venues = desk.queue?.venues ?? [];
  return h("div", { class: "field" }, h("label", { for: "venue" }, say("desk.venue")), h("select", { id: "venue", change: (event) => seat(event.target.value) }, venues.map((venue) => h("option", { value: venue.venue_id, selected: venue.venue_id === desk.venue }, named(venue.name, venue.venue_id)))));
}

export function draw() {
  fill(find("main"), h("h1", { class: "unseen" }, say("desk.title")),
    caution(desk.away),
    h("div", { class: "two" },
      h("div", { id: "left" }, h("div", { class: "card" }, seatChoice(), finder(), foundList()), h("nav", { class: "card", id: "queue", "aria-label": say("desk.queue") }, h("h2", {}, say("desk.queue")), queue(),
        h("p", { class: "small soft keys" }, say("desk.keyshow"), " ", h("button", { type: "button", class: "quiet", id: "keys", "aria-pressed": String(desk.keys), click: () => { desk.keys = !desk.keys; keep("desk.keys", desk.keys ? "on" : "off"); draw(); } }, say(desk.keys ? "desk.keysoff" : "desk.keyson"))))),
      h("section", { id: "panel", "aria-label": say("desk.one") }, journeyPanel())));
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
  if (!desk.keys || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "radio") return;
  const key = event.key.toLowerCase();
  if (key === "/") find("search").focus();
  else if (key === "n") begin();
  else if (key === "j" || (event.key === "ArrowDown" && event.target.classList?.contains("pick"))) move(1);
  else if (key === "k" || (event.key === "ArrowUp" && event.target.classList?.contains("pick"))) move(-1);
  else if (!recordKey(key)) return;
  event.preventDefault();
});

const [place, me] = await Promise.all([about(), staff()]);
desk.who = me;
oncaution(() => { if (find("left")) draw(); });
const write = frame("desk.title", { about: place, leave, who: () => `${of("role", desk.who.role)} · ${named(desk.names.bodies[desk.who.body], desk.who.id)}`, draw });
await readQueue();
write();
setInterval(() => { if (!document.hidden) readQueue({ reopen: true }); }, EVERY_MS);
