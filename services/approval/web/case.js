// One case before the officer: its clock, what stops it, and the decision with its reasons and remedies.
import { get, post, tell } from "/parts/ask.js";
import { allBut, chooser, objects } from "/parts/chooser.js";
import { alarm, codes, dated, day, find, h, lead, listed, moment, of, say, told, whyProvisional } from "/parts/page.js";
import { bodyName, drawPanel, ended, incoming, inFront, isMine, isSuspended, itemName, left, list, lookAt, read, readSoon, row, standsAs, untilThen } from "./worklist.js";

/** How a machine word is spelled: a document's number. */
const CODE = "[A-Za-z0-9][A-Za-z0-9_.:\\/\\-]*";
/** What ends a case; it is done once, by whoever was first. */
const ENDS = new Set(["decide", "withdraw-case"]);
/** The nearest of the bodies that decide anything, and how many there are, once somebody needed one; or why they could not be read. */
let bodies = null, unread = null, isAsked = false;

export function casePanel() {
  if (!list.open) return h("div", { class: "card later" }, h("h2", {}, say("list.choose")), h("p", { class: "how" }, say("list.choosehow")));
  const one = row(list.open);
  if (!one) return list.other ? over(list.other) : h("div", { class: "card" }, h("p", { class: "loading" }, say("loading")));
  return h("article", { class: "card" }, h("h2", { id: "case-title", tabindex: "-1" }, itemName(one.item_code)),
    isSuspended(one) && h("div", { class: "note wait" }, h("strong", {}, say("case.suspended", { kind: of("procedure", one.procedure) })), h("p", {}, say("case.since", { day: moment(one.suspended_since), n: one.expected_wd ?? say("unknown") })), one.basis && h("p", {}, of("basis", one.basis))),
    one.card && h("div", { class: `note ${one.card === "red" ? "bad" : "wait"}` }, h("strong", {}, of("card", one.card)), h("p", {}, say(one.extended_wd && one.card !== "red" ? "case.card.before" : `case.card.${one.card}`))),
    h("dl", {}, h("dt", {}, say("case.no")), h("dd", {}, one.case_no), limits(one), one.extended_wd && [h("dt", {}, say("case.extended")), h("dd", {}, say("case.extendedby", { n: one.extended_wd }))], h("dt", {}, say("case.accepted")), h("dd", {}, moment(one.accepted_at))),
    !isSuspended(one) && whyProvisional(one.promised_provisional ?? one.statutory_provisional), problem(), acts(one));
}
/** Until when; while its clock is stopped, the days that it was due on are none. */
function limits(one) {
  if (isSuspended(one)) return [h("dt", {}, say("case.limits")), h("dd", {}, say("case.stopped"))];
  return [h("dt", {}, say("case.left")), h("dd", {}, left(one)), h("dt", {}, say("case.promised")), h("dd", {}, dated(one.promised_due, one.promised_provisional)), h("dt", {}, say("case.statutory")), h("dd", {}, dated(one.statutory_due, one.statutory_provisional))];
}
function problem() {
  if (!list.error) return null;
  return h("div", { class: "note bad", role: alarm(list.error), id: "error", tabindex: "-1" }, h("strong", {}, list.error.sentence));
}
/** A case that is no longer undecided: whoever was first is shown with what they decided. */
function over(one) {
  const mine = isMine(one), family = one.situation === "withdrawn" ? "withdrawal" : "refusal";
  return h("article", { class: "card" }, h("h2", { id: "case-title", tabindex: "-1" }, itemName(one.item_code)),
    h("div", { class: `note ${mine ? "good" : "lived"}`, id: "decision" }, h("strong", {}, ended(one)),
      one.document_no && h("p", {}, say("decided.document", { v: one.document_no })), one.officer_ref && !mine && h("p", {}, say(one.decided_at ? "decided.officer" : "withdrawn.by", { ref: one.officer_ref.slice(0, 8) })),
      one.reason_codes?.length > 0 && h("p", {}, say("decided.reasons", { v: listed(one.reason_codes.map((code) => of(family, code))) })), one.remedies?.length > 0 && h("p", {}, say("decided.remedies", { v: listed(one.remedies.map((code) => of("remedy", code))) }))),
    h("dl", {}, h("dt", {}, say("case.no")), h("dd", {}, one.case_no)));
}

