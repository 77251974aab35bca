// The department's worklist: what is due next, what was offered to us, and one case beside it.
import { about, caution, get, leave, oncaution, reread, staff } from "/parts/ask.js";
import { dated, fill, find, frame, h, moment, name, named, newest, number, of, remaining, say, settle, signedIn, told } from "/parts/page.js";
import { casePanel, incomingPanel } from "./case.js";

const EVERY_MS = 10_000;
const SOON_MS = [300, 600, 1_200, 2_400];
/** As many of each list as the service tells. */
const DUE_MAX = 1_000, INCOMING_MAX = 200;
const question = newest();
export const list = { who: null, desk: null, names: { items: {}, bodies: {}, regions: {} }, filter: "all", open: null, incoming: null, other: null, act: null, form: {}, error: null, busy: new Set(), away: null, seen: null, seenAt: null, looking: false };
/** Whether the promised day is over; on days off it is so before a working day has passed. */
const isLate = (row) => row.promised_due < list.desk.today;
export const isSuspended = (row) => row.situation === "suspended";
// While its clock is stopped a case is due on no day.
const FILTERS = { all: () => true, late: (row) => !isSuspended(row) && isLate(row), soon: (row) => !isSuspended(row) && !isLate(row) && row.working_days_left <= 2, suspended: isSuspended };

export const itemName = (code) => name(list.names.items[code], code);
export const bodyName = (code) => name(list.names.bodies[code], code);
export const row = (caseNo) => list.desk?.due.find((one) => one.case_no === caseNo);
export const incoming = (caseNo) => list.desk?.incoming.find((one) => one.case_no === caseNo);
/** The number of the case in front of the officer. */
export const inFront = () => list.open ?? list.incoming;

export async function read() {
  const still = question(), { seen, away } = list, before = standing();
  try {
    const desk = await reread("/v1/desk");
    if (!still()) return;
    list.desk = desk;
    for (const kind of Object.keys(list.names)) Object.assign(list.names[kind], desk.names[kind]);
    list.away = null;
    list.seenAt = Date.now();
    list.seen = JSON.stringify(desk);
  } catch (problem) {
    if (!still()) return;
    list.away = problem.status === 401 ? null : problem;
  }
  // Somebody else may have decided what is open here: what was typed stays, and their decision is shown above it.
  if (list.open && list.desk && !row(list.open)) {
    const known = list.other;
    await lookAt(list.open);
    if (!known && list.other && !list.busy.has(list.open)) announce(list.other);
  }
  // What was accepted here comes back as a case of ours: go on with it, since nobody else will.
  if (list.incoming && list.desk && row(list.incoming)) Object.assign(list, { open: list.incoming, incoming: null, other: null, act: null, form: {}, error: null });
  if (list.seen !== seen || list.away?.meanwhile !== away?.meanwhile) drawLists();
  if (standing() !== before) drawPanel();
}
/** What is known of the case in front of the officer: while it stays so, what she reads and types there is left alone. */
function standing() { return JSON.stringify([list.desk?.today, row(list.open), incoming(list.incoming), list.other]); }
async function watch() {
  if (!document.hidden) await read();
  setTimeout(watch, EVERY_MS);
}
/** Intake's answer comes before its news: look again until they are here. */
export async function readSoon() {
  const before = list.seen;
  for (const wait of SOON_MS) {
    await new Promise((done) => setTimeout(done, wait));
    await read();
    if (list.seen !== before) return;
  }
}
export async function lookAt(caseNo) {
  // Without an answer what was known stays, and the next reading looks again.
  const found = await get(`/v1/cases/${encodeURIComponent(caseNo)}`).catch(() => list.other);
  if (list.open === caseNo) list.other = found;
}

/** Put another case in front of the officer. */
function turnTo(one) {
  Object.assign(list, { open: null, incoming: null, other: null, act: null, form: {}, error: null, ...one });
  mark();
  drawPanel();
  find("case-title")?.focus();
}

/** Say that somebody else was first, for whoever does not see the panel change. */
function announce(one) {
  if (one.officer_ref && !isMine(one)) told(ended(one));
}
export const isMine = (one) => Boolean(one.officer_ref) && one.officer_ref === list.who.ref;
/** What became of a case, by whom and when, as far as it is known. */
export function ended(one) {
  const at = one.decided_at ?? one.withdrawn_at, outcome = of("over", one.situation);
  if (!at) return outcome;
  const words = { at: moment(at), outcome };
  if (one.decided_at) return say(isMine(one) ? "decided.mine" : "decided.other", words);
  return one.officer_ref ? say(isMine(one) ? "withdrawn.mine" : "withdrawn.other", words) : say("withdrawn.on", words);
}

