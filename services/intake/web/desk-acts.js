// What can be done with a case: one button each, one small form where something has to be said.
import { tell } from "/parts/ask.js";
import { codes, find, h, materialName, named, of, say, told } from "/parts/page.js";
import { desk, draw, open, readQueue } from "./desk.js";
import { idNo, offered, regionChoice } from "./desk-new.js";

const AT_ONCE = new Set(["receive", "accept", "accept-custody", "withdraw-custody-offer"]);
const MAIN = new Set(["receive", "accept", "accept-custody", "deliver", "submit-correction", "submit-application"]);

export function actButtons(steps, one) {
  return h("div", { class: "row" }, steps.map((step) => h("button", { type: "button", id: `act-${step}`, class: MAIN.has(step) ? null : "second", disabled: desk.busy,
    "aria-expanded": AT_ONCE.has(step) ? null : String(desk.act?.step === step), click: () => begin(step, one) }, of("act", step))));
}
function begin(step, one) {
  desk.error = null;
  if (AT_ONCE.has(step)) {
    desk.act = { step, case_no: one.case_no, closed: true };
    return send(step, one, {});
  }
  desk.act = desk.act?.step === step ? null : { step, case_no: one?.case_no };
  desk.form = {};
  draw();
  document.querySelector("#act-form input, #act-form select")?.focus();
}

const FIXED = {
  receive: () => ({ window_id: desk.venue, form_check: "passed", identity_check: "passed" }),
  accept: () => ({ window_id: desk.venue }),
};
async function send(step, one, fields) {
  if (desk.busy) return;
  const at = desk.open;
  desk.busy = true;
  desk.error = null;
  draw();
  try {
    const answer = step === "submit-application" ? await apply(fields) : await tell(step, { ...(FIXED[step]?.() ?? {}), case_no: one.case_no, ...fields });
    desk.busy = false;
    readQueue();
    tellAt(at, answer.off_list?.length ? say("acts.offlist") : say("acts.done", { act: of("act", step) }));
    if (desk.open !== at) return draw();
    Object.assign(desk, { act: null, form: {} });
    if (answer.journey !== at && step === "submit-application") return open(answer.journey);
    await open(at, { quiet: true });
    find(desk.issued ? "issued" : "journey-title")?.focus();
  } catch (problem) {
    desk.busy = false;
    readQueue();
    if (desk.open !== at) { tellAt(at, problem.sentence); return draw(); }
    // What was refused may be so because another window was first: show how it stands now.
    await open(at, { quiet: true });
    if (one && !desk.journey?.cases.find((each) => each.case_no === one.case_no)?.steps.includes(step) || desk.act?.closed) desk.act = null;
    desk.error = Object.assign(problem, { at: one?.case_no ?? step });
    draw();
    find("error")?.focus();
  }
}
/** Tell what came of something that was asked for at a journey; when another one is in front of the clerk, with the way back. */
export function tellAt(journey, text, action = null) {
  told(text, desk.open === journey ? action : { label: say("desk.back"), act: () => open(journey) });
}
/** Apply and take the materials in; the second act rests on the first and has a key of its own. */
async function apply(fields) {
  const submitted = await tell("submit-application", fields);
  desk.issued = { journey: submitted.journey, receipt_no: submitted.receipt_no, code: submitted.code };
  await tell("receive", { case_no: submitted.case_no, window_id: desk.venue, form_check: "passed", identity_check: "passed" });
  return submitted;
}

function choices(legend, field, values, family, required = true) {
  return h("fieldset", {}, h("legend", {}, legend), h("div", { class: "choices" }, values.map((value) => h("label", { class: "choice" }, h("input", { type: "radio", name: field, id: `${field}-${value}`, value, required, checked: desk.form[field] === value, change: () => { desk.form[field] = value; draw(); } }), of(family, value)))));
}
function checks(legend, hint, field, values, label) {
  const chosen = (desk.form[field] ??= []);
  const flip = (value) => { desk.form[field] = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]; draw(); };
  return h("fieldset", {}, h("legend", {}, legend), hint && h("p", { class: "hint" }, hint), values.map((value) => h("label", { class: "choice line" }, h("input", { type: "checkbox", name: field, id: `${field}-${value}`, value, checked: chosen.includes(value), change: () => flip(value) }), label(value))));
}

const FORMS = {
  "submit-application": (_, journey) => ({
    ask: [h("div", { class: "field" }, h("label", { for: "apply-id" }, say("new.id")), h("p", { class: "hint" }, say("apply.idhow")), h("input", { type: "text", id: "apply-id", required: true, autocomplete: "off", maxlength: "18", value: desk.form.id_no ?? "", input: (event) => { desk.form.id_no = event.target.value; } })),
      h("div", { class: "field" }, h("label", { for: "apply-region" }, say("new.region")), regionChoice("apply-region", desk.form.region, (event) => { desk.form.region = event.target.value; })),
      checks(say("apply.materials"), say("apply.materialshow"), "materials", journey.materials.map((one) => one.code), (code) => listedName(journey.materials, code))],
    body: () => ({ applicant: { id_no: idNo(), region: desk.form.region }, subject_ref: journey.subject_ref, item_code: journey.item_code, channel: "window", materials: desk.form.materials.map((code) => ({ code, form: "original" })) }),
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
    body: () => ({ to_body: desk.form.to_body ?? one.handling_body, medium: desk.form.medium }),
  }),
  "return-custody": () => ({ ask: choices(say("return.why"), "reason", codes("back"), "back"), body: () => ({ reason_code: desk.form.reason }) }),
  "not-accept": (one) => ({ ask: [choices(say("turnaway.why"), "reason", codes("turnaway"), "turnaway"), h("p", { class: "hint" }, say("turnaway.remedies"))], body: () => ({ reason_code: desk.form.reason, remedies: codes("remedy"), ...(desk.form.reason === "not-our-power" ? { competent_body: one.handling_body } : {}) }) }),
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
function bodyChoice(one) {
  const known = offered()?.bodies ?? [{ body_uscc: one.handling_body, name_zh: named(desk.names.bodies[one.handling_body], one.handling_body) }];
  const chosen = desk.form.to_body ?? one.handling_body;
  return h("select", { id: "to-body", change: (event) => { desk.form.to_body = event.target.value; } }, known.map((body) => h("option", { value: body.body_uscc, selected: body.body_uscc === chosen }, named([body.name_zh, body.name_en ?? body.name_zh]))));
}

export function actForm(one, journey) {
  if (!desk.act || desk.act.closed || (desk.act.case_no ?? null) !== (one?.case_no ?? null)) return null;
  const { step } = desk.act;
  const { ask, body, ready } = FORMS[step](one, journey);
  return h("form", { id: "act-form", class: "note", submit: (event) => { event.preventDefault(); if (!ready || ready()) send(step, one, body()); } }, h("h3", {}, of("act", step)),
    !one && desk.error?.at === step && h("div", { class: "note bad", role: "alert", id: "error", tabindex: "-1" }, h("strong", {}, desk.error.sentence)), ask,
    h("div", { class: "row" }, h("button", { id: "act-send", disabled: desk.busy || (ready && !ready()) }, say("acts.send")), h("button", { type: "button", class: "quiet", click: () => { desk.act = null; draw(); find(`act-${step}`)?.focus(); } }, say("cancel"))));
}
