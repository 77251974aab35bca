// The board: one quick answer from the service, drawn as four questions; live changes only ask for it again.
import { applyWords, clock, isEnglish, languageButton, named, number, percent, say, whole } from "./words.js";
import { cartogram, el, replace, spark, table } from "./draw.js";

const STALE_MS = 15000, REDRAW_MS = 400;
const chosen = { region: "330000", basic: "", channel: "", period: "90", known_at: "" };
let names = null, board = null, books = null, layer = "physical", lastCells = [], seenAt = 0, redrawing = null;

const get = async (path) => {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
};

function slice(extra = {}) {
  const query = new URLSearchParams();
  const days = Number(chosen.period);
  if (days) query.set("from", new Date(Date.now() + 8 * 3600e3 - (days - 1) * 864e5).toISOString().slice(0, 10));
  for (const key of ["region", "basic", "channel", "known_at"]) if (chosen[key]) query.set(key, chosen[key]);
  for (const [key, value] of Object.entries(extra)) if (value != null && value !== "") query.set(key, value);
  return query.toString();
}

const evidence = (figure, extra = {}) => `evidence.html?${slice({ figure, ...extra })}`;
const city = (code) => { const known = names.regions[code]; return known ? named(known).replace(/市$|省$/, "") : code === "unknown" ? say("unknown") : code; };
const thing = (basic) => named(names.basics[basic]);

async function load() {
  try {
    names ??= await get("v1/names");
    board = await get(`v1/dashboard?${slice()}`);
    seenAt = Date.now();
    document.getElementById("trouble").hidden = true;
    document.getElementById("main").classList.remove("stale");
    draw();
  } catch {
    const trouble = document.getElementById("trouble");
    trouble.textContent = say("away", { t: clock(board?.as_of) });
    trouble.hidden = false;
    setTimeout(load, 3000);
  }
}

async function balance() {
  try { books = await get("v1/trust"); drawTrust(); drawStrip(); } catch { books = null; }
  setTimeout(balance, 5000);
}

function soon() {
  redrawing ??= setTimeout(() => { redrawing = null; load(); }, REDRAW_MS);
}

function tile(figure, word, reading, lines, promised, trend) {
  const few = reading?.few;
  return el("div", { class: `card tile${promised ? " promised" : ""}${few ? " few" : ""}`, "data-figure": figure },
    el("div", { class: "k" }, say(word)),
    el("div", { class: "v" }, reading?.value == null ? say("unknown") : (reading.value * 100).toFixed(1), el("small", {}, reading?.value == null ? "" : " %")),
    trend ? spark(trend) : el("div", { class: "spark" }),
    el("div", { class: "n" }, [...lines, few ? say("few") : null].filter(Boolean).join(" · ")),
    el("a", { href: evidence(figure) }, say("show")));
}

function drawPromise() {
  const { F1, F2, F3, F4, F0 } = board.promise, trend = (key) => board.trend.map((week) => week[key]?.value);
  const coverage = F1.total.readings;
  replace("tiles",
    tile("F1", "tileF1", coverage.once, [say("items", { n: whole(coverage.once.numerator), d: whole(coverage.once.denominator) }), say("lessexceptions", { p: percent(coverage.once_less_exceptions) })], true),
    tile("F2", "tileF2", F2.once, [say("journeys", { n: whole(F2.once.numerator), d: whole(F2.once.denominator) }), say("zero", { p: percent(F2.zero) })], false, trend("once")),
    tile("F3", "tileF3", F3.once, [say("journeys", { n: whole(F3.once.numerator), d: whole(F3.once.denominator) }), say("mean", { v: number(F3.mean.value) })], false, trend("experienced_once")),
    tile("F4", "tileF4", F4.kept, [say("journeys", { n: whole(F4.kept.numerator), d: whole(F4.kept.denominator) }), say("extra", { v: number(F4.gap.value) })], false, trend("kept")));
  document.getElementById("endings").textContent = F0 ? say("endings", { w: whole(F0.withdrawn.numerator), l: whole(F0.lapsed.numerator), n: whole(F0.not_accepted.numerator) }) : "";
}

function cell(kind, depth, reading, text, href, extra = "") {
  return el("td", { class: `c ${kind}${reading?.few ? " few" : ""}${extra}`, depth: `${Math.round(depth * 85)}%`, title: reading ? `n = ${reading.denominator}` : null }, el("a", { href }, text));
}

