// Evidence: from a number to the journeys, hand-overs or items behind it, to their events, and to the bytes; counted again on request.
import { about, get, leave, Problem, staff } from "/parts/ask.js";
import { today } from "/parts/days.js";
import { find, frame, h, lead, moment, named, number, redraw, say, signedIn, told } from "/parts/page.js";
import { rowHead, span, table, whole } from "/parts/tables.js";
import { begin, cuts, filtered, FIRST_DAY, fixed, inUnit, isFew, learn, own, parts, sorry, warning, word } from "./charts.js";
import { itemCard, journeyCard, regions } from "./journey.js";

const [place, me] = await Promise.all([about(), staff()]);
const query = new URLSearchParams(location.search);
if (!query.get("figure")) query.set("figure", "F4");
const SLICE = ["region", "basic", "item", "channel", "from", "to", "known_at", "layer", "pair", "cause", "home", "axis"], PLAIN = { layer: "all", axis: "occurred" };
let names = null, first = null, rows = [], next = null, looked = 0, counting = null, shown = null, problem = null, missed = null, busy = false;
// Which question this is: what was asked for an earlier one answers nobody any more.
let turn = 0, opening = null, leaving = null;

const asked = () => { const made = new URLSearchParams(query); made.delete("journey"); made.delete("lang"); return made; };
const region = (code) => regions(names)(code);
const item = (code) => named(word(names.items[code]), code ?? say("unknown"));

const isCounting = () => counting !== null && counting.equal === undefined && !counting.failed;
async function load() {
  const mine = turn;
  busy = true;
  problem = null;
  draw();
  try {
    const wanted = asked();
    if (next) wanted.set("after", next);
    const [known, page] = await Promise.all([names ?? begin("regions,basics,channels"), get(`/v1/evidence?${wanted}`)]);
    names ??= known;
    learn(names, page);
    if (mine !== turn) return;
    first ??= page;
    rows = rows.concat(page.rows);
    next = page.next;
    looked += page.looked_at ?? 0;
    // Its bytes may take a while, and the figure waits for none of them.
    if (!opening && query.get("journey")) open(query.get("journey"), false);
  } catch (failed) { if (mine === turn) problem = failed; }
  if (mine !== turn) return;
  busy = false;
  draw();
  // A stretch in which nothing was found is no answer yet: go on until there is one.
  if (!problem && next && rows.length === 0) await load();
}
/** F1 rests on items, a median on single hand-overs, all else on journeys. */
const onItems = () => first.figure === "F1";
const measure = () => first.definition.readings.find((one) => one.code === first.reading);
const onHandovers = () => !measure().adds_up;
/** What a value was made of. */
const made = (value) => (measure().unit === "seconds" ? `${span(value.value)} · ${say("custody.taken", { n: whole(value.denominator) })}` : parts(value));
async function open(journey, chosen = true) {
  opening = journey;
  missed = null;
  if (chosen) told(say("evidence.reads"));
  try {
    const known = !onItems() && query.get("known_at") ? `?known_at=${query.get("known_at")}` : "";
    const found = await get(`/v1/evidence/${onItems() ? "items" : "journeys"}/${encodeURIComponent(journey)}${known}`);
    if (opening !== journey) return;
    shown = learn(names, found);
    query.set("journey", journey);
    history.replaceState(null, "", `?${query}`);
  } catch (failed) {
    if (opening !== journey) return;
    missed = failed;
  }
  draw();
  if (chosen && !missed) lead("journey-title");
}
async function again(changes) {
  const held = document.activeElement?.id;
  for (const [key, value] of Object.entries(changes)) if (value) query.set(key, value); else query.delete(key);
  for (const key of ["journey", "rule"]) query.delete(key);
  history.replaceState(null, "", `?${query}`);
  [first, rows, next, looked, counting, shown, opening, missed] = [null, [], null, 0, null, null, null, null];
  turn += 1;
  leaving?.abort();
  await load();
  if (document.activeElement === find("main")) find(held)?.focus();
}
async function more() {
  if (busy) return;
  await load();
  if (document.activeElement === find("main")) find("list-title").focus();
}

