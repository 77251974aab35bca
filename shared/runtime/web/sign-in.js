// Signing in: with a token everywhere; on a local installation a role may simply be chosen, and the page says so.
import { about, get, post, Problem } from "./ask.js";
import { alarm, fill, find, frame, h, keep, kept, name, named, of, say } from "./page.js";

const place = await about();
const query = new URLSearchParams(location.search), next = safe(query.get("next"));
let choices = null, unread = null;
const chosen = { role: kept("demo.role") ?? "", city: kept("demo.city") ?? "", body: kept("demo.body") ?? "" };
let error = null, refused = "", isDone = false;

/** Back only to a page of this origin; what is no address at all leads to the first one. */
function safe(path) {
  if (!URL.canParse(path ?? "/", location.origin)) return "/";
  const there = new URL(path ?? "/", location.origin);
  return there.origin === location.origin ? there.href : "/";
}

/** The roles that a local installation offers; whoever asks it from elsewhere is offered none. */
async function readChoices() {
  try { [choices, unread] = [await get("/v1/session/demo"), null]; } catch (problem) { unread = problem.mayPass ? problem : null; }
}
async function readAgain() {
  await readChoices();
  draw();
}

async function enter(path, body, typed = "") {
  try {
    await post(path, body);
    // Opened beside a page whose session had ended: that page goes on by itself, and this one leads nowhere.
    if (query.has("second")) return finish();
    location.replace(next);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    error = problem;
    refused = problem.status === 401 || isOther() ? typed : "";
    draw();
    find(refused ? "token" : "error")?.focus();
  }
}

/** Whether the token is good and its role has no page here: no other token of that role will do either. */
const isOther = () => error.rule === "not-your-role";
function finish() {
  isDone = true;
  draw();
  find("done").focus();
}

function demo() {
  const title = h("h2", { id: "demo-title" }, say("signin.demo"), " ", h("span", { class: "badge" }, say("demo")));
  if (unread) return h("section", { class: "card", "aria-labelledby": "demo-title" }, title, h("div", { class: "note bad", role: alarm(unread) }, h("strong", {}, unread.sentence), h("button", { type: "button", class: "second", id: "again", click: readAgain }, say("again"))));
  if (!choices) return null;
  if (!choices.roles.includes(chosen.role)) chosen.role = choices.roles[0];
  const needsBody = choices.bodies.length > 0;
  if (!choices.cities.some((city) => city.region === chosen.city)) chosen.city = choices.cities[0]?.region ?? "";
  const own = choices.bodies.filter((body) => chosen.city && body.region.startsWith(chosen.city.slice(0, 4)));
  if (!own.some((body) => body.body === chosen.body)) chosen.body = own[0]?.body ?? "";
  const pick = (event) => { chosen[event.target.name] = event.target.value; draw(); };
  return h("section", { class: "card", "aria-labelledby": "demo-title" },
    title, h("p", { class: "how" }, say("signin.demohow")),
    h("form", { submit: (event) => { event.preventDefault(); for (const key of Object.keys(chosen)) keep(`demo.${key}`, chosen[key]); enter("/v1/session/demo", { role: chosen.role, ...(needsBody ? { body: chosen.body } : {}) }); } },
      h("fieldset", {}, h("legend", {}, say("signin.role")), h("div", { class: "choices" }, choices.roles.map((role) => h("label", { class: "choice" }, h("input", { type: "radio", name: "role", id: `role-${role}`, value: role, checked: role === chosen.role, change: pick }), of("role", role))))),
      needsBody && h("div", { class: "field" }, h("label", { for: "city" }, say("signin.city")), h("select", { id: "city", name: "city", required: true, change: pick }, choices.cities.map(({ region, name: city }) => h("option", { value: region, selected: region === chosen.city }, named(city))))),
      needsBody && h("div", { class: "field" }, h("label", { for: "body" }, say("signin.body")), h("select", { id: "body", name: "body", required: true, change: pick }, own.map((body) => h("option", { value: body.body, selected: body.body === chosen.body }, name(body.name, body.body))))),
      h("button", { id: "enter", class: "wide" }, say("signin.enter"))));
}

function token() {
  const form = h("form", { submit: (event) => { event.preventDefault(); const token = event.target.elements.token.value.trim(); enter("/v1/session", { token }, token); } },
    h("div", { class: "field" }, h("label", { for: "token" }, say("signin.token")), h("p", { class: "hint", id: "token-hint" }, say("signin.tokenhow")), refused && h("p", { class: "error", id: "token-error", role: "alert" }, say(isOther() ? "signin.otherrole" : "signin.badtoken")),
      h("input", { type: "text", id: "token", name: "token", required: true, autocomplete: "off", spellcheck: "false", value: find("token")?.value ?? "", "aria-invalid": refused ? "true" : null, "aria-describedby": refused ? "token-hint token-error" : "token-hint" })),
    h("button", { class: choices ? "second wide" : "wide" }, say("signin.open")));
  return h("section", { class: "card", "aria-labelledby": "token-title" }, h("h2", { id: "token-title" }, say("signin.withtoken")), form);
}

function draw() {
  if (isDone) return fill(find("main"), h("h1", { id: "done", tabindex: "-1" }, say("signin.done")), h("p", { class: "how" }, say("signin.donehow")));
  fill(find("main"), h("h1", {}, say("signin.title")), h("p", { class: "how" }, say("signin.how")),
    error && !refused && h("div", { class: "note bad", id: "error", role: "alert", tabindex: "-1" }, h("strong", {}, error.sentence)), demo(), token());
}

if (place.local) await readChoices();
frame("signin.title", { about: place, draw });
