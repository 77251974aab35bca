// Recording a visit: what for, what came of it, and why, asked once and only where it is not plain.
import { post, tell } from "/parts/ask.js";
import { alarm, codes, find, h, lead, nth, of, say, told } from "/parts/page.js";
import { desk, drawPanel, learn, open, readQueue, refresh, todayHere } from "./desk.js";
import { chosenItem, idNo, isIdNo, isLacking } from "./desk-new.js";
import { change, isBusy, isHere, isOver, objected, present, tellAt } from "./desk-turn.js";

const PURPOSE_KEYS = ["1", "2", "3", "4", "5"];
const OUTCOME_KEYS = ["q", "w", "e", "r", "t"];
const CAUSE_KEYS = ["a", "s", "d", "f", "g", "h", "z", "x", "c"];
const AGENT_KEY = "b";
const KEYS = [...PURPOSE_KEYS, ...OUTCOME_KEYS, ...CAUSE_KEYS, AGENT_KEY];
const PLAIN = { system_failure: "system_failure", hall_closed: "hall_closed" };
const CAUSES = () => codes("cause").filter((cause) => cause !== "normal");
const EXPECTED = { "in-correction": "correct", decided: "collect", delivered: "collect" };

/** What whoever comes is expected for, where the case waits for it; a key says otherwise. */
export function presume() {
  const purpose = EXPECTED[desk.journey?.cases.at(-1)?.situation];
  if (purpose) desk.visit = { purpose, ...desk.visit };
}
/** Whether the cause has to be asked: the visit failed for more than one possible reason, or is one more than was promised. */
export function causeAsked() {
  const { outcome } = desk.visit;
  if (!outcome || PLAIN[outcome]) return false;
  return outcome !== "done" || beyond();
}
/** The promise that a visit today is held against; the first visit about an item is held against the item's own. */
function promise() {
  const item = desk.journey || desk.open !== "new" ? null : chosenItem();
  return item ? { declared: item.declared, this_run: 1 } : desk.journey?.promise;
}
/** Whether a visit today is one more than was promised. */
export function beyond() {
  const { declared = null, this_run: run } = promise() ?? {};
  return declared !== null && run > declared && desk.visit.by !== "agent";
}
function complete() {
  const { purpose, outcome, cause } = desk.visit;
  return purpose && outcome && (!causeAsked() || cause);
}

function body() {
  const { purpose, outcome, cause } = desk.visit;
  const journey = desk.journey;
  const last = journey?.cases.at(-1);
  const about = journey ? { item_code: journey.item_code, ...(last ? { case_no: last.case_no } : journey.subject_ref ? { subject_ref: journey.subject_ref } : {}) }
    : { item_code: desk.form.item_code, ...(desk.form.nobody ? {} : { applicant: { id_no: idNo(), region: desk.form.region } }) };
  return { ...about, visit_id: crypto.randomUUID(), venue_id: desk.venue, local_date: todayHere(), by: desk.visit.by ?? "applicant", purpose, outcome,
    cause: causeAsked() ? cause : PLAIN[outcome] ?? "normal", source: "window" };
}

export async function record() {
  if (!complete() || isBusy() || !ready()) return;
  const at = present(), sent = body(), run = sent.by === "agent" ? null : desk.journey?.promise.this_run;
  try {
    const answer = await change(at, async () => (at.journey === "new" && await known(sent, at) ? null : tell("record-visit", sent)));
    if (answer) await recorded(at, sent.visit_id, run, answer);
  } catch (problem) {
    if (isHere(at)) return objected(problem, "record");
    tellAt(at, problem.sentence);
    await refresh(at.journey);
  }
}
async function recorded(at, visit, run, { journey, events }) {
  const whose = { ...at, journey };
  if (isHere(at)) Object.assign(desk, { open: journey, visit: {}, form: at.journey === "new" ? {} : desk.form });
  tellAt(whose, run ? say("record.done", { n: nth(run) }) : say(events.length > 1 ? "record.first" : at.visit.by === "agent" ? "record.proxy" : "record.more"), { label: say("record.undo"), act: () => undo(visit, whose) });
  await refresh(journey);
  if (isHere(at)) lead("journey-title");
}
/** Whether the person's journey about the item is open already: then it is put in front of the clerk with what she answered. */
async function known({ item_code: item, applicant }, at) {
  if (!applicant) return false;
  const found = await post("/v1/desk/find", { text: applicant.id_no }).then(learn, () => null);
  const row = found?.journeys.find((one) => one.item_code === item && !one.outcome);
  // Without an answer, or when somebody else is in front of the clerk by now, it joins that journey all the same; its cause was not asked.
  if (!row || !isHere(at)) return false;
  told(say("new.known"));
  await open(row.journey, { visit: at.visit });
  return true;
}
function ready() {
  if (desk.journey) return true;
  const { nobody } = desk.form;
  const missing = !nobody && !isIdNo(idNo()) ? "id_no" : (nobody ? ["item_code"] : ["region", "item_code"]).find(isLacking);
  if (!missing) return true;
  desk.error = { field: missing, at: "field", get sentence() { return say(`missingfield.${missing}`); } };
  drawPanel();
  find(missing === "item_code" ? "item" : missing)?.focus();
  return false;
}
/** Take off a visit that was recorded by mistake; `at` says whose it was. */
export async function undo(visit, at) {
  try {
    await tell("void-visit", { visit_id: visit, reason_code: "mistake" });
    tellAt(at, say("record.undone"));
  } catch (problem) {
    tellAt(at, problem.sentence);
  }
  readQueue();
  await refresh(at.journey);
  if (isHere(at)) lead("journey-title");
}

