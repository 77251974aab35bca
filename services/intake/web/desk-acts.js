// What can be done with a case: one button each, one small form where something has to be said.
import { tell } from "/parts/ask.js";
import { allBut, chooser, objects } from "/parts/chooser.js";
import { alarm, codes, find, h, lead, materialName, of, say } from "/parts/page.js";
import { desk, drawPanel, open, refresh } from "./desk.js";
import { doubt, idNo, offered, regionChoice, seekBodies, unoffered } from "./desk-new.js";
import { change, isBusy, isHere, objected, present, standing, tellAt } from "./desk-turn.js";

const AT_ONCE = new Set(["receive", "accept", "accept-custody", "withdraw-custody-offer"]);
const MAIN = new Set(["receive", "accept", "accept-custody", "deliver", "submit-correction", "submit-application", "attribute-visit"]);
const PHONE = "\\s*\\+?[0-9 \\-]{5,20}\\s*";
/** An ID number as it is typed, pasted or scanned; of full width too, as some keyboards write it. */
const ID_NO = "\\s*([0-9A-Za-z\\uff10-\\uff19\\uff21-\\uff3a\\uff41-\\uff5a]\\s*){6,18}";

const ACT_KEYS = ["y", "u", "i", "o", "p", "l"];

/** What a journey without a case begins with; visits of nobody are somebody's first. */
export const begins = (journey) => (journey.subject_ref || !standing(journey).length ? ["submit-application"] : ["attribute-visit"]);
/** The case whose acts have keys: the newest that anything can be done with; none where nobody has applied. */
const keyed = () => desk.journey.cases.findLast((one) => one.steps.length > 0) ?? null;
/** A key of an act opens its form; what is done at once is led to, and done by Enter. */
export function actKey(key) {
  if (!desk.journey || desk.journey.outcome || desk.act || isBusy()) return false;
  const one = keyed(), step = (one ? one.steps : begins(desk.journey))[ACT_KEYS.indexOf(key)];
  if (!step || !find(actId(step, one))) return false;
  if (AT_ONCE.has(step)) lead(actId(step, one));
  else begin(step, one);
  return true;
}
/** A journey may hold several cases, each with steps of its own. */
const actId = (step, one) => (desk.journey.cases.length > 1 ? `act-${step}-${one.case_no}` : `act-${step}`);
const isOpen = (step, one) => desk.act?.step === step && desk.act.case_no === one?.case_no;
export function actButtons(steps, one) {
  const key = (n) => desk.keys && one === keyed() && ACT_KEYS[n] && [" ", h("kbd", { "aria-hidden": "true" }, ACT_KEYS[n].toUpperCase())];
  return h("div", { class: "row" }, steps.map((step, n) => h("button", { type: "button", id: actId(step, one), class: MAIN.has(step) ? null : "second", disabled: isBusy(),
    "aria-expanded": AT_ONCE.has(step) ? null : String(isOpen(step, one)), click: () => begin(step, one) }, of("act", step), key(n))));
}
function begin(step, one) {
  Object.assign(desk, { error: null, form: {}, act: AT_ONCE.has(step) || isOpen(step, one) ? null : { step, case_no: one?.case_no } });
  if (AT_ONCE.has(step)) return send(step, one, {});
  drawPanel();
  document.querySelector("#act-form input, #act-form select")?.focus();
}

const FIXED = {
  receive: () => ({ window_id: desk.venue, form_check: "passed", identity_check: "passed" }),
  accept: () => ({ window_id: desk.venue }),
};
async function send(step, one, fields) {
  if (isBusy()) return;
  const at = present();
  try {
    const answer = await change(at, () => (WHOSE[step] ? WHOSE[step](fields) : tell(step, { ...(FIXED[step]?.() ?? {}), case_no: one.case_no, ...fields })));
    await done(at, step, answer);
  } catch (problem) {
    await refused(at, step, one, problem);
  }
}
async function done(at, step, answer) {
  const { problem } = answer, journey = WHOSE[step] ? answer.journey : at.journey;
  const text = problem?.sentence ?? (answer.off_list?.length ? say("acts.offlist") : say("acts.done", { act: of("act", step) }));
  if (!problem || !isHere(at)) tellAt({ ...at, journey }, text);
  if (!isHere(at)) return refresh(journey);
  Object.assign(desk, { act: null, form: {} });
  await (journey === at.journey ? refresh(journey) : open(journey));
  if (desk.open !== journey) return;
  if (problem) objected(problem, answer.case_no);
  else lead(find("issued") ? "issued" : "journey-title");
}
/** What was refused may be so because another window was first: show how it stands now. */
async function refused(at, step, one, problem) {
  await refresh(at.journey);
  if (!isHere(at)) return tellAt(at, problem.sentence);
  const cases = desk.journey?.cases ?? [];
  const stands = one ? cases.find((each) => each.case_no === one.case_no) : cases.at(-1);
  if (stands && !stands.steps.includes(step)) desk.act = null;
  objected(problem, stands?.case_no ?? step);
}
/** Apply and take the materials in; the second act rests on the first and has a key of its own, and may be refused alone. */
async function apply(fields) {
  const taken = FIXED.receive();
  const submitted = await tell("submit-application", fields);
  const { journey, case_no, receipt_no, code } = submitted;
  desk.issued[journey] = { case_no, receipt_no, code };
  const problem = await tell("receive", { case_no, ...taken }).then(() => null, (refusal) => refusal);
  return { ...submitted, problem };
}