function acts(one) {
  const button = (act, second) => h("button", { type: "button", id: `act-${act}`, class: second ? "second" : null, "aria-expanded": String(list.act === act), disabled: isBusy(), click: () => begin(act, one) }, say(`case.act.${act}`));
  return [h("div", { class: "row" }, isSuspended(one) ? button("end") : [button("decide"), button("start", true), mayExtend(one) && button("extend", true)], button("withdraw", true)), list.act === "decide" && decideForm(one), list.act === "start" && startForm(one), list.act === "extend" && extendForm(one), list.act === "end" && endForm(one), list.act === "withdraw" && withdrawForm(one)];
}
function begin(act, one) {
  list.act = list.act === act ? null : act;
  list.form = act === "decide" ? { document_no: documentNo(one), remedies: codes("remedy"), reasons: [] } : {};
  list.error = null;
  drawPanel();
  document.querySelector("#act-form input")?.focus();
}
function documentNo(one) { return `${(list.who.region ?? "0").slice(0, 6)}-${list.desk.today.replaceAll("-", "")}-${one.case_no.slice(-6)}`; }

const isBusy = () => list.busy.has(inFront());
/** Ask for a change of the case in front of the officer, who may have turned to another one when the answer comes. */
async function send(command, body, done) {
  const one = inFront();
  if (isBusy()) return;
  list.busy.add(one);
  list.error = null;
  drawPanel();
  const { refused, status } = await tell(command, body).catch((problem) => ({ refused: problem }));
  list.busy.delete(one);
  // The same end twice is one: if another officer's was first, she is told so.
  const first = ENDS.has(command) && status === "duplicate" ? await endedByAnother(one) : null;
  if (inFront() !== one) return elsewhere(one, refused?.sentence ?? first ?? done);
  return refused ? objected(one, refused) : applied(one, first ?? done);
}
async function endedByAnother(one) {
  const found = await get(`/v1/cases/${encodeURIComponent(one)}`).catch(() => null);
  return found?.officer_ref && !isMine(found) ? ended(found) : null;
}
async function applied(one, done) {
  list.act = null;
  told(done);
  if (list.open) await lookAt(one);
  await read();
  if (inFront() !== one) return;
  drawPanel();
  lead("case-title");
  if (!list.open) readSoon();
}
async function objected(one, problem) {
  list.error = problem;
  // Whoever lost the race sees who won it, instead of an error alone.
  if (problem.rule === "already-decided" || problem.rule === "already-withdrawn") await read();
  if (inFront() !== one) return;
  drawPanel();
  (find("decision") ? find("case-title") : find("error"))?.focus();
}
/** What is in front of the officer now stays as it is; the other case is named. */
function elsewhere(one, text) {
  told(say("list.about", { no: one.slice(-18), text }));
  return readSoon();
}