/** Mark what is open in the lists without drawing a thousand lines again. */
function mark() {
  for (const pick of document.querySelectorAll("#lists [aria-current]")) pick.removeAttribute("aria-current");
  (find(`pick-${list.open}`) ?? find(`done-${list.open}`) ?? find(`offer-${list.incoming}`))?.setAttribute("aria-current", "true");
}
/** How long there is, in words; never by colour alone. */
export function left(one) {
  return isSuspended(one) ? h("span", { class: "tag plain" }, say("list.stopped")) : untilThen(one.promised_due, one.working_days_left);
}
/** How long there is until a day. */
export function untilThen(due, days) {
  const kind = due < list.desk.today ? "red" : days <= 2 ? "yellow" : "plain";
  return h("span", { class: `tag ${kind}` }, remaining(due, days, list.desk.today));
}
function line(one) {
  return h("li", { class: "line" }, h("button", { type: "button", class: "pick", id: `pick-${one.case_no}`, "aria-current": list.open === one.case_no ? "true" : null, click: () => turnTo({ open: one.case_no }) },
    h("span", { class: "t" }, h("span", {}, itemName(one.item_code)), left(one)), h("span", { class: "s" }, isSuspended(one) ? of("procedure", one.procedure) : dated(one.promised_due, one.promised_provisional), one.card && [" · ", of("card", one.card)], " · ", one.case_no.slice(-18))));
}
function offer(one) {
  return h("li", {}, h("button", { type: "button", class: "pick", id: `offer-${one.case_no}`, "aria-current": list.incoming === one.case_no ? "true" : null, click: () => turnTo({ incoming: one.case_no }) },
    h("span", { class: "t" }, itemName(one.item_code), h("span", { class: `tag ${one.taken_at ? "plain" : "warm"}` }, say(`list.${standsAs(one)}`))), h("span", { class: "s" }, say("list.from"), bodyName(one.from_body), " · ", lastDay(one))));
}
/** By when a case on its way to us is to be answered, by us or by its applicant, and how long that is; or why no clock runs. */
function lastDay(one) {
  if (!one.answer_by) return of("clock", one.clock);
  const isOver = one.answer_by < list.desk.today;
  return [h("span", { class: "nobr" }, say("desk.until", { day: dated(one.answer_by, one.provisional) })), " · ", h("span", { class: isOver ? "nobr wrong" : "nobr" }, remaining(one.answer_by, one.working_days_left, list.desk.today))];
}
/** Whether a case on its way to us is offered, ours to accept, or waits for its applicant. */
export function standsAs(one) { return one.taken_at ? (one.correction_due ? "waiting" : "taken") : "offered"; }
/** What is over: by its document, or by when its withdrawal was entered. */
function over(one) {
  return h("li", {}, h("button", { type: "button", class: "pick", id: `done-${one.case_no}`, "aria-current": list.open === one.case_no ? "true" : null, click: () => turnTo({ open: one.case_no, other: one }) }, h("span", { class: "t" }, itemName(one.item_code), h("span", { class: one.decided_at ? "tag good" : "tag plain" }, of("over", one.situation))), h("span", { class: "s" }, one.decided_at ? one.document_no : moment(one.withdrawn_at), " · ", one.case_no.slice(-18))));
}

/** A list that is full may go on: the service tells its most urgent alone. */
const cut = (rows, most) => rows.length >= most && h("p", { class: "small soft" }, say("list.most", { n: number(most) }));
function offers(rows) {
  return rows.length > 0 && h("section", { class: "card", "aria-labelledby": "incoming" }, h("h2", { id: "incoming" }, say("list.incoming"), " ", h("span", { class: "count" }, number(rows.length))), h("ul", { class: "list" }, rows.map(offer)), cut(rows, INCOMING_MAX));
}
function due(rows) {
  const shown = rows.filter(FILTERS[list.filter]);
  const filters = Object.keys(FILTERS).map((key) => h("label", { class: "choice" }, h("input", { type: "radio", name: "filter", id: `filter-${key}`, checked: list.filter === key, change: () => { list.filter = key; drawLists(); } }), say(key === "late" ? "list.overdue" : `list.${key}`), " ", number(rows.filter(FILTERS[key]).length)));
  return h("section", { class: "card", "aria-labelledby": "due" }, h("h2", { id: "due" }, say("list.due"), " ", h("span", { class: "count" }, number(rows.length))), h("p", { class: "how small" }, say("list.duehow")), h("fieldset", {}, h("legend", { class: "unseen" }, say("list.filter")), h("div", { class: "choices" }, filters)),
    shown.length ? h("ul", { class: "list", id: "due-list" }, shown.map(line)) : h("p", { class: "how" }, say(rows.length ? "list.nothing" : "list.empty")), cut(rows, DUE_MAX));
}
function lately(rows) {
  return rows.length > 0 && h("details", { class: "card", open: list.looking, toggle: (event) => { list.looking = event.target.open; } }, h("summary", {}, say("list.decided")), h("ul", { class: "list" }, rows.map(over)));
}
export function drawLists() {
  const desk = list.desk;
  // What comes and goes has a place of its own, so that nothing below it is touched.
  settle(find("lists"), h("div", { id: "lists" }, h("div", {}, caution(desk && list.away, list.seenAt)), desk ? [h("div", {}, offers(desk.incoming)), due(desk.due), lately(desk.decided)] : h("div", { class: "card" }, h("p", { class: "loading" }, list.away?.meanwhile ?? say("loading")))));
}
export function drawPanel() {
  fill(find("panel"), list.incoming ? incomingPanel() : casePanel());
}
function draw() {
  if (!find("lists")) fill(find("main"), h("h1", { class: "unseen", id: "title" }), h("div", { class: "two" }, h("div", { id: "lists" }), h("section", { id: "panel" })));
  find("title").textContent = say("list.title");
  find("panel").setAttribute("aria-label", say("list.one"));
  drawLists();
  drawPanel();
}

addEventListener("keydown", (event) => {
  if (!event.target.classList?.contains("pick") || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (!step) return;
  const picks = [...document.querySelectorAll("#lists .pick")];
  picks[picks.indexOf(event.target) + step]?.focus();
  event.preventDefault();
});

const [place, me] = await Promise.all([about(), staff()]);
list.who = me;
oncaution(() => { if (find("lists")) drawLists(); });
const write = frame("list.title", { about: place, leave, who: () => signedIn(list.who, list.who.body && named(list.names.bodies[list.who.body], list.who.body)), draw });
await read();
write();
setTimeout(watch, EVERY_MS);
