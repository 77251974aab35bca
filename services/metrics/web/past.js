// Time travel: what the board said of some days then, what it says of them now, and every fact that made the difference.
import { about, get, leave, staff } from "/parts/ask.js";
import { today } from "/parts/days.js";
import { day, find, frame, h, lead, moment, named, newest, number, of, redraw, say, signedIn } from "/parts/page.js";
import { rowHead, table, whole } from "/parts/tables.js";
import { begin, cuts, fact as factName, filtered, FIRST_DAY, inUnit, learn, own, places, sources, thingFilter, warning, word } from "./charts.js";

const SHOWN_MAX = 400, WHYS = ["late", "corrected", "followed", "passed", "begun"];
const [place, me] = await Promise.all([about(), staff()]);
const given = new URLSearchParams(location.search);
const back = (days, from = today()) => new Date(Date.parse(from) - days * 864e5).toISOString().slice(0, 10);
const now = given.get("now") ?? today(), begun = given.get("from") ?? "", to = given.get("to") ?? given.get("day");
// Without a day of its own the earlier board is that of a week ago, or of yesterday where the days asked for are younger.
const then = given.get("then") ?? given.get("known_at") ?? to ?? (begun > back(7) ? back(1) : back(7));
// A day has said nothing yet that is still to be compared with: what was said before is what the day before it said.
const start = then < now ? then : back(1, now);
const chosen = { figure: given.get("figure") ?? "F4", reading: given.get("reading") ?? "", region: given.get("region") ?? "", basic: given.get("basic") ?? "", from: to !== null || begun <= start ? begun : "", to: to ?? (given.get("figure") === "F1" ? "" : start), then: start, now };
// What no field of the form chooses is shown and can only be taken away.
const kept = new Map(["channel", "pair", "cause", "layer", "item", "home"].filter((key) => given.get(key)).map((key) => [key, given.get(key)]));
let names = null, figures = null, first = null, facts = [], sums = null, looked = 0, busy = false, whole_ = false, problem = null;
const question = newest(), typed = {};

/** F1 rests on items and is a figure of one day; all others rest on journeys. */
const onItems = () => chosen.figure === "F1";
function asked() {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(chosen)) if (value && !(onItems() && key === "from")) query.set(key, value);
  if (!onItems()) for (const [key, value] of kept) query.set(key, value);
  return query;
}
/** The evidence of one journey or item: over the same slice, as known on the later day. */
function behind(whose) {
  const query = asked();
  for (const key of ["then", "now"]) query.delete(key);
  query.set("known_at", chosen.now);
  if (onItems() && query.has("to")) query.set("day", query.get("to"));
  if (onItems()) query.delete("to");
  query.set("journey", whose);
  return query;
}
async function load() {
  const still = question();
  Object.assign(document.body.dataset, { ready: "false" });
  [first, facts, sums, looked, busy, whole_, problem] = [null, [], { numerator: 0, denominator: 0 }, 0, true, false, null];
  history.replaceState(null, "", `?${asked()}`);
  if (names) draw();
  try {
    names ??= await begin("regions,cities,basics,channels,levels");
    figures ??= (await get("/v1/figures")).figures;
    for (let after = ""; after !== null;) {
      const query = asked();
      query.set("limit", "100");
      if (after) query.set("after", after);
      const page = learn(names, await get(`/v1/bulletin?${query}`));
      if (!still()) return;
      first ??= page;
      facts = facts.concat(page.facts);
      for (const side of ["numerator", "denominator"]) sums[side] += page.listed[side];
      looked += page.looked_at;
      first.of = page.of;
      after = page.next;
      whole_ = after === null;
      draw();
    }
  } catch (failed) {
    if (!still()) return;
    problem = failed;
  }
  busy = false;
  draw();
  Object.assign(document.body.dataset, { ready: "true" });
}