const radio = (legend, field, values, family) => h("fieldset", {}, h("legend", {}, legend), h("div", { class: "choices" }, values.map((value) => h("label", { class: "choice" }, h("input", { type: "radio", name: field, id: `${field}-${value}`, value, required: true, checked: list.form[field] === value, change: () => { list.form[field] = value; drawPanel(); } }), of(family, value)))));
function ticks(legend, hint, field, values, family) {
  const flip = (value) => { list.form[field] = list.form[field].includes(value) ? list.form[field].filter((each) => each !== value) : [...list.form[field], value]; drawPanel(); };
  return h("fieldset", {}, h("legend", {}, legend), h("p", { class: "hint" }, hint), values.map((value) => h("label", { class: "choice line" }, h("input", { type: "checkbox", id: `${field}-${value}`, value, checked: list.form[field].includes(value), change: () => flip(value) }), of(family, value))));
}
function form(title, ready, submit, ...ask) {
  return h("form", { id: "act-form", class: "note", submit: (event) => { event.preventDefault(); if (ready && !objects("competent")) submit(); } }, h("h3", {}, title), ask, h("div", { class: "row" }, h("button", { id: "act-send", disabled: isBusy() || !ready }, say("acts.send")), h("button", { type: "button", class: "quiet", click: () => { const { act } = list; list.act = null; drawPanel(); find(`act-${act}`)?.focus(); } }, say("cancel"))));
}
function decideForm(one) {
  const { outcome, document_no: document, reasons, remedies } = list.form;
  const refused = outcome === "refused";
  const ready = outcome && (!refused || (reasons.length && remedies.length));
  // What was typed since this was drawn counts, so the document number is read when it is sent.
  return form(say("case.act.decide"), ready, () => send("decide", { case_no: one.case_no, outcome, document_no: list.form.document_no, ...(refused ? { reason_codes: reasons, remedies } : {}) }, say("decide.done", { outcome: of("over", outcome) })),
    radio(say("decide.outcome"), "outcome", ["granted", "refused"], "over"),
    h("div", { class: "field" }, h("label", { for: "document" }, say("decide.document")), h("p", { class: "hint", id: "document-hint" }, say("decide.documenthow")), h("input", { type: "text", id: "document", required: true, pattern: CODE, maxlength: "64", "aria-describedby": "document-hint", value: document ?? "", input: (event) => { list.form.document_no = event.target.value.trim(); } })),
    refused && ticks(say("decide.reasons"), say("decide.reasonshow"), "reasons", codes("refusal"), "refusal"), refused && ticks(say("decide.remedies"), say("decide.remedieshow"), "remedies", codes("remedy"), "remedy"));
}
function startForm(one) {
  const { kind, expected = "5" } = list.form;
  return form(say("case.act.start"), kind, () => send("start-special-procedure", { case_no: one.case_no, kind, basis: codes("basis")[0], expected_wd: Number(list.form.expected ?? expected) }, say("start.done")),
    h("p", { class: "hint" }, say("start.how")), radio(say("start.kind"), "kind", codes("procedure"), "procedure"),
    h("div", { class: "field" }, h("label", { for: "expected" }, say("start.expected")), h("input", { type: "number", id: "expected", required: true, min: "1", max: "365", value: expected, input: (event) => { list.form.expected = event.target.value; } })));
}
/** Once, before the time is over, and by the head of the body. */
function mayExtend(one) { return list.who.head && !one.extended_wd && list.desk.today <= one.promised_due; }
function extendForm(one) {
  const { why, days = "5" } = list.form;
  const go = () => send("extend", { case_no: one.case_no, days: Number(list.form.days ?? days), reason_code: why }, say("extend.done", { n: list.form.days ?? days }));
  return form(say("case.act.extend"), why, go, h("p", { class: "hint" }, say("extend.how")), radio(say("extend.why"), "why", codes("extension"), "extension"),
    h("div", { class: "field" }, h("label", { for: "days" }, say("extend.days")), h("input", { type: "number", id: "days", required: true, min: "1", max: "10", value: days, input: (event) => { list.form.days = event.target.value; } })));
}
function endForm(one) {
  return form(say("case.act.end"), list.form.result, () => send("end-special-procedure", { case_no: one.case_no, result: list.form.result }, say("end.done")), radio(say("end.result"), "result", codes("result"), "result"));
}
/** Its applicant can no longer take an accepted case back, neither online nor at a window: whoever handles it enters that. */
function withdrawForm(one) {
  const { why } = list.form;
  return form(say("case.act.withdraw"), why, () => send("withdraw-case", { case_no: one.case_no, reason_code: why }, say("withdraw.done")), h("p", { class: "hint" }, say("withdraw.how")), radio(say("withdraw.why"), "why", codes("withdrawal"), "withdrawal"));
}