/** Count again from the stored bytes, and say after every stretch how far it is. */
async function recount() {
  if (isCounting()) return;
  const mine = turn;
  leaving = new AbortController();
  counting = { looked_at: 0, of: 0, journeys: 0, events: 0 };
  draw();
  try {
    const answer = await fetch(`/v1/recount/progress?${asked()}`, { credentials: "same-origin", cache: "no-store", signal: leaving.signal });
    if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (mine !== turn) return;
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) counting = JSON.parse(line);
      draw();
    }
    // What was counted again is what the board says by now; life may have gone on since the page was opened.
    if (counting.projected) first.total = counting.projected;
    if (counting.equal === undefined && !counting.failed) counting.failed = { get sentence() { return say("recount.broke"); } };
  } catch (failed) {
    if (mine !== turn) return;
    counting = { failed: failed instanceof Problem ? failed : new Problem(0) };
  }
  draw();
}
/** How far the recount is, for eyes alone; what comes of it is said aloud too. */
const far = () => say(onItems() ? "recount.faritems" : "recount.far", { n: whole(counting.looked_at), d: whole(counting.of), j: whole(counting.journeys), e: whole(counting.events), s: fixed((counting.took_ms ?? 0) / 1000, 1) });
function result() {
  const { failed, equal, projected, recounted } = counting;
  if (failed) return h("div", { class: "note bad" }, failed.sentence ? sorry(failed) : h("strong", {}, named(word(failed))));
  return h("div", { class: `note ${equal ? "good" : "bad"}`, id: "recounted" }, h("strong", {}, say(equal ? "recount.same" : "recount.differs")), h("p", {}, say("recount.both", { a: made(projected), b: made(recounted) })), h("p", {}, far()));
}

