// The department's worklist: what is due next, what was offered to us, and one case beside it.
import { about, caution, get, leave, oncaution, reread, staff } from "/parts/ask.js";
import { day, fill, find, frame, h, name, named, number, of, say } from "/parts/page.js";
import { casePanel, incomingPanel } from "./case.js";

const EVERY_MS = 10_000;
const SOON_MS = [300, 600, 1_200, 2_400];
export const list = { who: null, desk: null, names: { items: {}, bodies: {}, regions: {} }, filter: "all", open: null, incoming: null, other: null, act: null, form: {}, error: null, busy: false, away: false, seen: null, looking: false };
const FILTERS = { all: () => true, late: (row) => row.working_days_left < 0, soon: (row) => row.working_days_left >= 0 && row.working_days_left <= 2, suspended: (row) => row.situation === "suspended" };

export const itemName = (code) => name(list.names.items[code], code);
export const bodyName = (code) => name(list.names.bodies[code], code);
export const row = (caseNo) => list.desk?.due.find((one) => one.case_no === caseNo);

export async function read() {
  const { seen, away } = list;
  try {
    list.desk = await reread("/v1/desk");
    for (const kind of Object.keys(list.names)) Object.assign(list.names[kind], list.desk.names[kind]);
    list.away = false;
    list.seen = JSON.stringify(list.desk);
  } catch (problem) {
    list.away = problem.status !== 401;
  }
  // Somebody else may have decided what is open here: what was typed stays, and their decision is shown above it.
  const other = JSON.stringify(list.other);
  if (list.open && list.desk && !row(list.open)) await lookAt(list.open);
  // What was accepted here comes back as a case of ours: go on with it, since nobody else will.
  if (list.incoming && list.desk && row(list.incoming)) Object.assign(list, { open: list.incoming, incoming: null, other: null, act: null, form: {}, error: null });
  if (list.seen !== seen || list.away !== away) drawLists();
  if (list.seen !== seen || JSON.stringify(list.other) !== other) drawPanel();
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
  try { list.other = await get(`/v1/cases/${encodeURIComponent(caseNo)}`); } catch { list.other = null; }
}

export function open(caseNo) {
  Object.assign(list, { open: caseNo, incoming: null, other: null, act: null, form: {}, error: null });
  mark();
  drawPanel();
  find("case-title")?.focus();
}
export function openIncoming(caseNo) {
  Object.assign(list, { open: null, incoming: caseNo, other: null, act: null, form: {}, error: null });
  mark();
  drawPanel();
  find("case-title")?.focus();
}

/** Mark what is open in the lists without drawing a thousand lines again. */
function mark() {
  for (const pick of document.querySelectorAll("#lists [aria-current]")) pick.removeAttribute("aria-current");
  (find(`pick-${list.open}`) ?? find(`done-${list.open}`) ?? find(`offer-${list.incoming}`))?.setAttribute("aria-current", "true");
}
/** How long there is, in words; never by colour alone. */
export function left(one) {
  if (one.situation === "suspended") return h("span", { class: "tag plain" }, say("list.stopped"));
  const days = one.working_days_left;
  const kind = days < 0 ? "red" : days <= 2 ? "yellow" : "plain";
  return h("span", { class: `tag ${kind}` }, days < 0 ? say("list.late", { n: -days }) : days === 0 ? say("list.today") : say("list.left", { n: days }));
}
function line(one) {
  return h("li", { class: "line" }, h("button", { type: "button", class: "pick", id: `pick-${one.case_no}`, "aria-current": list.open === one.case_no ? "true" : null, click: () => open(one.case_no) },
    h("span", { class: "t" }, h("span", {}, itemName(one.item_code)), left(one)), h("span", { class: "s" }, day(one.promised_due), one.card && [" · ", of("card", one.card)], one.situation === "suspended" && [" · ", of("procedure", one.procedure)], " · ", one.case_no.slice(-18))));
}
function offer(one) {
  return h("li", {}, h("button", { type: "button", class: "pick", id: `offer-${one.case_no}`, "aria-current": list.incoming === one.case_no ? "true" : null, click: () => openIncoming(one.case_no) },
    h("span", { class: "t" }, itemName(one.item_code), h("span", { class: `tag ${one.taken_at ? "plain" : "warm"}` }, say(one.taken_at ? "list.taken" : "list.offered"))), h("span", { class: "s" }, say("list.from"), bodyName(one.from_body), " · ", h("span", { class: "nobr" }, say("desk.until", { day: day(one.due) })))));
}
function decided(one) {
  return h("li", {}, h("button", { type: "button", class: "pick", id: `done-${one.case_no}`, "aria-current": list.open === one.case_no ? "true" : null, click: async () => { Object.assign(list, { open: one.case_no, incoming: null, act: null, other: one }); mark(); drawPanel(); find("case-title")?.focus(); } }, h("span", { class: "t" }, itemName(one.item_code), h("span", { class: "tag good" }, of("over", one.situation))), h("span", { class: "s" }, one.document_no, " · ", one.case_no.slice(-18))));
}

export function drawLists() {
  const desk = list.desk;
  if (!desk) return fill(find("lists"), h("div", { class: "card" }, h("p", { class: "loading" }, say(list.away ? "trouble.away" : "loading"))));
  const shown = desk.due.filter(FILTERS[list.filter]);
  const filters = Object.keys(FILTERS).map((key) => h("label", { class: "choice" }, h("input", { type: "radio", name: "filter", id: `filter-${key}`, checked: list.filter === key, change: () => { list.filter = key; drawLists(); } }), say(key === "late" ? "list.overdue" : `list.${key}`), " ", number(desk.due.filter(FILTERS[key]).length)));
  fill(find("lists"), caution(list.away),
    desk.incoming.length > 0 && h("section", { class: "card", "aria-labelledby": "incoming" }, h("h2", { id: "incoming" }, say("list.incoming"), " ", h("span", { class: "count" }, number(desk.incoming.length))), h("ul", { class: "list" }, desk.incoming.map(offer))),
    h("section", { class: "card", "aria-labelledby": "due" }, h("h2", { id: "due" }, say("list.due"), " ", h("span", { class: "count" }, number(desk.due.length))), h("p", { class: "how small" }, say("list.duehow")), h("fieldset", {}, h("legend", { class: "unseen" }, say("list.filter")), h("div", { class: "choices" }, filters)),
      shown.length ? h("ul", { class: "list", id: "due-list" }, shown.map(line)) : h("p", { class: "how" }, say(desk.due.length ? "list.nothing" : "list.empty"))),
    desk.decided.length > 0 && h("details", { class: "card", open: list.looking, toggle: (event) => { list.looking = event.target.open; } }, h("summary", {}, say("list.decided")), h("ul", { class: "list" }, desk.decided.map(decided))));
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
const write = frame("list.title", { about: place, leave, who: () => `${of("role", list.who.role)} · ${named(list.names.bodies[list.who.body], list.who.body ?? list.who.id)}`, draw });
await read();
write();
setInterval(() => { if (!document.hidden) read(); }, EVERY_MS);