/** Give the visits of nobody to whoever made them, whose journey goes on with them. */
async function attribute(fields) {
  let answer;
  for (const visit of standing(desk.journey)) answer = await tell("attribute-visit", { visit_id: visit, ...fields });
  return answer;
}
/** What is done for a person rather than for a case, and may lead to another journey. */
const WHOSE = { "submit-application": apply, "attribute-visit": attribute };

function choices(legend, field, values, family, required = true) {
  return h("fieldset", {}, h("legend", {}, legend), h("div", { class: "choices" }, values.map((value) => h("label", { class: "choice" }, h("input", { type: "radio", name: field, id: `${field}-${value}`, value, required, checked: desk.form[field] === value, change: () => { desk.form[field] = value; drawPanel(); } }), of(family, value)))));
}
function checks(legend, hint, field, values, label) {
  const chosen = (desk.form[field] ??= []);
  const flip = (value) => { desk.form[field] = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]; drawPanel(); };
  return h("fieldset", {}, h("legend", {}, legend), hint && h("p", { class: "hint" }, hint), values.map((value) => h("label", { class: "choice line" }, h("input", { type: "checkbox", name: field, id: `${field}-${value}`, value, checked: chosen.includes(value), change: () => flip(value) }), label(value))));
}

/** How the applicant can be reached; nobody has to say. */
function contact(field, type, limits) {
  const id = `apply-${field}`;
  return h("div", { class: "field" }, h("label", { for: id }, say(`apply.${field}`)), h("p", { class: "hint", id: `${id}-hint` }, say(`apply.${field}how`)), h("input", { type, id, "aria-describedby": `${id}-hint`, value: desk.form[field] ?? "", input: (event) => { desk.form[field] = event.target.value; }, ...limits }));
}
function reached() {
  return Object.fromEntries(["email", "phone", "language"].map((field) => [field, desk.form[field]?.trim()]).filter(([, value]) => value));
}
/** Whose it is: the number on the card, and where the person lives. */
function person() {
  return [h("div", { class: "field" }, h("label", { for: "apply-id" }, say("new.id")), h("p", { class: "hint" }, say("apply.idhow")), h("input", { type: "text", id: "apply-id", required: true, autocomplete: "off", maxlength: "64", pattern: ID_NO, title: say("missingfield.id_no"), value: desk.form.id_no ?? "", input: (event) => { desk.form.id_no = event.target.value; find("apply-doubt").textContent = doubt(); } }), h("p", { class: "small", id: "apply-doubt", role: "status" }, doubt())),
    h("div", { class: "field" }, h("label", { for: "apply-region" }, say("new.region")), regionChoice("apply-region", desk.form.region, (event) => { desk.form.region = event.target.value; }))];
}
const FORMS = {
  "attribute-visit": () => ({ ask: [h("p", { class: "hint" }, say("attribute.how")), person()], body: () => ({ applicant: { id_no: idNo(), region: desk.form.region } }) }),
  "submit-application": (_, journey) => ({
    ask: [person(),
      contact("email", "email", { maxlength: "254", autocomplete: "off" }), contact("phone", "tel", { pattern: PHONE, maxlength: "20", autocomplete: "off", title: say("apply.phonebad") }), choices(say("apply.language"), "language", codes("language"), "language", false),
      checks(say("apply.materials"), say("apply.materialshow"), "materials", journey.materials.map((one) => one.code), (code) => listedName(journey.materials, code))],
    body: () => ({ applicant: { id_no: idNo(), region: desk.form.region, ...reached() }, subject_ref: journey.subject_ref, item_code: journey.item_code, channel: "window", materials: desk.form.materials.map((code) => ({ code, form: "original" })) }),
  }),
  "issue-correction": (one) => ({
    ask: [checks(say("correct.what"), say("correct.how"), "missing", one.materials.map((material) => material.code), (code) => listedName(one.materials, code)),
      (desk.form.missing ?? []).length > 0 && choices(say("correct.why"), "reason", codes("missing"), "missing"), apart(one), one.notices.length > 0 && [h("div", { class: "note lived" }, h("strong", {}, say("correct.second"))), choices(say("correct.secondwhy"), "again", codes("again"), "again")]],
    body: () => ({ missing: desk.form.missing.map((code) => ({ code, reason_code: whyMissing(code) })), ...(desk.form.again ? { reason_code: desk.form.again } : {}) }),
    ready: () => (desk.form.missing ?? []).length > 0,
  }),
  "submit-correction": (one) => ({ ask: choices(say("answer.complete"), "complete", ["yes", "no"], "complete"), body: () => ({ notice_no: one.notices.at(-1).notice_no, complete: desk.form.complete === "yes" }) }),
  "offer-custody": (one) => ({
    ask: [h("div", { class: "field" }, h("label", { for: "to-body" }, say("offer.to")), h("p", { class: "hint" }, say("offer.tohow")), bodyChoice(one)), choices(say("offer.medium"), "medium", codes("medium"), "medium")],
    body: () => ({ to_body: receiver(one).code, medium: desk.form.medium }),
  }),
  "return-custody": () => ({ ask: choices(say("return.why"), "reason", codes("back"), "back"), body: () => ({ reason_code: desk.form.reason }) }),
  "not-accept": (one) => ({
    ask: [choices(say("turnedaway.why"), "reason", codes("turnaway").filter((code) => code !== "not-corrected" || one.notices.at(-1)?.expired), "turnaway"), desk.form.reason === "not-our-power" && h("div", { class: "field" }, h("label", { for: "competent" }, say("turnedaway.competent")), competentChoice(one)), h("p", { class: "hint" }, say("turnedaway.remedies"))],
    body: () => ({ reason_code: desk.form.reason, remedies: codes("remedy"), ...(desk.form.reason === "not-our-power" && competent(one).code ? { competent_body: competent(one).code } : {}) }),
  }),
  withdraw: () => ({ ask: choices(say("withdraw.why"), "reason", codes("withdrawal"), "withdrawal"), body: () => ({ reason_code: desk.form.reason }) }),
  deliver: () => ({ ask: choices(say("deliver.how"), "method", codes("method"), "method"), body: () => ({ method: desk.form.method }) }),
};
const whyMissing = (code) => desk.form.apart?.[code] ?? desk.form.reason;
/** Where several things are missing, each may have a reason of its own. */
function apart(one) {
  const { missing = [], reason } = desk.form;
  if (missing.length < 2 || !reason) return null;
  const own = (code, value) => { desk.form.apart = { ...desk.form.apart, [code]: value }; };
  return h("fieldset", {}, h("legend", {}, say("correct.apart")), missing.map((code) => h("div", { class: "field" }, h("label", { for: `why-${code}` }, listedName(one.materials, code)),
    h("select", { id: `why-${code}`, change: (event) => own(code, event.target.value) }, codes("missing").map((value) => h("option", { value, selected: value === whyMissing(code) }, of("missing", value)))))));
}
function listedName(materials, code) {
  const isRequired = materials.find((one) => one.code === code)?.required;
  return h("span", {}, materialName(materials, code), isRequired && h("small", { class: "soft" }, ` · ${say("required")}`));
}
const BODIES = ["to-body", "competent"];
const bodyOf = (code) => ({ code, names: desk.names.bodies[code] });
/** The field for a body, one of all but `without`; until they are here, the one that is chosen. */
function bodyField(id, { chosen, without, ...more }) {
  const others = allBut(without);
  const first = offered()?.bodies ?? { choices: chosen.code ? [chosen] : [], count: 0 };
  return [unoffered(), chooser(id, { name: id, ...others(first), seek: (text) => seekBodies(text).then(others), value: chosen.code, chosen, typed: (desk.form.typed ??= {}), ...more })];
}
/** The body that takes the case next: the one that handles the item, unless another one is chosen. */
const receiver = (one) => desk.form.to_body ?? bodyOf(one.handling_body);
function bodyChoice(one) {
  return bodyField("to-body", { field: say("offer.to"), blank: "choose", required: true, chosen: receiver(one), change: (code, body) => { desk.form.to_body = code ? body : undefined; drawPanel(); } });
}

