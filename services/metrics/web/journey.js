// One journey or one item of the catalogue, down to the bytes that were stored of it.
import { h, harmless, named, of, say } from "/parts/page.js";
import { rowHead, table } from "/parts/tables.js";
import { fact, word } from "./charts.js";

/** How to name a place; one that nobody knows is said to be so. */
export const regions = (names) => (code) => named(word(names.regions[code]), code === null || code === undefined ? say("unknown") : code);
/** One item of the catalogue with its events. */
export function itemCard(shown, names) {
  return h("section", { class: "card", id: `about-${shown.item}`, "aria-labelledby": "journey-title" }, h("h2", { id: "journey-title", tabindex: "-1" }, named(word(names.items[shown.item]), shown.item), " ", h("code", {}, shown.item)), events(shown));
}
/** One journey: its runs, its cells, its events. */
export function journeyCard(shown, names) {
  const region = regions(names);
  const { counts } = shown;
  const runs = shown.runs.map((run) => h("tr", {}, h("th", { scope: "row", class: "nobr" }, run.date), h("td", { class: "t" }, region(run.region), " · ", named(word(names.venues[run.venue]), run.venue)), h("td", { class: "t" }, of("run", run.kind), run.statutory ? ` · ${say("run.statutory")}` : ""), h("td", { class: "t" }, of("cause", run.cause)), h("td", { class: "t" }, run.cause === "normal" ? "–" : of("party", run.responsible))));
  const cells = shown.cells.map((cell) => h("tr", {}, rowHead(of("group", cell.group)), h("td", { class: "t nobr" }, cell.day), h("td", { class: "t" }, region(cell.region)), h("td", { class: "t wide" }, Object.entries(cell.amounts).map(([name, n]) => `${of("amount", name)} ${n > 0 ? "+" : ""}${n}`).join(" · "))));
  return h("section", { class: "card", id: `about-${shown.journey}`, "aria-labelledby": "journey-title" }, h("h2", { id: "journey-title", tabindex: "-1" }, say("evidence.one"), " ", h("code", {}, shown.journey)),
    h("p", {}, say("evidence.counted", { d: counts.declared ?? say("unknown"), s: counts.statutory, e: counts.experienced, p: counts.proxy })),
    shown.counts.declared !== null && counts.experienced > counts.declared ? h("p", { class: "note lived" }, h("strong", {}, say("evidence.broken", { n: counts.experienced - counts.declared }))) : null,
    h("h3", {}, say("evidence.runs")), runs.length ? table(say("evidence.runs"), ["day", "evidence.where", "evidence.counts", "why.cause", "why.who"].map((key) => say(key)), runs) : h("p", { class: "soft" }, say("evidence.noruns")),
    h("h3", {}, say("evidence.cells")), cells.length ? table(say("evidence.cells"), ["evidence.group", "day", "evidence.region", "evidence.adds"].map((key) => say(key)), cells) : h("p", { class: "soft" }, say("evidence.nocells")),
    events(shown));
}
function events(shown) {
  return [h("h3", {}, say("evidence.events")), shown.record_reachable ? null : h("p", { class: "note wait" }, say("evidence.unreachable")), shown.events.map(event)];
}
function event(one) {
  return h("details", { id: `e-${one.source}-${one.sequence}` }, h("summary", {}, `${of("service", one.source)} ${one.sequence} · `, one.type ? fact(one.type) : say("unknown"), ` · ${one.topic}[${one.partition}]@${one.offset}`),
    one.body === null ? null : h("dl", {}, h("dt", {}, "id"), h("dd", {}, h("code", {}, one.id)), h("dt", {}, say("evidence.known")), h("dd", {}, one.known_on), h("dt", {}, "SHA-256"), h("dd", {}, h("code", {}, one.sha256)),
      h("dt", {}, say("evidence.chain")), h("dd", {}, one.chain ? h("code", {}, one.chain) : say("unknown"), " ", one.chain_holds === null ? null : h("b", { class: one.chain_holds ? "ok" : "wrong" }, say(one.chain_holds ? "evidence.chained" : "evidence.unchained")))), one.body === null ? null : h("pre", {}, legible(one.body)));
}
/** Stored bytes to read: what hides in a text or turns it around is spelled as JSON would, since nothing may be left out. */
function legible(bytes) {
  return harmless(bytes) === bytes ? bytes : [...bytes].map((one) => harmless(one) || `\\u${one.codePointAt(0).toString(16).padStart(4, "0")}`).join("");
}