function drawGap() {
  const { items, cities, cells } = board.gap;
  const worst = Math.max(...items.flatMap((item) => cities.map((code) => cells[item]?.[code]?.gap.value ?? 0)), 0.01);
  const moved = new Set(lastCells.filter((c) => c.group === "delivered").map((c) => `${c.basic}|${c.region.slice(0, 4)}00`));
  const rows = items.map((item) => el("tr", {}, el("th", { scope: "row" }, thing(item)), ...cities.map((code) => {
    const gap = cells[item]?.[code]?.gap;
    if (!gap || gap.value == null) return el("td", { class: "c" }, "·");
    return cell("warm", Math.max(0, gap.value) / worst, gap, (gap.value * 100).toFixed(0), evidence("F4", { reading: "gap", basic: item, region: code }), moved.has(`${item}|${code}`) ? " glow" : "");
  })));
  replace("gap", items.length ? table(["", ...cities.map(city)], rows, say("gap")) : el("p", { class: "waiting" }, say("none")));
}

function drawCauses() {
  const { causes, total } = board.causes, most = causes[0]?.total || 1;
  document.getElementById("causes-total").textContent = say("ofextra", { n: whole(total.numerator ?? total.value) });
  replace("causes", ...(causes.length ? causes : []).map((c) => el("a", { class: "row", href: evidence("F5", { cause: `${c.cause}|${["government", "applicant", "unknown"].reduce((a, b) => (c[a] >= c[b] ? a : b))}` }) },
    el("span", {}, named(names.causes[c.cause])),
    el("span", { class: "track" }, ...["government", "applicant", "unknown"].map((who) => el("i", { class: `by-${who}`, part: `${(c[who] / most) * 100}%`, title: `${say(who === "unknown" ? "nobody" : who)}: ${c[who]}` }))),
    el("b", {}, whole(c.total)))));
}

function drawMatrix() {
  const { codes, layers, readings } = board.matrix, counts = layers[layer];
  const most = Math.max(...counts.flatMap((row, i) => row.filter((_, j) => i !== j)), 1);
  replace("layers", ...["physical", "virtual"].map((which) => {
    const button = el("button", { type: "button", class: "plain", "aria-pressed": String(which === layer) }, say(which));
    button.addEventListener("click", () => { layer = which; drawMatrix(); });
    return button;
  }));
  const rows = codes.map((from, i) => el("tr", {}, el("th", { scope: "row" }, city(from)), ...codes.map((to, j) => {
    const n = counts[i][j], href = evidence("F6", { pair: `${from}>${to}`, layer });
    return i === j ? cell("", 0, null, whole(n), href, " home") : cell("cool", n ? 0.15 + (0.85 * n) / most : 0, null, n ? whole(n) : "·", href);
  })));
  replace("matrix", table(["↓ → ", ...codes.map(city)], rows, say("matrix")));
  document.getElementById("crossing").textContent = say("crossing", { n: whole(readings.cross_city.numerator), d: whole(readings.cross_city.denominator), p: percent(readings.cross_city) });
}

function drawTravel() {
  const byCity = Object.fromEntries(board.travel.map((row) => [row.region, row.away]));
  replace("tiles11", cartogram(names.cities, city, (code) => byCity[code], percent, (code) => evidence("F7", { region: code })));
}

function small(word, value, note, figure) {
  return el("div", { class: "card" }, el("div", { class: "soft" }, say(word)), el("div", { class: "big" }, el("a", { href: evidence(figure) }, value)), el("div", { class: "note" }, note));
}

function hours(reading) {
  if (reading?.value == null) return say("unknown");
  const h = reading.value / 3600;
  return h < 48 ? `${h.toFixed(1)} h` : `${(h / 24).toFixed(1)} d`;
}

function drawService() {
  const { custody, on_time: time, duty } = board;
  replace("service",
    small("custody", hours(custody.wait_p50), say("custodyN", { n: whole(custody.offered.numerator), p: percent(custody.returned), o: whole(custody.overdue.numerator) }), "F8"),
    small("ontime", percent(time.on_time), say("ontimeN", { n: whole(time.on_time.denominator), b: whole(time.statutory_breaches.numerator) }), "F9"),
    small("speed", percent(time.speed_up), "", "F9"),
    small("duty", number(duty.second_notices.value == null ? null : duty.second_notices.value, 1), say("dutyN", { o: whole(duty.off_list_n.numerator), y: whole(duty.yellow_n.numerator), r: whole(duty.red_n.numerator) }), "F12"));
}

