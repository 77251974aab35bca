// Messages: do they go out, what did not arrive and why, and each by itself. Never to whom, never what.
import { about, get, leave, staff } from "/parts/ask.js";
import { clock, codes, find, frame, h, moment, newest, of, redraw, say, settle, signedIn } from "/parts/page.js";
import { rowHead, span, table, whole } from "/parts/tables.js";

const EVERY_MS = 5_000, LATE_MS = 15_000, PILE_S = 600;
const COUNTED = ["waiting", "sending", "sent", "unconfirmed", "failed"];
const [place, me] = await Promise.all([about(), staff()]);
let seen = null, seenAt = 0, problem = null;
let only = new URLSearchParams(location.search).get("state") ?? "";
if (!codes("stands").includes(only)) only = "";

const question = newest();
async function load() {
  const still = question();
  try {
    const told = await get(`/v1/outbox${only ? `?state=${only}` : ""}`);
    if (!still()) return;
    [seen, seenAt, problem] = [told, Date.now(), null];
  } catch (failed) {
    if (failed.status === 401) return staff();
    if (!still()) return;
    problem = failed;
  }
  draw();
}
async function watch() {
  if (!document.hidden) await load();
  setTimeout(watch, EVERY_MS);
}
function show(state) {
  only = state;
  history.replaceState(null, "", state ? `?state=${state}` : location.pathname);
  load();
}

const sum = (rows) => rows.reduce((total, row) => total + row.messages, 0);
const oldest = (rows) => rows.reduce((age, row) => Math.max(age, row.oldest_s), 0);
const waits = (row) => row.standing === "waiting" || row.standing === "sending";

function going() {
  const channels = [...new Set(seen.counts.map((row) => row.channel))];
  const queued = seen.counts.filter(waits), age = oldest(queued);
  const rows = channels.map((channel) => {
    const own = seen.counts.filter((row) => row.channel === channel);
    const of_ = (standing) => own.filter((row) => row.standing === standing);
    return h("tr", {}, rowHead(of("channel", channel)), COUNTED.map((standing) => h("td", { class: ["unconfirmed", "failed"].includes(standing) && sum(of_(standing)) ? "late" : null }, whole(sum(of_(standing))))), h("td", {}, own.some(waits) ? span(oldest(own.filter(waits))) : "–"));
  });
  const heads = [say("mail.channel"), ...COUNTED.map((standing) => of("stands", standing)), say("mail.oldest")];
  return card("going", h("p", { class: "how" }, say("mail.goinghow")), rows.length
    ? [age > PILE_S ? h("div", { class: "note wait" }, h("strong", {}, say("mail.waits", { t: span(age) }))) : h("p", { class: "ok" }, sum(queued) ? say("mail.flows", { n: whole(sum(queued)), t: span(age) }) : say("mail.idle")), table(say("mail.going"), heads, rows)]
    : h("p", {}, say("mail.none")));
}
function why() {
  const rows = seen.counts.filter((row) => row.reason).map((row) => h("tr", {}, rowHead(of("undelivered", row.reason)), h("td", {}, whole(row.messages)), h("td", { class: "t" }, of("undeliveredhow", row.reason)), h("td", { class: "t" }, of("channel", row.channel)), h("td", { class: "t" }, of("stands", row.standing))));
  return card("why", h("p", { class: "how" }, say("mail.whyhow")), rows.length ? table(say("mail.why"), ["mail.reason", "mail.number", "mail.then", "mail.channel", "mail.standing"].map((key) => say(key)), rows) : h("p", { class: "ok" }, say("mail.allwell")));
}
function each() {
  const choice = (state) => h("label", { class: "choice" }, h("input", { type: "radio", name: "state", id: `state-${state || "all"}`, checked: only === state, change: () => show(state) }), state ? of("stands", state) : say("mail.all"));
  const rows = seen.messages.map((one) => h("tr", {}, h("th", { scope: "row", class: "nobr" }, moment(one.requested_at)), h("td", { class: "t" }, of("message", one.template)), h("td", { class: "t" }, of("stands", one.standing)), h("td", { class: "t" }, one.reason ? of("undelivered", one.reason) : ""), h("td", {}, whole(one.attempt)), h("td", { class: "t" }, of("channel", one.channel)), h("td", { class: "t nobr" }, one.case_no)));
  return card("each", h("p", { class: "how" }, say("mail.eachhow")), h("fieldset", {}, h("legend", { class: "unseen" }, say("mail.filter")), h("div", { class: "choices" }, ["", ...codes("stands")].map(choice))),
    rows.length ? table(say("mail.each"), ["mail.at", "mail.about", "mail.standing", "mail.reason", "mail.attempts", "mail.channel", "case.no"].map((key) => say(key)), rows) : h("p", { id: "none" }, say("mail.noneso")));
}
const card = (title, ...children) => h("section", { class: "card", id: title, "aria-labelledby": `${title}-title` }, h("h2", { id: `${title}-title` }, say(`mail.${title}`)), children);

const isOld = () => Date.now() - seenAt > LATE_MS;
function strip() {
  const old = isOld();
  return h("p", { class: "strip", id: "strip" }, h("b", { id: "state", role: "status", class: old ? "late" : "ok" }, old ? say("board.stale", { t: clock(new Date(seenAt).toISOString()) }) : say("mail.fresh")));
}
function fresh() {
  if (!find("strip")) return;
  find("main").classList.toggle("stale", isOld());
  settle(find("strip"), strip());
}
function draw() {
  redraw(h("h1", {}, say("mail.title")), h("p", { class: "how" }, say("mail.how")), h("div", {}, seen && strip()), h("div", {}, problem && h("div", { class: "note bad", role: "alert" }, h("strong", {}, problem.sentence))),
    h("div", {}, seen ? [going(), why(), each()] : !problem && h("p", { class: "loading" }, say("loading"))));
  fresh();
}

frame("mail.title", { about: place, who: () => signedIn(me), leave, draw });
await load();
setTimeout(watch, EVERY_MS);
setInterval(fresh, 1_000);
