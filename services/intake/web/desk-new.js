// Somebody of whom nothing is open: the number on the card, where the person lives, and what the person came for.
import { get } from "/parts/ask.js";
import { h, named, say } from "/parts/page.js";
import { desk, draw } from "./desk.js";

let items = null;
let places = null;

async function load() {
  const [guide, published] = await Promise.all([get("/v1/guide"), allItems()]);
  places = guide.places;
  items = published.filter((item) => !item.retired_from);
  draw();
}
async function allItems() {
  const found = [];
  for (let after = ""; ;) {
    const page = await get(`/v1/items?limit=500&after=${encodeURIComponent(after)}`);
    found.push(...page);
    if (page.length < 500) return found;
    after = page.at(-1).item_code;
  }
}
export function regionChoice(id, chosen, change) {
  return h("select", { id, name: "region", required: true, change }, h("option", { value: "" }, say("choose")), (places ?? []).map((city) => h("optgroup", { label: named(city.name) }, h("option", { value: city.region, selected: chosen === city.region }, named(city.name)), city.counties.map((county) => h("option", { value: county.region, selected: chosen === county.region }, named(county.name))))));
}
/** The items of the region's own bodies and of the city and the province above them first, then all others. */
function itemChoice(change) {
  const own = (desk.who.region ?? "").slice(0, 4);
  const groups = [["new.near", items.filter((item) => item.body_region.startsWith(own))], ["new.far", items.filter((item) => !item.body_region.startsWith(own))]];
  return h("select", { id: "item", name: "item_code", required: true, change }, h("option", { value: "" }, say("choose")), groups.map(([title, group]) => h("optgroup", { label: say(title) }, group.map((item) => h("option", { value: item.item_code, selected: desk.form.item_code === item.item_code }, `${named([item.name_zh, item.name_en])} · ${place(item.body_region)}`)))));
}
function place(region) {
  for (const city of places) {
    if (city.region === region) return named(city.name);
    const county = city.counties.find((one) => one.region === region);
    if (county) return named(county.name);
  }
  return region;
}

export function newForm() {
  if (!items) { if (items === null) { items = undefined; load(); } return h("div", { class: "card" }, h("p", { class: "loading" }, say("loading"))); }
  const set = (event) => { desk.form[event.target.name] = event.target.value; if (event.target.tagName === "SELECT") draw(); };
  const wrong = (field) => (desk.error?.field === field ? "true" : null);
  const lacking = (field) => desk.error?.at === "field" && desk.error.field === field && h("p", { class: "error", id: "error", role: "alert" }, desk.error.sentence);
  const item = items.find((one) => one.item_code === desk.form.item_code);
  return h("div", { class: "card" }, h("h2", { id: "journey-title", tabindex: "-1" }, say("new.title")), h("p", { class: "how" }, say("new.how")),
    h("div", { class: "field" }, h("label", { for: "id_no" }, say("new.id")), h("p", { class: "hint", id: "id-hint" }, say("new.idhow")), lacking("id_no"), h("input", { type: "text", id: "id_no", name: "id_no", autocomplete: "off", spellcheck: "false", maxlength: "18", "aria-describedby": "id-hint", "aria-invalid": wrong("id_no"), value: desk.form.id_no ?? "", input: set })),
    h("div", { class: "field" }, h("label", { for: "region" }, say("new.region")), lacking("region"), regionChoice("region", desk.form.region, set)),
    h("div", { class: "field" }, h("label", { for: "item" }, say("new.item")), lacking("item_code"), itemChoice(set)),
    item && h("div", { class: "note promised" }, h("strong", {}, say("promise.declared", { n: item.declared_visits }))));
}