function choose(field, value) {
  desk.visit = { ...desk.visit, [field]: value, ...(field === "outcome" ? { cause: undefined } : {}) };
  drawPanel();
}
/** What a key answers. */
function answered(key) {
  const answers = { purpose: codes("purpose")[PURPOSE_KEYS.indexOf(key)], outcome: codes("outcome")[OUTCOME_KEYS.indexOf(key)], cause: causeAsked() ? CAUSES()[CAUSE_KEYS.indexOf(key)] : undefined };
  return Object.entries(answers).find(([, value]) => value);
}
const isLoading = () => desk.open && desk.open !== "new" && !desk.journey && !desk.error;
/** A key of the record; the last one that is needed records. */
export function recordKey(key) {
  if (isLoading() && KEYS.includes(key)) return desk.early.push(key);
  if (!desk.journey && desk.open !== "new" || desk.journey && isOver(desk.journey) || desk.act || isBusy()) return false;
  if (key === AGENT_KEY) {
    choose("by", desk.visit.by ? undefined : "agent");
    return true;
  }
  const answer = answered(key);
  if (!answer) return false;
  choose(...answer);
  if (complete()) record();
  return true;
}

function question(field, title, values, keys, family) {
  return h("fieldset", { id: `ask-${field}`, disabled: isBusy() }, h("legend", {}, title), h("div", { class: "choices" }, values.map((value, at) => h("label", { class: "choice" },
    h("input", { type: "radio", name: field, id: `${field}-${value}`, value, checked: desk.visit[field] === value, change: () => choose(field, value) }), desk.keys && h("kbd", { "aria-hidden": "true" }, keys[at].toUpperCase()), of(family, value)))));
}
function whyTitle() {
  return say(!beyond() ? "record.why" : promise().declared === 0 ? "record.whyatall" : "record.whyagain");
}

/** The questions of a visit. */
export function recordCard() {
  if (desk.journey && isOver(desk.journey)) return null;
  return h("section", { class: "card", "aria-labelledby": "record-title" }, h("h2", { id: "record-title" }, say("record.title")),
    desk.error?.at === "record" && h("div", { class: "note bad", role: alarm(desk.error), id: "error", tabindex: "-1" }, h("strong", {}, desk.error.sentence)),
    question("purpose", say("record.purpose"), codes("purpose"), PURPOSE_KEYS, "purpose"),
    question("outcome", say("record.outcome"), codes("outcome"), OUTCOME_KEYS, "outcome"),
    h("div", { class: "field" }, h("label", { class: "choice line" }, h("input", { type: "checkbox", id: "by-agent", disabled: isBusy(), checked: desk.visit.by === "agent", change: (event) => choose("by", event.target.checked ? "agent" : undefined) }), desk.keys && h("kbd", { "aria-hidden": "true" }, AGENT_KEY.toUpperCase()), h("span", {}, say("record.agent"), " ", h("small", { class: "soft" }, say("record.agenthow"))))),
    causeAsked() && question("cause", whyTitle(), CAUSES(), CAUSE_KEYS, "cause"),
    h("button", { type: "button", id: "record", class: "wide", disabled: isBusy() || !complete(), click: record }, say(isBusy() ? "record.busy" : "record.go")));
}
