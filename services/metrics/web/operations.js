// Operations: how every service stands, who is behind, what is parked and why; acts are two steps, and say what they do.
import { about, get, leave, post, staff } from "/parts/ask.js";
import { find, frame, h, lead, listed, moment, number, of, redraw, say, settle, signedIn, told } from "/parts/page.js";
import { rowHead, span, table, whole } from "/parts/tables.js";
import { own, warning, when } from "./charts.js";

const EVERY_MS = 3_000, LATE_MS = 9_000, LAG_LATE = 1_000, OUTBOX_LATE_S = 10;
// A redrive goes journey by journey, and is waited for longer than anything that is read.
const REDRIVE_MS = 45_000;
const [place, me] = await Promise.all([about(), staff()]);
let seen = null, seenAt = 0, asking = null, away = null, refused = null, busy = false;
const acts = me.role === "operator";

async function look() {
  try {
    seen = await get("/v1/operations");
    seenAt = Date.now();
    away = null;
  } catch (failed) { away = failed; }
  draw();
}
/** Nobody looks at a hidden page; it asks when it is seen again. */
async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, EVERY_MS);
}
/** The first step: ask what exactly is parked now, and show it. */
async function ask(service, journey) {
  if (busy) return;
  const from = document.activeElement?.id;
  refused = null;
  try {
    const { seen: word, parked: faults, journeys } = await get(`/v1/operations/seen?service=${service}${journey ? `&journey=${encodeURIComponent(journey)}` : ""}`);
    asking = faults.length ? { kind: "redrive", from, service, journey, seen: word, faults, more: journeys - faults.length } : null;
    if (!asking) told(say("ops.noneparked"));
  } catch (failed) { refused = failed; }
  draw();
  lead("confirm");
}
function askAbout(question) {
  if (busy) return;
  asking = question;
  refused = null;
  draw();
  lead("confirm");
}
function askRebuild() {
  if (!isBuilding()) askAbout({ kind: "rebuild", from: "rebuild", n: seen.rebuilds.find((one) => one.state === "live")?.generation });
}
/** Whoever has decided goes on from where the question came up, or, where that is gone, from the heading above it. */
function goOn(kind, from) {
  lead(find(from) ? from : kind === "redrive" ? "ops-parkedtitle" : "ops-builds");
}
/** The second step: what was shown, or nothing. */
async function confirm() {
  if (busy) return;
  const { kind, from, service, journey, seen: word, n } = asking;
  busy = true;
  draw();
  try {
    if (kind === "redrive") {
      const answer = await post(`/v1/operations/redrive?service=${service}&seen=${word}${journey ? `&journey=${encodeURIComponent(journey)}` : ""}`, undefined, REDRIVE_MS);
      const { still_parked: left, ...applied } = answer;
      told(say("ops.redriven", { n: Object.values(applied).reduce((sum, n) => sum + n, 0), m: left }));
    } else if (kind === "rebuild") {
      const answer = await post(`/v1/rebuild?serving=${n}`);
      told(say("ops.rebuilding", { n: answer.generation }));
    } else {
      await post(`/v1/rebuild/stop?build=${n}`);
      told(say("ops.stopped", { n }));
    }
  } catch (failed) { refused = failed.mayPass ? { sentence: say("ops.nobodyknows") } : failed; }
  [asking, busy] = [null, false];
  await look();
  goOn(kind, from);
}
function cancel() {
  if (busy) return;
  const { kind, from } = asking;
  asking = null;
  draw();
  goOn(kind, from);
}
const ASKED = {
  redrive: { sure: "ops.sure", how: "ops.surehow", yes: "ops.confirm" },
  rebuild: { sure: "ops.surerebuild", how: "ops.surerebuildhow", yes: "ops.confirmrebuild" },
  stop: { sure: "ops.surestop", how: "ops.surestophow", yes: "ops.confirmstop" },
};
function question() {
  if (!asking) return null;
  const { sure, how, yes } = ASKED[asking.kind];
  const rows = (asking.faults ?? []).map((one) => h("tr", {}, rowHead(one.journey), h("td", { class: "t" }, one.error_code), h("td", {}, whole(one.events)), h("td", {}, whole(one.attempts))));
  return h("section", { class: "note wait", id: "question", "aria-labelledby": "question-title", keydown: (event) => { if (event.key === "Escape") cancel(); } }, h("h2", { id: "question-title" }, say(sure, { s: asking.service && of("service", asking.service), n: asking.n })),
    h("p", {}, say(how)), asking.faults ? table(say("ops.parked"), ["evidence.journey", "ops.fault", "ops.events", "ops.attempts"].map((key) => say(key)), rows) : null, asking.more ? h("p", {}, h("strong", {}, say("ops.andmore", { n: whole(asking.more) }))) : null,
    h("div", { class: "row" }, h("button", { type: "button", id: "confirm", class: "warn", "aria-disabled": busy && "true", click: confirm }, say(yes)), h("button", { type: "button", class: "second", id: "cancel", "aria-disabled": busy && "true", click: cancel }, say("cancel"))));
}
const card = (title, ...children) => h("div", { class: "card" }, h("h2", { id: title.replace(".", "-"), tabindex: "-1" }, say(title)), children);
const late = (yes, text) => h("td", { class: yes ? "late" : null }, text);