function drawLive() {
  const { open, by_age: ages, failed_today: failed } = board.live, most = Math.max(...ages.map((a) => a.open), 1);
  replace("open", el("p", {}, say("opentotal", { n: whole(open.total), a: whole(open.anonymous) })), ...ages.map((a) => el("div", { class: "row" }, el("span", {}, say("days", { d: a.days })),
    el("span", { class: "track" }, el("i", { class: "plainbar", part: `${(a.open / most) * 100}%` })), el("b", {}, whole(a.open)))));
  const worst = Math.max(...failed.map((f) => f.attempts), 1);
  replace("today", ...(failed.length ? failed.map((f) => el("div", { class: "row" }, el("span", {}, named(names.causes[f.cause])), el("span", { class: "track" }, el("i", { class: "by-applicant", part: `${(f.attempts / worst) * 100}%` })), el("b", {}, whole(f.attempts)))) : [el("p", { class: "soft" }, say("none"))]));
  replace("alerts", ...(board.alerts.length ? board.alerts.map((a) => el("p", {}, `${clock(a.at)} ${isEnglish() ? a.en : a.zh}`)) : [el("p", { class: "soft" }, say("none"))]));
}

// Each partner has a pair of topics of its own; together they are one line, unless one of them does not balance.
function gathered(lines) {
  const found = new Map();
  for (const line of lines) {
    const topic = line.balanced === false ? line.topic : line.topic.replace(/^(gov\.(?:portal|department))\.[^.]+/, "$1.*");
    const at = `${topic}|${line.service}`, sum = found.get(at);
    if (!sum) found.set(at, { ...line, topic });
    else for (const key of ["consumed", "applied", "duplicate", "ignored", "parked", "dead_lettered"]) sum[key] += line[key];
  }
  return [...found.values()];
}

function drawTrust() {
  if (!books) return;
  const mark = (good) => el("td", { class: good === false ? "wrong" : "ok" }, good === false ? "✗" : good === true ? "✓" : "?");
  const written = books.written.map((w) => el("tr", {}, el("td", {}, `${w.service} → ${w.topic}`), ...[w.appended, w.published, w.waiting].map((n) => el("td", {}, whole(n))), mark(w.balanced)));
  const consumed = gathered(books.consumed).map((c) => el("tr", {}, el("td", {}, `${c.topic} → ${c.service}`), ...[c.consumed, c.applied, c.duplicate, c.ignored, c.parked, c.dead_lettered].map((n) => el("td", {}, whole(n))), mark(c.balanced)));
  replace("trust", table([say("topic"), ...["appended", "published", "waiting", "balance"].map((w) => say(w))], written, say("q4")),
    table([say("topic"), ...["consumed", "applied", "duplicate", "ignored", "parked", "dead", "balance"].map((w) => say(w))], consumed, say("q4")));
}

function drawStrip() {
  if (!board) return;
  const books_ = books?.balanced === false ? el("span", { class: "wrong" }, say("unbalanced")) : books?.balanced ? el("span", {}, say("balanced"), " ", el("b", { class: "ok" }, "✓")) : el("span", {}, say("askedothers"));
  replace("strip", el("span", {}, say("asof"), " ", el("b", {}, clock(board.as_of)), board.behind_s == null ? "" : ` · ${say("behind", { s: board.behind_s.toFixed(1) })}`),
    el("span", {}, say("unattributed"), " ", el("b", {}, el("a", { href: evidence("F10") }, percent(board.trust.unattributed)))), books_);
}

function fill(select, options, value) {
  select.replaceChildren(...options.map(([code, text]) => el("option", { value: code, selected: code === value }, text)));
}

function drawFilters() {
  const form = document.getElementById("filters");
  fill(form.region, [["330000", say("province")], ...names.cities.map((c) => [c, named(names.regions[c])])], chosen.region);
  fill(form.basic, [["", say("all")], ...Object.keys(names.basics).map((b) => [b, thing(b)])], chosen.basic);
  fill(form.channel, [["", say("all")], ...Object.entries(names.channels).map(([c, n]) => [c, named(n)])], chosen.channel);
  fill(form.period, [["30", say("last30")], ["90", say("last90")], ["0", say("ever")]], chosen.period);
}

function draw() {
  document.getElementById("demo").hidden = !board.demo;
  for (const step of [drawFilters, drawPromise, drawGap, drawCauses, drawMatrix, drawTravel, drawService, drawLive, drawTrust, drawStrip]) step();
  lastCells = [];
}

function listen() {
  const stream = new EventSource("v1/stream");
  stream.addEventListener("moved", (event) => { lastCells.push(...(JSON.parse(event.data).cells ?? [])); soon(); });
  stream.addEventListener("alert", soon);
  stream.addEventListener("generation", () => location.reload());
}

document.getElementById("filters").addEventListener("change", (event) => { chosen[event.target.name] = event.target.value; load(); });
languageButton(document.getElementById("language"), () => board && draw());
applyWords();
replace("tiles", el("p", { class: "waiting" }, say("loading")));
setInterval(() => document.getElementById("main").classList.toggle("stale", seenAt > 0 && Date.now() - seenAt > STALE_MS * 2), 5000);
setInterval(load, STALE_MS);
await load();
balance();
listen();