/** A case on its way to us: offered, or taken and not accepted yet. Intake decides; it is asked under the officer's own name. */
export function incomingPanel() {
  const one = incoming(list.incoming);
  if (!one) return h("div", { class: "card" }, h("h2", { id: "case-title", tabindex: "-1" }, say("incoming.gone")), h("p", { class: "how" }, say("incoming.gonehow")));
  const at = { case_no: one.case_no }, stands = standsAs(one);
  const how = !one.answer_by ? one.clock : stands === "taken" && !one.may_accept ? "passon" : stands;
  const go = (command, body, done, second) => h("button", { type: "button", id: `act-${command}`, class: second ? "second" : null, disabled: isBusy(), click: () => send(command, { ...at, ...body }, say(done)) }, of("act", command));
  const asking = (command) => h("button", { type: "button", id: `act-${command}`, class: "second", "aria-expanded": String(list.act === command), disabled: isBusy(), click: () => { list.act = list.act === command ? null : command; list.form = {}; if (!isAsked) bodies = unread = null; drawPanel(); } }, of("act", command));
  return h("article", { class: "card" }, h("h2", { id: "case-title", tabindex: "-1" }, itemName(one.item_code)), problem(),
    h("div", { class: `note ${stands === "waiting" ? "wait" : "promised"}` }, h("strong", {}, say(`incoming.${stands}`)), h("p", {}, say(`incoming.${how}how`, { day: dated(one.answer_by, one.provisional) })), stands === "offered" && one.correction_due && h("p", {}, say("incoming.alsowaits", { day: day(one.correction_due) }))),
    h("dl", {}, h("dt", {}, say("case.no")), h("dd", {}, one.case_no), one.answer_by && [h("dt", {}, say("case.left")), h("dd", {}, untilThen(one.answer_by, one.working_days_left))], h("dt", {}, say("list.from")), h("dd", {}, bodyName(one.from_body)), h("dt", {}, say("offer.medium")), h("dd", {}, of("medium", one.medium)), h("dt", {}, say("incoming.at")), h("dd", {}, moment(one.offered_at))), whyProvisional(one.provisional),
    h("div", { class: "row" }, one.taken_at ? [one.may_accept && go("accept", {}, "incoming.accepted"), asking("not-accept")] : [go("accept-custody", { handover_no: one.handover_no }, "incoming.took"), asking("return-custody")]),
    list.act === "return-custody" && form(of("act", "return-custody"), list.form.reason, () => send("return-custody", { ...at, handover_no: one.handover_no, reason_code: list.form.reason }, say("incoming.returned")), radio(say("return.why"), "reason", codes("back"), "back")),
    list.act === "not-accept" && turnAwayForm(one));
}
/** Whoever has not the power says who has (Licensing Law, Article 32(1)(2)), as far as she knows. */
function turnAwayForm(one) {
  const { reason, competent } = list.form, isElsewhere = reason === "not-our-power";
  const go = () => send("not-accept", { case_no: one.case_no, reason_code: reason, remedies: codes("remedy"), ...(isElsewhere && competent ? { competent_body: competent } : {}) }, say("incoming.turned"));
  return form(of("act", "not-accept"), reason, go, radio(say("turnedaway.why"), "reason", codes("turnaway").filter((code) => code !== "not-corrected" || one.correction_due < list.desk.today), "turnaway"), isElsewhere && competentChoice(one), h("p", { class: "hint" }, say("turnedaway.remedies")));
}
function competentChoice(one) {
  if (unread) return h("div", { class: "note wait", role: alarm(unread) }, h("strong", {}, unread.sentence), h("p", {}, say("turnedaway.unread")), h("button", { type: "button", class: "second", id: "again", click: readAgain }, say("again")));
  if (!bodies) { readBodies(); return h("p", { class: "loading" }, say("loading")); }
  // Nobody turns a case away to themselves.
  const others = allBut(one.to_body);
  const take = (code, body) => { Object.assign(list.form, { competent: code, body }); drawPanel(); };
  return h("div", { class: "field" }, h("label", { for: "competent" }, say("turnedaway.competent")), chooser("competent", { name: "competent", field: say("turnedaway.competent"), blank: "turnedaway.unknown", ...others(bodies), seek: (text) => seekBodies(text).then(others), value: list.form.competent ?? "", chosen: list.form.body, typed: (list.form.typed ??= {}), change: take }));
}
/** The bodies that decide anything and that a text leaves, those nearby first; their names say where they are. */
function seekBodies(text) {
  return post("/v1/bodies", { text }).then(({ bodies: found, count }) => ({ count, choices: found.map((one) => ({ code: one.body, names: one.name })) }));
}
/** Asked for once however often the form is drawn; without an answer the applicant is turned away without a name. */
async function readBodies() {
  if (isAsked) return;
  isAsked = true;
  try { [bodies, unread] = [await seekBodies(""), null]; } catch (problem) { unread = problem; }
  isAsked = bodies?.choices.length > 0;
  if (list.act === "not-accept") drawPanel();
}
async function readAgain() {
  await readBodies();
  // Whoever went on meanwhile is led nowhere.
  if (document.activeElement === find("main")) lead("competent");
}