/** The body that has the power: the one that handles the item, unless that is who turns the case away, or the one that is chosen. */
const competent = (one) => desk.form.competent ?? bodyOf(one.handling_body === one.holder_body ? "" : one.handling_body);
function competentChoice(one) {
  return bodyField("competent", { field: say("turnedaway.competent"), blank: "turnedaway.unknown", without: one.holder_body, chosen: competent(one), change: (_, body) => { desk.form.competent = body; drawPanel(); } });
}

export function actForm(one, journey) {
  if (!desk.act || !isOpen(desk.act.step, one)) return null;
  const { step } = desk.act;
  const { ask, body, ready } = FORMS[step](one, journey);
  return h("form", { id: "act-form", class: "note", submit: (event) => { event.preventDefault(); if (!BODIES.some(objects) && (!ready || ready())) send(step, one, body()); } }, h("h3", {}, of("act", step)),
    !one && desk.error?.at === step && h("div", { class: "note bad", role: alarm(desk.error), id: "error", tabindex: "-1" }, h("strong", {}, desk.error.sentence)), ask,
    h("div", { class: "row" }, h("button", { id: "act-send", disabled: isBusy() || (ready && !ready()) }, say("acts.send")), h("button", { type: "button", class: "quiet", click: () => { desk.act = null; drawPanel(); find(actId(step, one))?.focus(); } }, say("cancel"))));
}
