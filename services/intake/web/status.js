// Where is my case? With the receipt number and the code: the state, who has it, what comes next, and my runs.
import { about, get, post } from "/parts/ask.js";
import { dated, day, fill, find, frame, h, happened, listed, materialName, moment, name, named, newest, of, say, spelled, steps, told, whyProvisional } from "/parts/page.js";

const EVERY_MS = 20_000;
/** A receipt is written in letters and the digits 2 to 7, so that what looks like a letter was meant as one. */
const LETTERS = { 0: "O", 1: "I", 8: "B" };
const FORM = { receipt: /^[A-Z0-9_.:/-]{1,64}$/, code: /^[0-9]{1,16}$/ };
const asked = handed();
const place = await about();
const shown = place.demo ? await get("/v1/status/examples").catch(() => null) : null;
let found = null;
let problem = null;
/** Why what is shown may be old, and when it was read. */
let behind = null, foundAt = null;
const question = newest();
let telling = false;

/** What a link hands over, as the one on a receipt does. */
function handed() {
  const given = new URLSearchParams(location.hash.slice(1));
  return { receipt: given.get("receipt") ?? "", code: given.get("code") ?? "" };
}
/** Show the case of a link, and keep its code out of what the browser remembers. */
async function follow() {
  const given = handed();
  if (!given.receipt || !given.code) return;
  Object.assign(asked, given);
  history.replaceState(null, "", location.pathname);
  found = null;
  draw();
  Object.assign(find("receipt"), { value: asked.receipt });
  Object.assign(find("code"), { value: asked.code });
  await look();
}
async function look(event) {
  event?.preventDefault();
  const still = question();
  for (const field of Object.keys(FORM)) asked[field] = spelled(find(field).value);
  asked.receipt = asked.receipt.replaceAll(/[018]/g, (digit) => LETTERS[digit]);
  problem = null;
  const missing = Object.keys(FORM).find((field) => !FORM[field].test(asked[field]));
  if (missing) problem = { field: missing, get sentence() { return say(`status.missing.${missing}`); } };
  else await read(still);
  if (!still()) return;
  draw();
  (found && !problem ? find("answer") : find("error"))?.focus();
}
async function read(still) {
  try {
    const answer = await post("/v1/status", { receipt_no: asked.receipt, code: asked.code });
    // Whoever came next on a shared screen must not be shown the case of whoever was here before.
    if (still()) [found, behind, foundAt] = [answer, null, Date.now()];
  } catch (failed) {
    if (!still()) return;
    // What was read before stays, and says that it may be old; also after too many wrong codes.
    behind = found !== null && (failed.mayPass || failed.status === 429) ? failed : null;
    if (!behind) [found, problem] = [null, failed];
  }
}
/** Put a case away with its receipt and its code, and whatever answer about it is still on its way. */
function another() {
  question();
  Object.assign(asked, { receipt: "", code: "" });
  found = problem = null;
  draw();
  find("receipt").focus();
}

function form() {
  const wrong = (field) => (problem?.field === field ? "true" : null);
  return h("form", { class: "card", submit: look, novalidate: true },
    problem && h("div", { class: "note bad", id: "error", role: "alert", tabindex: "-1" }, h("strong", {}, problem.sentence)),
    h("div", { class: "field" }, h("label", { for: "receipt" }, say("receipt")), h("p", { class: "hint", id: "receipt-hint" }, say("status.receipthow")), h("input", { type: "text", id: "receipt", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "64", "aria-describedby": "receipt-hint", "aria-invalid": wrong("receipt"), value: find("receipt")?.value ?? asked.receipt })),
    h("div", { class: "field" }, h("label", { for: "code" }, say("code")), h("p", { class: "hint", id: "code-hint" }, say("status.codehow")), h("input", { type: "text", id: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "16", "aria-describedby": "code-hint", "aria-invalid": wrong("code"), value: find("code")?.value ?? asked.code })),
    h("button", { id: "look", class: "wide" }, say("status.look")));
}

