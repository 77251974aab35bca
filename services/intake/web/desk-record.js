// Recording a visit: what for, what came of it, and why, asked once and only where it is not plain.
import { post, tell } from "/parts/ask.js";
import { today } from "/parts/days.js";
import { codes, find, h, nth, of, say, told } from "/parts/page.js";
import { desk, draw, learn, open, readQueue } from "./desk.js";
import { tellAt } from "./desk-acts.js";
import { idNo, isIdNo } from "./desk-new.js";

const PURPOSE_KEYS = ["1", "2", "3", "4", "5"];
const OUTCOME_KEYS = ["q", "w", "e", "r", "t"];
const CAUSE_KEYS = ["a", "s", "d", "f", "g", "h", "z", "x", "c"];
const PLAIN = { system_failure: "system_failure", hall_closed: "hall_closed" };
const CAUSES = () => codes("cause").filter((cause) => cause !== "normal");

/** Whether the cause has to be asked: the visit failed for more than one possible reason, or is one more than was promised. */
export function causeAsked() {
  const { outcome } = desk.visit;
  if (!outcome || PLAIN[outcome]) return false;
  return outcome !== "done" || beyond();
}
/** Whether a visit today is one more than was promised. */
export function beyond() {
  const promise = desk.journey?.promise;
  return Boolean(promise && promise.declared !== null && promise.this_run > promise.declared);
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
    : { item_code: desk.form.item_code, applicant: { id_no: idNo(), region: desk.form.region } };
  return { ...about, visit_id: crypto.randomUUID(), venue_id: desk.venue, local_date: today(), by: "applicant", purpose, outcome,
    cause: causeAsked() ? cause : PLAIN[outcome] ?? "normal", source: "window" };
}

export async function record() {
  if (!complete() || desk.busy || !ready()) return;
  const at = desk.open;
  const sent = body();
  const run = desk.journey?.promise.this_run;
  desk.busy = true;
  desk.error = null;
  draw();
  if (at === "new" && await known(sent)) return;
  try {
    const answer = await tell("record-visit", sent);
    desk.busy = false;
    readQueue();
    const isHere = desk.open === at;
    if (isHere) Object.assign(desk, { visit: {}, open: answer.journey });
    tellAt(answer.journey, run ? say("record.done", { n: nth(run) }) : say(answer.events.length > 1 ? "record.first" : "record.more"), { label: say("record.undo"), act: () => undo(sent.visit_id, answer.journey) });
    if (!isHere) return draw();
    await open(answer.journey, { quiet: true });
    find("journey-title")?.focus();
  } catch (problem) {
    desk.busy = false;
    if (desk.open !== at) { told(problem.sentence); return draw(); }
    desk.error = Object.assign(problem, { at: "record" });
    draw();
    find("error")?.focus();
  }
}
/** Whether the person's journey about the item is open already: then it is put in front of the clerk with what she answered. */
async function known({ item_code: item, applicant }) {
  const { visit } = desk;
  const found = await post("/v1/desk/find", { text: applicant.id_no, venue_id: desk.venue }).then(learn, () => null);
  const row = found?.journeys.find((one) => one.item_code === item && !one.outcome);
  // Without an answer, or when somebody else is in front of the clerk by now, it joins that journey all the same; its cause was not asked.
  if (!row || desk.open !== "new") return false;
  desk.busy = false;
  await open(row.journey);
  if (desk.open === row.journey) desk.visit = visit;
  told(say("new.known"));
  draw();
  return true;
}
function ready() {
  if (desk.journey) return true;
  const missing = !isIdNo(idNo()) ? "id_no" : ["region", "item_code"].find((field) => !desk.form[field]);
  if (!missing) return true;
  desk.error = { field: missing, at: "field", get sentence() { return say(`missingfield.${missing}`); } };
  draw();
  find(missing === "item_code" ? "item" : missing)?.focus();
  return false;
}
/** Take off a visit that was recorded by mistake. */
export async function undo(visit, journey) {
  try {
    await tell("void-visit", { visit_id: visit, reason_code: "mistake" });
    told(say("record.undone"));
  } catch (problem) {
    told(problem.sentence);
  }
  readQueue();
  if (desk.open === journey) await open(journey, { quiet: true });
}

function choose(field, value) {
  desk.visit = { ...desk.visit, [field]: value, ...(field === "outcome" ? { cause: undefined } : {}) };
  draw();
}
/** A key of the record; the last one that is needed records. */
export function recordKey(key) {
  if (!desk.journey && desk.open !== "new" || desk.journey?.outcome || desk.act) return false;
  const [field, value] = [["purpose", codes("purpose")[PURPOSE_KEYS.indexOf(key)]], ["outcome", codes("outcome")[OUTCOME_KEYS.indexOf(key)]], ["cause", causeAsked() ? CAUSES()[CAUSE_KEYS.indexOf(key)] : undefined]].find(([, found]) => found) ?? [];
  if (!field) return false;
  choose(field, value);
  if (complete()) record();
  return true;
}

function question(field, title, values, keys, family) {
  return h("fieldset", { id: `ask-${field}` }, h("legend", {}, title), h("div", { class: "choices" }, values.map((value, at) => h("label", { class: "choice" },
    h("input", { type: "radio", name: field, id: `${field}-${value}`, value, checked: desk.visit[field] === value, change: () => choose(field, value) }), desk.keys && h("kbd", { "aria-hidden": "true" }, keys[at].toUpperCase()), of(family, value)))));
}

/** The questions of a visit. */
export function recordCard() {
  if (desk.journey?.outcome) return null;
  return h("section", { class: "card", "aria-labelledby": "record-title" }, h("h2", { id: "record-title" }, say("record.title")),
    desk.error?.at === "record" && h("div", { class: "note bad", role: "alert", id: "error", tabindex: "-1" }, h("strong", {}, desk.error.sentence)),
    question("purpose", say("record.purpose"), codes("purpose"), PURPOSE_KEYS, "purpose"),
    question("outcome", say("record.outcome"), codes("outcome"), OUTCOME_KEYS, "outcome"),
    causeAsked() && question("cause", say(beyond() ? "record.whyagain" : "record.why"), CAUSES(), CAUSE_KEYS, "cause"),
    h("button", { type: "button", id: "record", class: "wide", disabled: desk.busy || !complete(), click: record }, say(desk.busy ? "record.busy" : "record.go")));
}