/** Whose part of a list is not known, since they do not answer. */
function silent(words) {
  const away = seen.services.filter((one) => !one.answers).map((one) => of("service", one.service));
  return away.length ? h("p", { class: "note wait" }, say(words, { s: listed(away) })) : null;
}
/** Who holds a lease: the process, without the number that tells its threads apart. */
const holder = (lease) => lease.holder.split("-").slice(0, 2).join("-");
function services() {
  const rows = seen.services.map((one) => {
    if (!one.answers) return h("tr", {}, rowHead(of("service", one.service)), h("td", { class: "t wrong" }, say("ops.silent")), ["", "", "", "", ""].map(() => h("td", {}, "")));
    const lease = one.leases[0];
    return h("tr", {}, rowHead(of("service", one.service)), h("td", { class: "t ok" }, say("ops.answers")), h("td", {}, whole(one.waiting)), late(one.oldest_s > OUTBOX_LATE_S, one.oldest_s === null ? "–" : span(one.oldest_s)),
      late(one.parked.length, whole(one.parked.reduce((sum, group) => sum + group.journeys, 0))), late(one.dead_lettered, whole(one.dead_lettered)), h("td", { class: lease && !lease.held ? "t late nobr" : "t nobr", title: lease?.holder }, lease ? `${holder(lease)} · ${say("ops.epoch", { n: number(lease.epoch) })} · ${say(lease.held ? "ops.until" : "ops.ended", { t: when(lease.until) })}` : "–"));
  });
  return card("ops.services", table(say("ops.services"), [say("ops.service"), h("th", { class: "t", scope: "col" }, say("ops.state")), say("ops.outbox"), say("ops.oldest"), say("ops.parked"), say("ops.dead"), h("th", { class: "t", scope: "col" }, say("ops.lease"))], rows), seen.kafka ? null : h("p", { class: "note bad" }, h("strong", {}, say("ops.nokafka"))));
}
function lag() {
  const shown = (one) => h("tr", {}, rowHead(`${one.topic} → ${one.group}`), late(one.lag > LAG_LATE, one.lag === null ? say("unknown") : number(one.lag)), h("td", {}, whole(one.dead_lettered)),
    h("td", { class: "t wide" }, one.partitions.filter((part) => part.lag !== 0).map((part) => say("ops.part", { p: part.partition, n: part.lag === null ? "?" : number(part.lag) })).join(" · ") || say("ops.level")));
  // Partners have topics of their own, most of them at rest: what waits comes first, the rest is folded away.
  const main = seen.lag.filter((one) => one.lag !== 0 || !/^gov\.(portal|department)\./.test(one.topic)), rest = seen.lag.filter((one) => !main.includes(one));
  const heads = [say("books.topic"), say("ops.lag"), say("ops.dead"), say("ops.partitions")];
  return card("ops.lagtitle", h("p", { class: "how" }, say("ops.laghow")), silent("ops.lagunknown"), table(say("ops.lagtitle"), heads, main.map(shown)), rest.length ? h("details", { id: "resting" }, h("summary", {}, say("ops.resting", { n: rest.length })), table(say("ops.lagtitle"), heads, rest.map(shown))) : null);
}
function parked() {
  const rows = seen.parked.map((one) => h("tr", {}, rowHead(one.journey), h("td", { class: "t" }, `${one.service} · ${one.group}`), h("td", { class: "t" }, h("b", {}, one.error_code), " ", one.type), h("td", {}, whole(one.events)), h("td", {}, whole(one.attempts)), h("td", {}, span(one.age_s)), h("td", { class: "t" }, `${one.topic}[${one.partition}]@${one.offset}`),
    acts ? h("td", {}, one.can_redrive && h("button", { type: "button", class: "second", id: `redrive-${one.group}-${one.journey}`, "aria-label": `${say("ops.redrive")} ${one.journey}`, click: () => ask(one.service, one.journey) }, say("ops.redrive"))) : null));
  const all = acts ? [...new Set(seen.parked.filter((one) => one.can_redrive).map((one) => one.service))].map((service) => h("button", { type: "button", class: "second", id: `redrive-${service}`, click: () => ask(service, null) }, say("ops.redriveall", { s: of("service", service) }))) : null;
  const more = seen.services.flatMap((one) => one.parked ?? []).reduce((sum, group) => sum + group.journeys, 0) - rows.length;
  return card("ops.parkedtitle", h("p", { class: "how" }, say("ops.parkedhow")), silent("ops.parkedunknown"), rows.length ? [table(say("ops.parkedtitle"), ["evidence.journey", "ops.where", "ops.fault", "ops.events", "ops.attempts", "ops.age", "evidence.stands", ...(acts ? ["ops.act"] : [])].map((key) => say(key)), rows), more > 0 ? h("p", {}, say("ops.more", { n: whole(more) })) : null, h("p", { class: "row" }, all)] : seen.services.every((one) => one.answers) ? h("p", { class: "ok" }, say("ops.noneparked")) : null);
}
const next = () => seen.rebuilds.find((one) => ["asked", "building"].includes(one.state));
const isBuilding = () => Boolean(next());
function builds() {
  const rows = seen.rebuilds.map((one) => h("tr", {}, rowHead(number(one.generation)), h("td", { class: "t" }, of("build", one.state)), h("td", { class: "bar" }, one.state === "building" ? h("label", {}, h("span", { class: "unseen" }, say("ops.progress")), h("progress", { max: 1, value: one.progress })) : ""), h("td", {}, `${whole(one.events_done)} / ${whole(one.events_total)}`), h("td", {}, one.eta_s === null ? "" : span(one.eta_s)), h("td", { class: "t" }, one.finished_at ? moment(one.finished_at) : ""),
    h("td", { class: "t" }, one.report ? h("span", { class: one.report.cells_different || one.report.rows_different ? "wrong" : "ok" }, say("ops.report", { c: whole(one.report.cells_different), n: whole(one.report.cells_compared), r: whole(one.report.rows_different) })) : "")));
  return card("ops.builds", h("p", { class: "how" }, say("ops.buildshow")), table(say("ops.builds"), ["ops.build", "ops.state", "ops.progress", "ops.events", "ops.eta", "ops.finished", "ops.difference"].map((key) => h("th", { scope: "col", class: "t" }, say(key))), rows), acts ? h("p", { class: "row" }, h("button", { type: "button", class: "second", id: "rebuild", "aria-disabled": isBuilding() && "true", click: askRebuild }, say("ops.rebuild")), isBuilding() ? h("button", { type: "button", class: "second", id: "stop", click: () => askAbout({ kind: "stop", from: "stop", n: next().generation }) }, say("ops.stop")) : null) : null);
}
const isOld = () => Date.now() - seenAt > LATE_MS;
function strip() {
  const old = isOld();
  return h("p", { class: "strip", id: "strip" }, h("b", { id: "state", role: "status", class: old ? "late" : "ok" }, old ? say("board.stale", { t: when(seenAt) }) : say("ops.fresh")), acts ? null : h("span", {}, say("ops.reader")));
}
function fresh() {
  if (!find("strip")) return;
  find("main").classList.toggle("stale", isOld());
  settle(find("strip"), strip());
}
function draw() {
  redraw(own(), h("h1", {}, say("ops.title")), h("p", { class: "how" }, say("ops.how")), h("div", {}, seen && strip()), warning(refused ?? away), h("div", {}, question()),
    h("div", {}, seen ? [services(), parked(), lag(), builds(), h("p", { class: "sources" }, h("a", { href: "/v1/operations" }, say("take.json")))] : away ? null : h("p", { class: "loading" }, say("loading"))));
  fresh();
}
frame("ops.title", { about: place, who: () => signedIn(me), leave, draw });
await watch();
setInterval(fresh, 1_000);
addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
