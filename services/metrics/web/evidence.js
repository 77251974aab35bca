// Evidence: a figure's rows, one journey's runs and events down to the stored bytes, and a recount from those bytes.
import { applyWords, languageButton, named, number, percent, say, whole } from "./words.js";
import { el, replace, table } from "./draw.js";

const query = new URLSearchParams(location.search);
const handed = new URLSearchParams(location.hash.slice(1)).get("token");
if (handed) { sessionStorage.setItem("token", handed); history.replaceState(null, "", location.pathname + location.search); }
let names = null, figures = null, first = null, rows = [], next = null, shown = null;

async function ask(path, method = "GET") {
  const answer = await fetch(path, { method, headers: { authorization: `Bearer ${sessionStorage.getItem("token") ?? ""}` } });
  if (answer.status === 401) { sessionStorage.removeItem("token"); document.getElementById("sign").hidden = false; throw new Error(""); }
  const body = await answer.json();
  if (!answer.ok) throw new Error(named({ zh: body.title_zh, en: body.title }));
  return body;
}

function fail(error) {
  const trouble = document.getElementById("trouble");
  trouble.hidden = !error.message;
  trouble.textContent = say("refused") + error.message;
}

const place = (code) => (names.regions[code] ? named(names.regions[code]) : code ?? say("unknown"));

async function load() {
  if (!sessionStorage.getItem("token")) { document.getElementById("sign").hidden = false; return; }
  document.getElementById("sign").hidden = true;
  try {
    names ??= await (await fetch("v1/names")).json();
    figures ??= (await (await fetch("v1/figures")).json()).figures;
    const page = await ask(`v1/evidence?${query}${next ? `&after=${encodeURIComponent(next)}` : ""}`);
    first ??= page; rows.push(...page.rows); next = page.next;
    draw();
  } catch (error) { fail(error); }
}

function title() {
  const figure = figures.find((f) => f.code === first.figure), reading = figure?.readings?.find((r) => r.code === first.reading);
  return [first.figure, figure && named(figure.name), reading && named(reading.name)].filter(Boolean).join(" · ");
}

function draw() {
  if (!first) return;
  const total = first.total, value = total.denominator == null ? whole(total.value) : total.value != null && total.value <= 1 && total.value >= 0 ? percent(total) : number(total.value);
  replace("figure", el("h3", {}, title()), el("p", { class: "big" }, `${value} `, el("span", { class: "soft" }, total.denominator == null ? "" : `${whole(total.numerator)} / ${whole(total.denominator)}`)));
  document.getElementById("recount").hidden = first.figure === "F1";
  document.getElementById("more").hidden = !next;
  const body = rows.map((row) => {
    const open = el("a", { href: "#journey" }, row.journey ? row.journey.slice(0, 13) : row.item);
    if (row.journey) open.addEventListener("click", (event) => { event.preventDefault(); openJourney(row.journey); });
    return el("tr", {}, el("td", {}, open), el("td", {}, named(names.items[row.item]) ), el("td", {}, place(row.handling_region ?? row.region)), el("td", {}, row.opened_on ?? ""), el("td", {}, row.delivered_on ?? ""), el("td", {}, `${row.numerator} / ${row.denominator ?? ""}`));
  });
  replace("rows", table(["journey", "item", "handling", "opened", "delivered", "counts"].map((w) => say(w)), body, say("evidence")));
  drawJourney();
}

async function openJourney(id) {
  try { shown = await ask(`v1/evidence/journeys/${id}`); drawJourney(); document.getElementById("journey").scrollIntoView(); } catch (error) { fail(error); }
}

function drawJourney() {
  if (!shown) return;
  const c = shown.counts;
  const runs = shown.runs.map((run) => el("tr", {}, el("td", {}, run.date), el("td", {}, place(run.region)), el("td", {}, `${say(run.kind)}${run.statutory ? ` · ${say("statutory")}` : ""}`), el("td", {}, named(names.causes[run.cause])), el("td", {}, named(names.responsible[run.responsible]))));
  const events = shown.events.map((e) => el("details", {}, el("summary", {}, `${e.source} ${e.sequence} · ${e.type} · ${e.topic}[${e.partition}]@${e.offset}`), el("p", { class: "note" }, `sha256 ${e.sha256}`), el("pre", {}, e.body)));
  replace("journey", el("div", { class: "card" }, el("h3", {}, `${say("journey")} ${shown.journey}`),
    el("p", {}, ["declared", "statutory", "experienced", "proxy"].map((w) => `${say(w)} ${c[w]}`).join(" · ")),
    el("h3", {}, say("runs")), table(["day", "venue", "counts", "why", "who"].map((w) => say(w)), runs, say("runs")), el("h3", {}, say("events")), ...events));
}

document.getElementById("sign").addEventListener("submit", (event) => { event.preventDefault(); sessionStorage.setItem("token", event.target.token.value.trim()); load(); });
document.getElementById("more").addEventListener("click", load);
document.getElementById("recount").addEventListener("click", async () => {
  const status = document.getElementById("recounted");
  status.textContent = say("loading");
  try {
    const found = await ask(`v1/recount?${query}`, "POST");
    status.textContent = say("recounted", { n: whole(found.recounted.numerator), d: whole(found.recounted.denominator), e: say(found.equal ? "same" : "differs") });
    status.className = found.equal ? "ok" : "wrong";
  } catch (error) { fail(error); status.textContent = ""; }
});
languageButton(document.getElementById("language"), draw);
applyWords();
load();