/** On a demonstration nobody holds a receipt. */
function examples() {
  if (!shown?.examples.length) return null;
  const region = (code) => named(shown.names.regions[code], code);
  const take = (one) => { location.hash = `receipt=${one.receipt_no}&code=${one.code}`; };
  return h("section", { class: "card", "aria-labelledby": "examples" }, h("h2", { id: "examples" }, say("status.examples"), " ", h("span", { class: "badge" }, say("demo"))), h("p", { class: "how" }, say("status.exampleshow")),
    h("ul", { class: "list" }, shown.examples.map((one) => h("li", {}, h("button", { type: "button", class: "pick", id: `example-${one.receipt_no}`, click: () => take(one) }, h("span", { class: "t" }, h("span", {}, name(shown.names.items[one.item_code], one.item_code))), h("span", { class: "s" }, region(one.receiving_region), " → ", region(one.handling_region), " · ", of("situation", one.situation)))))));
}

const body = (code) => name(found.names.bodies[code], code);
const venue = (code) => name(found.names.venues[code], code);

/** Where it is now, in one line. */
function headline() { return say(`status.now.${found.situation}`, { outcome: of("over", found.outcome) }); }
function answer() {
  if (!found) return null;
  return [h("section", { class: "card", "aria-labelledby": "answer" }, h("p", { class: "soft small" }, name(found.names.items[found.item_code], found.item_code)),
    h("h2", { id: "answer", tabindex: "-1" }, headline()), steps(found.situation),
    behind && h("div", { class: "note wait" }, h("strong", {}, behind.meanwhile), h("p", {}, say("trouble.since", { t: moment(foundAt) })))), why(), bring(), halted(), where(), promise(), messages(), story()];
}
/** Why it was turned away or refused, and what may be done about it. */
function why() {
  const [family, told] = found.refusal ? ["refusal", found.refusal] : found.situation === "not-accepted" ? ["turnaway", { ...found, reason_codes: [found.reason_code] }] : [null, null];
  return told && h("section", { class: "note lived", id: "why" }, h("strong", {}, say("status.why", { v: listed(told.reason_codes.map((code) => of(family, code))) })),
    told.competent_body && h("p", {}, say("status.competent"), body(told.competent_body)), h("p", {}, say("status.remedies", { v: listed(told.remedies.map((code) => of("remedy", code))) }), " ", told.remedies.includes("reconsideration") && say("status.within")));
}
function bring() {
  if (!found.correction) return null;
  return h("section", { class: "note lived" }, h("strong", {}, say(found.correction.expired ? "status.bringlate" : "status.bring", { day: day(found.correction.due) })), h("ul", {}, found.correction.missing.map((one) => h("li", {}, materialName(found.materials, one.code), " · ", of("missing", one.reason_code)))), h("p", {}, say(found.correction.ordinal > 1 ? "status.bringagain" : "status.bringhow")),
    h("p", { id: "bring-to" }, say("status.bringto"), counters(), found.online && say("status.bringonline")));
}
/** Who deals with the applicant: the body that it was handed in at, and the one that it is at now. */
function counters() {
  const at = (city, one) => [named(found.names.regions[city], city), " · ", body(one)];
  const now = at(found.holder_city, found.holder_body);
  return found.receiving_body === found.holder_body ? now : [at(found.receiving_city, found.receiving_body), say("status.or"), now];
}
function halted() {
  const stops = found.situation === "accepted" ? found.clock.halted : null;
  return stops && h("section", { class: "note wait", id: "halted" }, h("strong", {}, say("status.halted", { kind: of("procedure", stops.kind) })), h("p", {}, say("status.haltedsince", { day: moment(stops.since), n: stops.expected_wd })), h("p", {}, say("status.haltedhow")));
}
/** How the promised day moved: from which to which, and what for. */
function moved() {
  const why = (move) => move.fact === "special-procedure-ended" ? say("status.after.procedure", { kind: of("procedure", move.reason) }) : move.fact === "time-limit-extended" ? say("status.after.extension", { n: move.days, why: of("extension", move.reason) }) : say("status.after.calendar");
  return found.clock.moves.length > 0 && [h("dt", {}, say("status.moved")), h("dd", { id: "moved" }, found.clock.moves.map((move) => h("div", {}, say("status.fromto", { was: day(move.was), is: day(move.is) }), why(move))))];
}
function messages() {
  const line = (one) => h("li", {}, h("time", { datetime: one.at }, moment(one.at)), h("span", {}, of("message", one.template), " · ", of("by", one.channel), " · ", of("sending", one.state)));
  return h("section", { class: "card", id: "messages", "aria-labelledby": "messages-title" }, h("h2", { id: "messages-title" }, say("status.messages")),
    found.messages.length ? h("ol", { class: "story" }, found.messages.map(line)) : h("p", { class: "how" }, say("status.nomessages")));
}
function where() {
  const next = found.next;
  return h("section", { class: "card" }, h("h2", {}, say("status.where")), h("dl", {}, h("dt", {}, say("status.holder")), h("dd", { id: "holder" }, named(found.names.regions[found.holder_city], found.holder_city), " · ", body(found.holder_body)), found.handling_body !== found.holder_body && [h("dt", {}, say("status.decides")), h("dd", {}, body(found.handling_body))],
    next && [h("dt", {}, say("case.next")), h("dd", {}, of("mynext", next.step), next.body && next.body !== found.holder_body && [say("case.by"), body(next.body)]), h("dt", {}, say("status.bywhen")), h("dd", { id: "by-when" }, lastDay(next))], next?.step === "deliver" && [h("dt", {}, say("status.collect")), h("dd", { id: "collect" }, counters())], moved(),
    h("dt", {}, say("case.no")), h("dd", {}, found.case_no), h("dt", {}, say("status.changed")), h("dd", {}, moment(found.changed_at))));
}
/** By when at the latest; a day that is over is no promise any more, and says what one can do. */
function lastDay({ step, due, provisional }) {
  if (found.clock.halted && found.situation === "accepted") return say("status.stands");
  if (!due) return say("status.nodate");
  if (due >= found.today) return [dated(due, provisional), whyProvisional(provisional)];
  return step === "bring" ? say("status.bringover", { day: day(due) }) : [h("strong", {}, say("status.dueover", { day: day(due) })), h("div", {}, say("status.dueoverhow"))];
}
function promise() {
  const { declared, experienced, kept, runs } = found.promise;
  const over = found.situation === "delivered";
  const word = declared === null ? "status.nopromise" : kept ? (over ? "status.kept" : "status.sofar") : "status.broken";
  return h("section", { class: "card" }, h("h2", {}, say("status.runs")), h("div", { class: `note ${kept ? (over ? "good" : "promised") : "lived"}` }, h("strong", {}, say(word, { declared, n: experienced }))),
    runs.length > 0 && h("ol", { class: "story" }, runs.map((run) => h("li", {}, h("time", { datetime: run.local_date }, day(run.local_date)), h("span", {}, venue(run.venue_id), run.cause !== "normal" && ` · ${of("mycause", run.cause)}`)))));
}
function story() {
  return h("details", { class: "card", open: telling, toggle: (event) => { telling = event.target.open; } }, h("summary", { id: "story" }, say("story.title")), h("ol", { class: "story" }, [...found.timeline].reverse().map((entry) => h("li", {}, h("time", { datetime: entry.at }, happened(entry)), h("span", {}, of("fact", entry.fact), entry.venue_id && [" · ", venue(entry.venue_id)], entry.to_body && [" → ", body(entry.to_body)])))));
}

function draw() {
  fill(find("main"), h("h1", {}, say("status.title")), found ? null : [h("p", { class: "how" }, say("status.how")), form(), examples()], answer(), found && h("button", { type: "button", class: "second wide", id: "another", click: another }, say("status.another")),
    h("p", { class: "onward" }, h("a", { id: "to-guide", href: "/guide.html" }, say("status.toguide"))));
}

frame("status.title", { about: place, draw });
await follow();
addEventListener("hashchange", follow);
setInterval(async () => {
  if (!found || document.hidden) return;
  const before = JSON.stringify([found, behind]);
  const { situation } = found;
  await read(question());
  if (JSON.stringify([found, behind]) === before) return;
  draw();
  if (found && found.situation !== situation) told(say("status.turned", { now: headline() }));
}, EVERY_MS);