/** The filters of the question that cut anything. */
const cutting = () => SLICE.filter((key) => first.slice[key] && first.slice[key] !== PLAIN[key]);
/** The readings that all of them cut. */
const offered = () => first.definition.readings.filter((one) => one.code === first.reading || cutting().every((key) => cuts(one, key)));
function head() {
  const figure = first.definition, reading = measure();
  const link = `${location.origin}/evidence.html?${first.permalink.query}`;
  const chips = cutting().map((key) => h("span", { class: "tag plain" }, say(`slice.${key}`), " ", filtered(names, key, first.slice[key])));
  return h("div", { class: "card" }, h("h2", { id: "figure" }, `${first.figure} · `, named(word(figure.name))), h("p", { class: "how" }, named(word(figure.question)), " ", say("evidence.day", { d: named(word(figure.day_means)) })),
    h("div", { class: "field" }, h("label", { for: "reading" }, say("evidence.reading")), h("select", { id: "reading", change: (event) => again({ reading: event.target.value }) }, offered().map((one) => h("option", { value: one.code, selected: one.code === first.reading }, named(word(one.name)))))),
    h("div", { class: "filters" }, dated("to", "past.to"), dated("known_at", "slice.known_at")),
    h("p", { class: "big" }, first.total.denominator === null ? whole(first.total.value) : inUnit(reading.unit, first.total.value), " ", first.total.denominator === null ? null : h("small", { class: "soft" }, reading.unit === "seconds" ? say("custody.taken", { n: whole(first.total.denominator) }) : parts(first.total), isFew(first.total) ? ` · ${say("few")}` : null)),
    h("p", { class: "row" }, chips, h("span", { class: "tag plain" }, say("evidence.rule"), " ", first.rule)),
    h("div", { class: "row" }, h("button", { type: "button", id: "recount", click: recount, "aria-disabled": isCounting() && "true" }, say("recount.act")),
      h("button", { type: "button", class: "second", id: "keep", click: copy }, say("evidence.keep")), h("a", { class: "button second", href: `/past.html?${asked()}` }, say("evidence.past")), h("a", { href: `/v1/evidence?${asked()}` }, say("take.json"))),
    h("p", { class: "soft small" }, say(first.permalink.closed ? "evidence.closed" : "evidence.open"), " ", h("a", { id: "permalink", href: link }, say("evidence.link"))), isCounting() && h("label", {}, far(), h("progress", { max: counting.of || 1, value: counting.looked_at })));
}
/** The two axes of time: up to which day, and as known on which one. */
function dated(key, label) {
  return h("label", {}, say(label), h("input", { type: "date", id: `f-${key}`, name: key, value: first.slice[key] ?? "", min: FIRST_DAY, max: today(), change: (event) => { if (event.target.checkValidity()) again({ day: "", [key]: event.target.value }); } }));
}
async function copy() {
  try { await navigator.clipboard.writeText(find("permalink").href); told(say("evidence.copied")); } catch { find("permalink").focus(); told(say("evidence.copyit")); }
}
const opener = (id, journey) => rowHead(h("button", { type: "button", class: "quiet", id, click: () => open(journey) }, h("span", { class: "nobr" }, journey.slice(0, 8), "…")));
const cell = (text) => h("td", { class: "t" }, text);
const LISTS = {
  items: { title: "evidence.items", heads: ["evidence.item", "evidence.region", "evidence.declared", "evidence.from", "evidence.stands", "evidence.counts"],
    row: (row) => h("tr", {}, rowHead(h("button", { type: "button", class: "quiet", id: `i-${row.item}`, click: () => open(row.item) }, item(row.item))), cell(region(row.region)), h("td", {}, whole(row.declared)), h("td", {}, row.effective_from), h("td", {}, `${row.topic}[${row.partition}]@${row.offset}`), h("td", {}, whole(row.numerator))) },
  journeys: { title: "evidence.journeys", heads: ["evidence.journey", "evidence.item", "evidence.handled", "evidence.opened", "evidence.delivered", "evidence.above", "evidence.below"],
    row: (row) => h("tr", {}, opener(`j-${row.journey}`, row.journey), cell(item(row.item)), cell(row.handling_region ? region(row.handling_region) : ""), h("td", {}, row.opened_on ?? ""), h("td", {}, row.delivered_on ?? ""), h("td", {}, whole(row.numerator)), h("td", {}, whole(row.denominator))) },
  handovers: { title: "evidence.handovers", heads: ["evidence.journey", "evidence.item", "evidence.fromto", "evidence.offered", "evidence.due", "evidence.taken", "evidence.waited"],
    row: (row, at) => h("tr", {}, opener(`h-${at}`, row.journey), cell(item(row.item)), cell(`${region(row.from_region)} → ${region(row.to_region)}`), h("td", {}, moment(row.offered_at)), h("td", { class: row.taken_at ? null : "late" }, row.due), h("td", {}, row.taken_at ? moment(row.taken_at) : ""), h("td", {}, row.seconds === null ? "" : span(row.seconds), row.seconds !== null && row.seconds === first.total.value ? h("span", { class: "tag plain" }, say("evidence.thisone")) : null)) },
};
function list() {
  const { title, heads, row } = LISTS[onItems() ? "items" : onHandovers() ? "handovers" : "journeys"];
  return h("div", { class: "card" }, h("h2", { id: "list-title", tabindex: "-1" }, say(title), " ", h("span", { class: "count" }, number(rows.length), next ? "+" : "")),
    rows.length ? table(say(title), heads.map((key) => say(key)), rows.map(row)) : h("p", { class: "soft" }, say(busy ? "loading" : "evidence.none")), looked && next ? h("p", { class: "soft small" }, say("evidence.looked", { n: whole(looked) })) : null,
    next && h("button", { type: "button", class: "second", id: "more", "aria-disabled": busy && "true", click: more }, say("more")));
}
/** The question as other pages take it: what a median said before is told by none of them. */
function elsewhere() {
  const made = asked();
  if (first && onHandovers()) made.delete("reading");
  return made;
}
/** Whatever failed is asked for once more. It is found out when it is pressed: a button that says the same is not made anew. */
const retry = () => (problem ? load() : open(opening));
function draw() {
  document.body.dataset.ready = String(Boolean(first) && !busy);
  const known = first && names, counted = known && counting && !isCounting();
  // What is said aloud is said in a place that is always there.
  redraw(own(`?${elsewhere()}`), h("h1", {}, say("evidence.title")), h("p", { class: "how" }, say("evidence.how")), warning(problem ?? missed, retry),
    h("div", {}, known ? head() : problem ? null : h("p", { class: "loading" }, say("loading"))), h("div", { role: "status" }, counted && result()), h("div", {}, known && shown && (onItems() ? itemCard(shown, names) : journeyCard(shown, names))), h("div", {}, known && list()));
}
frame("evidence.title", { about: place, who: () => signedIn(me), leave, draw });
await load();
