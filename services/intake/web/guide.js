// Before a trip: do I need to go, where, when, and with what?
import { about, get, post } from "/parts/ask.js";
import { chooser } from "/parts/chooser.js";
import { frame, h, keep, kept, name, named, newest, number, of, redraw, say } from "/parts/page.js";

const NEAREST = 4;
const place = await about();
const query = new URLSearchParams(location.search);
const chosen = { thing: query.get("thing") ?? "", region: query.get("region") ?? kept("guide.region") ?? "" };
let choices = null;
let picked = null;
let advice = null;
let problem = null;
let asking = false;
const question = newest();
const ticked = new Set(), typed = {};

async function ask() {
  const still = question();
  advice = problem = null;
  asking = true;
  ticked.clear();
  draw();
  try {
    choices ??= await get("/v1/guide").then((told) => ({ ...told, things: told.things.map(line) }));
    await recognise();
    const answer = await advise();
    if (still()) advice = answer;
  } catch (failed) { if (still()) problem = failed; }
  if (!still()) return;
  asking = false;
  draw();
}
const line = (one) => ({ code: one.basic_code, names: one.name });
const seek = (text) => post("/v1/guide/find", { text }).then(({ things, count }) => ({ choices: things.map(line), count }));
/** What came with the address is called in the field as the guide calls it; what nobody names, by its code. */
async function recognise() {
  const { thing } = chosen, { things, things_there: there } = choices, isThis = (one) => one.code === thing;
  if (!thing || picked?.code === thing) return;
  const own = things.find(isThis);
  const found = own || there <= things.length ? own : (await seek(thing).catch(() => null))?.choices.find(isThis);
  if (chosen.thing === thing) picked = found ?? { code: thing };
}
/** The advice on what is chosen, if it is. The address holds the question, so that it can be passed on. */
async function advise() {
  const { thing, region } = chosen;
  if (!thing || !region) return null;
  keep("guide.region", region);
  history.replaceState(null, "", `?${new URLSearchParams({ thing, region })}`);
  return get(`/v1/guide/advice?basic_code=${encodeURIComponent(thing)}&region=${encodeURIComponent(region)}`);
}
function set(key, value) { chosen[key] = value; ask(); }

function form() {
  return h("form", { class: "card", submit: (event) => { event.preventDefault(); ask(); } },
    h("div", { class: "field" }, h("label", { for: "thing" }, say("guide.thing")), chooser("thing", { name: "thing", field: say("guide.thing"), blank: "choose", choices: choices.things, count: choices.things_there, seek, value: chosen.thing, chosen: picked, typed, change: (code, one) => { picked = one; set("thing", code); } })),
    h("div", { class: "field" }, h("label", { for: "region" }, say("guide.region")), h("select", { id: "region", name: "region", change: (event) => set("region", event.target.value) }, h("option", { value: "" }, say("choose")), choices.places.map((city) => h("optgroup", { label: named(city.name) }, h("option", { value: city.region, selected: city.region === chosen.region }, named(city.name)), city.counties.map((one) => h("option", { value: one.region, selected: one.region === chosen.region }, named(one.name))))))));
}
function answer() {
  if (!advice) return null;
  const { declared } = advice;
  return [h("section", { class: "card", "aria-labelledby": "answer" }, h("p", { class: "soft small" }, name(advice.name)), h("h2", { id: "answer", class: "figure" }, say(declared === 0 ? "guide.none" : "guide.most", { n: declared })), h("p", {}, say(declared > 0 ? "guide.mosthow" : advice.venues.length ? "guide.nonehow" : "guide.nonehall")),
    h("dl", {}, h("dt", {}, say("status.decides")), h("dd", {}, name(advice.names.bodies[advice.handling_body], advice.handling_body)), h("dt", {}, say("guide.time")), h("dd", {}, say(advice.promised_wd ? "guide.days" : "guide.atonce", { promised: advice.promised_wd, statutory: advice.statutory_wd })))),
    h("section", { class: "card" }, h("h2", {}, say("guide.with")), h("p", { class: "how" }, say("guide.withhow")), h("ul", { class: "list" }, advice.materials.map((one, n) => h("li", {}, h("label", { class: "choice line" }, h("input", { type: "checkbox", id: `material-${n}`, checked: ticked.has(one.code), change: (event) => tick(one.code, event.target.checked) }), h("span", {}, name([one.name_zh, one.name_en]), one.required && h("small", { class: "soft" }, ` · ${say("required")}`))))))),
    h("section", { class: "card", id: "where" }, h("h2", {}, say("guide.where")), advice.venues.length ? halls() : h("p", {}, say(declared > 0 ? "guide.nohall" : "guide.nohallneeded")))];
}
function halls() {
  return [h("p", { class: "how" }, say("guide.wherehow")), venues(advice.venues.slice(0, NEAREST)), advice.venues.length > NEAREST && h("details", {}, h("summary", {}, say("guide.others", { n: advice.venues.length - NEAREST })), venues(advice.venues.slice(NEAREST)), advice.venues_there > advice.venues.length && h("p", { class: "small soft" }, say("guide.notall", { n: number(advice.venues_there), shown: number(advice.venues.length) })))];
}
/** What is ticked stays so while the page is drawn anew, as it is in the other language. */
function tick(code, isThere) { if (isThere) ticked.add(code); else ticked.delete(code); }
function venues(shown) {
  return h("ul", { class: "list" }, shown.map((one) => h("li", { class: "venue" }, h("h3", {}, name(one.name, one.venue_id)), h("p", { class: "small soft" }, of("venue", one.kind), " · ", name(one.region_name, one.region)), h("p", { class: "small" }, say("guide.address"), name([one.address])), h("p", { class: "small" }, say("guide.hours"), name(one.hours)))));
}
/** What came of the question, said aloud in a place that is always there. */
function heard() {
  if (asking) return say("loading");
  return advice && say("guide.heard", { name: named(advice.name), answer: say(advice.declared === 0 ? "guide.none" : "guide.most", { n: advice.declared }) });
}
function trouble() {
  return problem && h("div", { class: `note ${problem.rule === "county-to-choose" ? "wait" : "bad"}`, role: "alert" }, h("strong", {}, problem.rule === "unknown-item-code" ? say("guide.nobody") : problem.sentence), problem.mayPass && h("button", { type: "button", class: "second", id: "again", click: ask }, say("again")));
}
/** What comes and goes has a place of its own, so that everything else stays where it stood. */
function draw() {
  redraw(h("h1", {}, say("guide.title")), h("p", { class: "how" }, say("guide.how")), h("div", {}, choices && form()), h("div", {}, trouble()), h("div", {}, asking && h("p", { class: "loading" }, say("loading"))),
    h("p", { class: "unseen", role: "status" }, heard()), h("div", {}, answer()), h("p", { class: "onward" }, h("a", { href: "/" }, say("guide.tostatus"))));
}

frame("guide.title", { about: place, draw });
await ask();
