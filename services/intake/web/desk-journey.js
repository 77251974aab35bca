// One journey at the desk: its promise, where each case is, what can be done, and what happened.
import { alarm, dated, day, h, happened, lead, materialName, name, nth, of, say, steps, whyProvisional } from "/parts/page.js";
import { actButtons, actForm, begins } from "./desk-acts.js";
import { bodyName, desk, drawPanel, itemName, todayHere } from "./desk.js";
import { newForm } from "./desk-new.js";
import { beyond, recordCard, undo } from "./desk-record.js";
import { isBusy, isOver, present, standing, whom } from "./desk-turn.js";

export function journeyPanel() {
  if (!desk.open) return h("div", { class: "card later" }, h("h2", {}, say("desk.choose")), h("p", { class: "how" }, say("desk.choosehow")));
  if (desk.open === "new" && !desk.journey) return [newForm(), recordCard()];
  const journey = desk.journey;
  if (!journey) return h("div", { class: "card" }, desk.error ? h("div", { class: "note bad", role: alarm(desk.error) }, h("strong", {}, desk.error.sentence)) : h("p", { class: "loading" }, say("loading")));
  return [head(journey), issued(journey), recordCard(), ...journey.cases.map((one) => caseCard(one, journey)), journey.cases.length === 0 && !journey.outcome && h("div", { class: "card" }, h("h2", {}, say("acts.title")), actButtons(begins(journey), null), actForm(null, journey)), story(journey)].filter(Boolean);
}

function head(journey) {
  return h("div", { class: "card" }, h("h2", { id: "journey-title", tabindex: "-1" }, itemName(journey.item_code)), h("p", { class: "soft small" }, whom()), journey.outcome ? ended(journey) : promised(journey.promise));
}
function ended({ outcome, promise: { declared, experienced, kept } }) {
  return h("div", { class: `note ${kept ? "good" : "lived"}` }, h("strong", {}, of("over", outcome)), h("p", {}, declared === null ? say("promise.sofar", { n: experienced }) : say("promise.was", { declared, n: experienced })));
}
function promised({ declared, experienced, this_run: run }) {
  const isBeyond = beyond(), n = run ? nth(run) : "—";
  const title = declared === null ? say("promise.open", { n: run ?? "—" }) : say(isBeyond ? "promise.beyond" : "promise.within", { declared, n });
  return h("div", { class: `note ${isBeyond ? "lived" : "promised"}`, id: "promise" }, h("strong", {}, title), h("p", {}, isBeyond ? say("promise.saywhy") : say("promise.sofar", { n: experienced })));
}

/** The receipt is shown from the application on, and until the clerk has handed it out: nothing tells its code again. */
function issued(journey) {
  const receipt = desk.issued[journey.journey];
  if (!receipt) return null;
  const isReceived = Boolean(journey.cases.find((one) => one.case_no === receipt.case_no)?.received_at);
  return h("div", { class: `note ${isReceived ? "good" : "wait"}`, id: "issued", tabindex: "-1" }, h("strong", {}, say(isReceived ? "issued.title" : "issued.only")), h("p", {}, say("issued.how")),
    h("dl", {}, h("dt", {}, say("receipt")), h("dd", { class: "figure" }, receipt.receipt_no), receipt.code && h("dt", {}, say("code")), receipt.code && h("dd", { class: "figure" }, receipt.code)),
    isReceived && h("div", { class: "row" }, h("button", { type: "button", class: "second", id: "print", click: () => print() }, say("issued.print")), h("button", { type: "button", class: "second", id: "handed", click: () => { delete desk.issued[journey.journey]; drawPanel(); lead("journey-title"); } }, say("issued.handed"))));
}

function caseCard(one, journey) {
  const waits = one.next;
  const notice = one.notices.at(-1);
  return h("section", { class: "card", "aria-label": one.case_no }, h("div", { class: "row spread" }, h("h2", {}, say("case.title")), h("span", { class: "tag plain" }, of("situation", one.situation))), steps(one.situation),
    h("dl", {}, h("dt", {}, say("case.no")), h("dd", {}, one.case_no), h("dt", {}, say("case.route")), h("dd", {}, bodyName(one.receiving_body), " → ", bodyName(one.handling_body)), h("dt", {}, say("case.holder")), h("dd", {}, bodyName(one.holder_body)),
      waits && h("dt", {}, say("case.next")), waits && h("dd", {}, waits.step === "accept" ? say("case.accept") : of("next", waits.step), waits.body && [say("case.by"), bodyName(waits.body)], isHalted(one) ? say("case.stands", { kind: of("procedure", one.clock.halted.kind) }) : waits.due && say("case.until", { day: dated(waits.due, waits.provisional) }))), waits && !isHalted(one) && whyProvisional(waits.provisional),
    one.situation === "in-correction" && notice && h("div", { class: "note wait" }, h("strong", {}, say(notice.expired ? "notice.expired" : "notice.title", { day: day(notice.due) })), h("ul", {}, notice.missing.map((each) => h("li", {}, materialName(one.materials, each.code), " · ", of("missing", each.reason_code))))),
    desk.error?.at === one.case_no && h("div", { class: "note bad", role: alarm(desk.error), id: "error", tabindex: "-1" }, h("strong", {}, desk.error.sentence)),
    one.steps.length > 0 && !journey.outcome && [h("h3", {}, say("acts.title")), actButtons(one.steps, one)], desk.act?.case_no === one.case_no && actForm(one, journey));
}

/** While a special procedure goes on, the day that was promised is none. */
const isHalted = (one) => one.situation === "accepted" && Boolean(one.clock.halted);

function story(journey) {
  const stands = new Set(standing(journey)), isVoid = (entry) => entry.visit_id && !stands.has(entry.visit_id);
  return h("section", { class: "card", "aria-labelledby": "story-title" }, h("h2", { id: "story-title" }, say("story.title")), h("ol", { class: "story" }, [...journey.timeline].reverse().map((entry) => h("li", {},
    h("time", { datetime: entry.at }, happened(entry)), h("span", { class: isVoid(entry) ? "void" : null }, of("fact", entry.fact), detail(entry), !isVoid(entry) && takeOff(entry, journey))))));
}
/** A mistake of today at this venue can be taken off; later ones are for those who keep the record. */
function takeOff(entry, journey) {
  if (isOver(journey) || entry.fact !== "visit-recorded" || entry.venue_id !== desk.venue || entry.local_date !== todayHere()) return null;
  return [" ", h("button", { type: "button", class: "quiet", id: `undo-${entry.visit_id}`, disabled: isBusy(), click: () => undo(entry.visit_id, present()) }, say("record.undo"))];
}
function detail(entry) {
  if (entry.fact === "visit-recorded") return [" · ", name(desk.names.venues[entry.venue_id], entry.venue_id), ` · ${of("purpose", entry.purpose)} · ${of("outcome", entry.outcome)}`, entry.cause !== "normal" && ` · ${of("cause", entry.cause)}`];
  if (entry.fact === "custody-offered") return [" · ", bodyName(entry.from_body), " → ", bodyName(entry.to_body)];
  if (entry.fact === "decision-noted" || entry.fact === "journey-completed") return ` · ${of("over", entry.outcome)}`;
  if (entry.promised_due) return ` · ${say("desk.until", { day: day(entry.promised_due) })}`;
  return null;
}