const figure = () => figures.find((one) => one.code === chosen.figure);
const readings = () => figure()?.readings ?? [];
/** A percentile adds up from nothing: facts make of how many hand-overs it is read. */
const isPercentile = () => first.difference.numerator === null;
/** What a field stands on; where no reading is named, the first one is meant. */
const standing = (key) => chosen[key] || (key === "reading" && readings()[0]?.code) || "";
/** A day that is still being typed is no day yet. */
function pick({ target }) {
  if (target.checkValidity()) choose(target.name, target.value);
}
function choose(key, value) {
  chosen[key] = value;
  // Without a day of its own, each side of F1 speaks of the day on which it was said, as the board did.
  if (key === "figure") Object.assign(chosen, { reading: "", to: onItems() ? "" : chosen.to || chosen.then });
  // What the next question cannot be cut by would only be refused.
  const reading = readings().find((one) => one.code === standing("reading"));
  if (!onItems()) for (const one of kept.keys()) if (!cuts(reading, one)) kept.delete(one);
  load();
}
function select(key, label, options) {
  return h("label", {}, say(label), h("select", { name: key, id: `f-${key}`, change: pick }, options.map(([code, text]) => h("option", { value: code, selected: code === standing(key) }, text))));
}
const dated = (key, label, required = false) => h("label", {}, say(label), h("input", { type: "date", name: key, id: `f-${key}`, value: chosen[key], min: FIRST_DAY, max: today(), required, change: pick }));
function form() {
  return h("form", { class: "filters card", "aria-label": say("filters"), submit: (event) => event.preventDefault() },
    select("figure", "past.figure", figures.map((one) => [one.code, `${one.code} · ${named(word(one.name))}`])), select("reading", "evidence.reading", readings().map((one) => [one.code, named(word(one.name))])),
    select("region", "filter.region", places(names, chosen.region)), thingFilter(names.basics, chosen.basic, typed, (code) => choose("basic", code)),
    onItems() ? null : [...kept].map(filter), h("span", { class: "break" }), onItems() ? null : dated("from", "past.from"), dated("to", onItems() ? "past.day" : "past.to"), dated("then", "past.then", true), dated("now", "past.now", true));
}
function filter([key, value]) {
  return h("button", { type: "button", class: "second", id: `without-${key}`, click: () => without(key) }, say(`slice.${key}`), " ", filtered(names, key, value), h("span", { "aria-hidden": "true" }, " ✕"), h("span", { class: "unseen" }, ` ${say("past.without")}`));
}
function without(key) {
  kept.delete(key);
  load();
  lead("f-figure");
}
function said(title, one, side) {
  return h("div", { class: `card ${side}` }, h("h2", {}, say(title, { d: day(one.known_at) })), h("p", { class: "big" }, inUnit(first.unit, one.value)), h("p", { class: "soft" }, one.denominator === null ? null : isPercentile() ? `n = ${whole(one.denominator)}` : `${whole(one.numerator)} / ${whole(one.denominator)}`, one.few ? ` · ${say("few")}` : ""));
}
function spoken() {
  if (!chosen.to) return onItems() ? say("past.eachday") : null;
  return say(onItems() ? "past.aboutday" : "past.about", { d: day(chosen.to) });
}
function signed(n) { return n === null ? "–" : n > 0 ? `+${number(n)}` : number(n); }
function compared() {
  return [h("p", { class: "soft", id: "about" }, spoken()), h("div", { class: "said2" }, said("past.said", first.then, "then"), h("div", { class: "arrow", "aria-hidden": "true" }, "→"), said("past.says", first.now, "now"))];
}
/** Whether the facts make the difference, once all of them are here. */
function outcome() {
  const { difference } = first, sides = ["numerator", "denominator"].filter((side) => (side === "numerator" ? !isPercentile() : first.now.denominator !== null));
  const exact = sides.every((side) => sums[side] === difference[side]);
  return h("div", { class: `note ${exact ? "good" : "wait"}`, id: "sum" }, h("strong", {}, say(exact ? (facts.length ? "past.exact" : "past.nothing") : "past.moved")),
    facts.length ? h("p", {}, say(isPercentile() ? "past.taken" : sides.length > 1 ? "past.sum" : "past.count", { n: whole(facts.length), a: signed(sums.numerator), b: signed(sums.denominator), c: signed(difference.numerator), d: signed(difference.denominator) })) : null);
}
function bulletin() {
  const counts = Object.fromEntries(WHYS.map((why) => [why, facts.filter((fact) => fact.why === why).length]));
  return h("div", { class: "card", id: "bulletin" }, h("h2", {}, say("past.why")), busy ? h("label", {}, say(onItems() ? "past.lookingitems" : "past.looking", { n: whole(looked), d: whole(first.of) }), h("progress", { max: first.of || 1, value: looked })) : null,
    facts.length ? h("ul", {}, WHYS.filter((why) => counts[why]).map((why) => h("li", {}, h("b", {}, of("because", why), " ", number(counts[why])), " ", h("span", { class: "soft" }, of("becausehow", why))))) : null,
    facts.length ? table(say("past.why"), ["past.fact", "past.because", onItems() ? "evidence.from" : "past.occurred", "past.known", "past.above", "past.below", onItems() ? "evidence.item" : "evidence.journey", "evidence.stands"].map((key) => say(key)), facts.slice(0, SHOWN_MAX).map(line)) : null,
    facts.length > SHOWN_MAX ? h("p", { class: "soft" }, say("past.more", { n: whole(facts.length - SHOWN_MAX) })) : null, sources("bulletin", asked()));
}
function line(fact) {
  const moved = fact.cells ? fact.cells.map((cell) => `${of("group", cell.group)} ${cell.day} ${region(cell.region)}: ${Object.entries(cell.amounts).map(([name, n]) => `${of("amount", name)} ${signed(n)}`).join(", ")}`) : fact.due ? [waited(fact)] : turned(fact);
  const whose = fact.journey ?? fact.item;
  return h("tr", {}, rowHead(h("details", {}, h("summary", {}, fact.type ? factName(fact.type) : fact.kind), h("p", { class: "small" }, item(fact.item), h("br"), h("code", {}, fact.event ?? ""), moved.map((one) => [h("br"), one])))), h("td", { class: "t" }, of("because", fact.why)),
    h("td", {}, fact.effective_from ?? moment(fact.time)), h("td", {}, fact.known_on), h("td", {}, signed(fact.numerator)), h("td", {}, signed(fact.denominator)), h("td", { class: fact.journey ? null : "t" }, h("a", { href: `/evidence.html?${behind(whose)}` }, fact.journey ? `${whose.slice(0, 8)}…` : item(whose))), h("td", {}, `${fact.topic}[${fact.partition}]@${fact.offset}`));
}
const region = (code) => named(word(names.regions[code]), code), item = (code) => named(word(names.items[code]), code ?? "");
/** From where to where a case was handed over, and how long its papers waited or until when they had to be taken. */
function waited(fact) {
  const way = `${region(fact.from_region)} → ${region(fact.to_region)}`;
  return fact.seconds === null ? say("past.dueby", { way, d: day(fact.due) }) : say("past.waited", { way, s: inUnit("seconds", fact.seconds) });
}
/** What a version says that the one before it did not. */
function turned({ before, after }) {
  const shown = { region, level: (code) => named(word(names.levels[code]), code), main: (is) => (is ? "✓" : "✗"), eligible: (is) => (is ? "✓" : "✗") };
  const value = (version, name) => (version === null || version[name] === null ? "–" : (shown[name] ?? String)(version[name]));
  return Object.keys(after ?? before ?? {}).filter((name) => (before?.[name] ?? null) !== (after?.[name] ?? null)).map((name) => `${of("turn", name)}: ${value(before, name)} → ${value(after, name)}`);
}
function draw() {
  // What is said aloud is said in a place that is always there.
  redraw(own(`?${asked()}`), h("h1", {}, say("past.title")), h("p", { class: "how" }, say("past.how")), warning(problem, load), h("div", {}, figures && form()),
    h("div", {}, first ? compared() : problem ? null : h("p", { class: "loading" }, say("loading"))), h("div", { role: "status" }, whole_ && outcome()), h("div", {}, first && bulletin()));
  // What somebody has chosen once, a field keeps; it must say what is asked now, unless it is being written in.
  for (const field of find("main").querySelectorAll("form [name]")) if (field !== document.activeElement) field.value = standing(field.name);
}
frame("past.title", { about: place, who: () => signedIn(me), leave, draw });
await load();
