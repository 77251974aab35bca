// Somebody of whom nothing is open: the number on the card, where the person lives, and what the person came for.
import { get, post } from "/parts/ask.js";
import { chooser, undecided } from "/parts/chooser.js";
import { alarm, find, h, lead, named, say, spelled } from "/parts/page.js";
import { desk, drawPanel, todayHere } from "./desk.js";

const AGAIN_MS = 3_000;
let published = null;
let asking = null, missed = null, timer = null;

/** The places that forms offer, and the first of the items and bodies; null until they are here. The first form that is drawn asks for them. */
export function offered() {
  // What is in force today need not be tomorrow.
  if (published && published.day !== todayHere()) asking = published = null;
  asking ??= load().catch(failed);
  return published;
}
function failed(problem) {
  const isNews = missed?.meanwhile !== problem.meanwhile;
  timer = setTimeout(askAgain, AGAIN_MS);
  if (!isNews) return;
  missed = problem;
  drawPanel();
}
/** Ask once more while a form waits for it; the next form that is drawn asks anew. */
function askAgain() {
  if (timer === null) return;
  clearTimeout(timer);
  asking = timer = null;
  if (find("again")) offered(); else missed = null;
}
/** Why there is nothing to choose from; it is asked for again by itself, and sooner by a press. */
export function unoffered() {
  return missed && h("div", { class: "note wait", role: alarm(missed) }, h("strong", {}, missed.meanwhile), h("button", { type: "button", class: "second", id: "again", click: askAgain }, say("again")));
}
async function load() {
  const day = todayHere();
  const [guide, items, bodies] = await Promise.all([get("/v1/guide"), seekItems(""), seekBodies("")]);
  published = { day, places: guide.places, elsewhere: guide.elsewhere, items, bodies };
  missed = null;
  drawPanel();
  if (desk.open === "new") leadIn();
}
/** The items in force today that a text leaves: those of the region and of the city and the province above it first, then all others. */
function seekItems(text) {
  return post("/v1/desk/items", { text }).then(({ items, count }) => ({ count, choices: items.map((one) => ({ code: one.item_code, names: one.name, where: one.region_name, group: one.near ? "new.near" : "new.far", declared: one.declared })) }));
}
/** The bodies that a text leaves, in the same order; their names say where they are. */
export function seekBodies(text) {
  return post("/v1/desk/bodies", { text }).then(({ bodies, count }) => ({ count, choices: bodies.map((one) => ({ code: one.body_uscc, names: one.name })) }));
}
/** What is asked of somebody new and not answered; a text that is typed over what was chosen is no answer. */
export const isLacking = (field) => !desk.form[field] || (field === "item_code" && undecided(desk.form.typed));
/** The item that was chosen for somebody new. */
export const chosenItem = () => (isLacking("item_code") ? undefined : desk.form.item);
/** Lead to what is asked first. */
export function leadIn() { lead(desk.form.id_no ? "item" : "id_no"); }
/** The ID number in a form, as the record spells it. */
export const idNo = () => spelled(desk.form.id_no ?? "");
export const isIdNo = (text) => /^[0-9A-Z]{6,18}$/.test(text);
/** What was searched for in vain is typed once more, unless it looks like a number on a card: digits behind a few letters. */
export const looksLikeIdNo = (text) => /^[A-Z]{0,4}[0-9]{6,18}X?$/.test(text) && isIdNo(text);
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/** Whether the check digit of an identity number fits (GB 11643); of other numbers nobody here knows. */
function fits(id) {
  return !/^[0-9]{17}[0-9X]$/.test(id) || "10X98765432"[WEIGHTS.reduce((sum, weight, n) => sum + weight * Number(id[n]), 0) % 11] === id[17];
}
/** A slip of a digit makes somebody else of the person, so it is pointed out; it is no error, since companies' codes look alike. */
export const doubt = () => (fits(idNo()) ? "" : say("new.idcheck"));

export function regionChoice(id, chosen, change) {
  return [unoffered(), h("select", { id, name: "region", required: true, change }, h("option", { value: "" }, say("choose")), (offered()?.places ?? []).map((city) => h("optgroup", { label: named(city.name) }, h("option", { value: city.region, selected: chosen === city.region }, named(city.name)), city.counties.map((county) => h("option", { value: county.region, selected: chosen === county.region }, named(county.name))))), h("optgroup", { label: say("new.elsewhere") }, (offered()?.elsewhere ?? []).map((one) => h("option", { value: one.region, selected: chosen === one.region }, named(one.name)))))];
}
/** The field for the item; what is typed in it stays with whom it is for. */
function itemField(items, fault) {
  const { form } = desk;
  const take = (code, item) => { Object.assign(form, { item_code: code, item }); if (desk.error?.field === "item_code") desk.error = null; drawPanel(); };
  return h("div", { class: "field" }, h("label", { for: "item" }, say("new.item")), fault, chooser("item", { name: "item_code", field: say("new.item"), blank: "choose", required: true, ...items, seek: seekItems, value: form.item_code ?? "", chosen: form.item, typed: (form.typed ??= {}), fault: fault && "error", change: take }));
}

export function newForm() {
  const items = offered()?.items;
  if (!items) return h("div", { class: "card" }, unoffered() ?? h("p", { class: "loading" }, say("loading")));
  const set = (event) => { desk.form[event.target.name] = event.target.value; if (event.target.tagName === "SELECT") drawPanel(); else find("id-doubt").textContent = doubt(); };
  const turn = (event) => { desk.form.nobody = event.target.checked; drawPanel(); };
  const wrong = (field) => (desk.error?.field === field ? "true" : null);
  const lacking = (field) => desk.error?.at === "field" && desk.error.field === field && h("p", { class: "error", id: "error", role: alarm(desk.error) }, desk.error.sentence);
  const item = chosenItem();
  return h("div", { class: "card" }, h("h2", { id: "journey-title", tabindex: "-1" }, say("new.title")), h("p", { class: "how" }, say("new.how")),
    !desk.form.nobody && [h("div", { class: "field" }, h("label", { for: "id_no" }, say("new.id")), h("p", { class: "hint", id: "id-hint" }, say("new.idhow")), lacking("id_no"), h("input", { type: "text", id: "id_no", name: "id_no", autocomplete: "off", spellcheck: "false", maxlength: "64", "aria-describedby": "id-hint", "aria-invalid": wrong("id_no"), value: desk.form.id_no ?? "", input: set }), h("p", { class: "small", id: "id-doubt", role: "status" }, doubt())),
      h("div", { class: "field" }, h("label", { for: "region" }, say("new.region")), lacking("region"), regionChoice("region", desk.form.region, set))],
    h("div", { class: "field" }, h("label", { class: "choice line" }, h("input", { type: "checkbox", id: "nobody", checked: Boolean(desk.form.nobody), change: turn }), h("span", {}, say("new.nobody"), " ", h("small", { class: "soft" }, say("new.nobodyhow"))))),
    itemField(items, lacking("item_code")),
    item && h("div", { class: "note promised" }, h("strong", {}, say("promise.declared", { n: item.declared }))));
}
