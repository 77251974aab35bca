// The questions of the board, each a heading in plain words and one sentence that says how to read what follows, and what
// answers them. A part makes a div without an id, as is the place where it stands: so its place is never another one.
import { find, h, listed, moment, named, number, of, say } from "/parts/page.js";
import { rowHead, span, table, whole } from "/parts/tables.js";
import { aged, bar, cartogram, deep, fewUnseen, fixed, isFew, parts, percent, sources, spark, word } from "./charts.js";

/** What the parts read: names, figures and the slice that these are of, books, whether these are old by now, and how to ask for more. */
export const board = { names: null, figures: null, shown: null, books: null, lost: false, layer: "physical", moved: new Set(), many: false };
const STANDS_OUT_MAX = 12, GAPS_MAX = 10;
const PARTIES = ["government", "applicant", "unknown"];

const asks = (id, title, how) => h("div", {}, h("h2", { id: `h-${id}` }, say(title)), h("p", { class: "how" }, say(how)));
/** The place of a question on the board. */
export const question = (id, ...children) => h("section", { class: "q", id: `q-${id}`, "aria-labelledby": `h-${id}` }, children);
const card = (title, ...children) => h("div", { class: "card" }, h("h3", {}, title), children);
const of_ = (reading) => say("board.of", { n: whole(reading.numerator), d: whole(reading.denominator) });

/** A ratio in a table, marked where it is of few. */
const share = (reading, link = null) => h("td", { class: isFew(reading) ? "few" : null }, link ? h("a", link, percent(reading)) : percent(reading), fewUnseen(reading));
/** A number within its words, which open what it is made of. */
const opens = (figure, reading, text) => h("a", { id: `s-${figure}-${reading}`, href: board.evidence(figure, { reading }) }, text);
/** What is folded away is made while it stands open; `part` is the part that it belongs to. */
const folded = (id, summary, part, make) => h("details", { id, toggle: () => board.again(part) }, h("summary", {}, summary), find(id)?.open && make());

function tile(figure, title, reading, lines, { promised = false, trend = null, take = null } = {}) {
  const unknown = reading.value === null;
  return h("article", { class: `card tile${promised ? " promised" : ""}${isFew(reading) ? " few" : ""}`, "data-figure": figure }, h("h3", {}, say(title)),
    h("div", { class: "v" }, unknown ? say("unknown") : (reading.value * 100).toFixed(1), unknown ? null : h("small", {}, " %")), trend ? spark(trend) : null,
    lines.map((line) => h("p", {}, line)), isFew(reading) ? h("p", {}, h("strong", {}, say("few"))) : null, h("a", { id: `t-${figure}`, href: board.evidence(figure) }, say("open.evidence"), h("span", { class: "unseen" }, ` ${say(title)}`)), take);
}
const ENDINGS = [["withdrawn", "ending.withdrawn"], ["lapsed", "ending.lapsed"], ["not_accepted", "ending.not_accepted"]];
export function promise() {
  const { F1, F2, F3, F4, F0 } = board.figures.promise, { trend } = board.figures, items = F1.total.readings;
  const weeks = (key) => trend.map((week) => week[key]?.value);
  return h("div", {}, question("promise", asks("promise", "board.q1", "board.q1how"), h("div", { class: "tiles" },
    tile("F1", "tile.F1", items.once, [say("tile.items", { n: whole(items.once.numerator), d: whole(items.once.denominator) }), opens("F1", "once_less_exceptions", say("tile.less", { p: percent(items.once_less_exceptions), d: whole(items.once_less_exceptions.denominator) }))], { promised: true, take: sources("figures/F1", board.query()) }),
    tile("F2", "tile.F2", F2.once, [of_(F2.once), opens("F2", "zero", say("tile.zero", { p: percent(F2.zero) }))], { trend: weeks("once") }),
    tile("F3", "tile.F3", F3.once, [of_(F3.once), opens("F3", "mean", say("tile.mean", { v: fixed(F3.mean.value) }))], { trend: weeks("experienced_once") }),
    tile("F4", "tile.F4", F4.kept, [of_(F4.kept), opens("F4", "gap", say(F4.gap.value < 0 ? "tile.fewer" : "tile.extra", { v: fixed(F4.gap.value === null ? null : Math.abs(F4.gap.value)) }))], { trend: weeks("kept") })),
  h("p", { class: "sources", id: "endings" }, h("span", {}, say("board.endings")), ENDINGS.map(([reading, words]) => h("a", { id: `end-${reading}`, href: board.evidence("F0", { reading }) }, say(words, { n: whole(F0[reading].numerator) })))),
  folded("weeks", say("board.weeks"), promise, weekByWeek), folded("levels", say("board.levels"), promise, levelByLevel), folded("spread", say("board.spread"), promise, oftenness)));
}
/** F1 by level: of all items together, and as the mean of its places, which is how the reform reports it. */
function levelByLevel() {
  const rows = board.figures.promise.F1.levels.map((level) => h("tr", {}, rowHead(named(word(level.name), String(level.level))), share(level.readings.once), h("td", {}, whole(level.readings.once.denominator)), h("td", {}, whole(level.units)), h("td", {}, fixed(level.mean_per_unit.once, 1)), h("td", {}, fixed(level.mean_per_unit.items, 1))));
  return [table(say("board.levels"), ["levels.level", "tile.F1", "levels.items", "levels.units", "levels.once", "levels.each"].map((key) => say(key)), rows), sources("figures/F1", board.query())];
}
/** F3 in full: how often people really came. */
function oftenness() {
  const { F3 } = board.figures.promise, rows = OFTEN.map((reading) => h("tr", {}, rowHead(say(`often.${reading}`)), bar([["by-applicant", F3[reading].value ?? 0]]), share(F3[reading], { id: `often-${reading}`, href: board.evidence("F3", { reading }) }), h("td", {}, whole(F3[reading].numerator))));
  return [table(say("board.spread"), [say("often"), h("th", { "aria-hidden": "true" }), say("travel.share"), say("live.journeys")], rows), sources("figures/F3", board.query())];
}
const OFTEN = ["none_runs", "one_run", "two_runs", "more_runs"];
const WEEKLY = [["F2", "once", "once"], ["F3", "once", "experienced_once"], ["F4", "kept", "kept"]];
function weekByWeek() {
  const rows = board.figures.trend.map((week) => {
    const days = daysOf(week.week);
    return h("tr", {}, rowHead(week.week), WEEKLY.map(([figure, reading, key]) => share(week[key], { id: `w-${week.week}-${figure}`, href: board.evidence(figure, { reading, ...days }) })), h("td", {}, whole(week.kept.denominator)));
  });
  return [table(say("board.weeks"), [say("week"), say("tile.F2"), say("tile.F3"), say("tile.F4"), "n"], rows), sources("weeks", board.query())];
}
/** The days of a week that the figures speak of. */
function daysOf(monday) {
  const { from, to } = board.figures.slice, sunday = new Date(Date.parse(monday) + 6 * 864e5).toISOString().slice(0, 10);
  return { from: from && from > monday ? from : monday, to: to && to < sunday ? to : sunday };
}

function heat(kind, depth, reading, text, href, id, more = "") {
  return h("td", { class: `c ${kind} ${deep(depth)}${isFew(reading) ? " few" : ""}${more}` }, h("a", { href, id }, text, reading?.denominator ? [" ", h("small", {}, h("span", { class: "unseen" }, "n = "), number(reading.denominator))] : null, fewUnseen(reading)));
}
/** What lies behind a number of this moment; no filter of the board has a say in it. */
const now = (id, words, text) => h("a", { id: `now-${id}`, href: `/now.html?${new URLSearchParams(words)}` }, text);
const nothing = () => h("td", { class: "c" }, h("span", { class: "none" }, "·"));
/** Trips per hundred journeys; nothing is less than none by less than one. */
const hundredfold = (value) => String(Math.round(value * 100));
/** The region of what a city's column holds: a county that was asked for is narrower. */
function within(city) {
  const { region } = board.figures.slice;
  return region && !region.endsWith("00") ? region : city;
}
export const whereNot = () => asks("where", "board.q2", "board.q2how");
export function gaps() {
  const { items, cities, cells } = board.figures.gap;
  const worst = Math.max(...items.flatMap((item) => cities.map((code) => cells[item]?.[code]?.gap.value ?? 0)), 0.01);
  // A cell that just moved glows, unless so many do that none stands out.
  const moved = board.many || board.moved.size > STANDS_OUT_MAX ? new Set() : board.moved;
  Object.assign(board, { moved: new Set(), many: false });
  const row = (item) => h("tr", {}, rowHead(board.thing(item)), cities.map((code) => {
    const gap = cells[item]?.[code]?.gap;
    if (!gap || gap.value === null) return nothing();
    return heat("warm", Math.max(0, gap.value) / worst, gap, hundredfold(gap.value), board.evidence("F4", { reading: "gap", basic: item, region: within(code) }), `gap-${item}-${code}`, moved.has(`${item}|${code.slice(0, 4)}`) ? " glow" : "");
  }));
  const lines = (title, some) => table(title, [say("filter.thing"), ...cities.map(board.city)], some.map(row));
  const rest = items.slice(GAPS_MAX), more = say("gap.rest", { n: rest.length });
  return card(say("gap.title"), items.length ? lines(say("gap.title"), items.slice(0, GAPS_MAX)) : h("p", { class: "soft" }, say("none.delivered")), rest.length > 0 && folded("gap-rest", more, gaps, () => lines(more, rest)), sources("gap", board.query()));
}
export function causes() {
  const { causes: bars, total } = board.figures.causes, most = bars[0]?.total || 1;
  const rows = bars.map((one) => h("tr", {}, rowHead(of("cause", one.cause)), bar(PARTIES.map((party) => [`by-${party}`, one[party] / most])), PARTIES.map((party) => h("td", {}, one[party] ? h("a", { id: `why-${one.cause}-${party}`, href: board.evidence("F5", { reading: "extra", cause: `${one.cause}|${party}` }) }, whole(one[party])) : "0")), h("td", {}, h("b", {}, h("a", { id: `why-${one.cause}`, href: board.evidence("F5", { reading: "extra", cause: one.cause }) }, whole(one.total))))));
  return card([say("why.title"), " ", h("span", { class: "count" }, opens("F5", "extra", say("why.of", { n: whole(total.numerator) })))], bars.length ? table(say("why.title"), [say("why.cause"), h("th", { "aria-hidden": "true" }), ...PARTIES.map((party) => of("party", party)), say("total")], rows) : h("p", { class: "soft" }, say("none.extra")),
    h("p", { class: "legend", "aria-hidden": "true" }, PARTIES.map((party) => h("span", {}, h("i", { class: `by-${party}` }), of("party", party)))), sources("causes", board.query()));
}
/** As many days as the figures speak of, right before them. */
function daysBefore() {
  const { from, to, known_at: knownAt } = board.figures.slice, back = (day, days) => new Date(Date.parse(day) - days * 864e5).toISOString().slice(0, 10);
  const days = (Date.parse(to ?? knownAt ?? board.figures.live.day) - Date.parse(from)) / 864e5 + 1;
  return { from: back(from, days), to: back(from, 1) };
}
export function movers() {
  const { movers: found } = board.figures;
  const lines = (found ?? []).map((one) => h("li", {}, h("a", { id: `mover-${one.basic}-${one.city}`, href: board.evidence("F4", { reading: "gap", basic: one.basic, region: within(one.city) }) }, board.thing(one.basic), " · ", board.city(one.city)), h("b", {}, h("a", { id: `before-${one.basic}-${one.city}`, href: board.evidence("F4", { reading: "gap", basic: one.basic, region: within(one.city), ...daysBefore() }), "aria-label": say("movers.before", { b: hundredfold(one.before.value) }) }, hundredfold(one.before.value)), say("movers.line", { a: hundredfold(one.gap.value) }))));
  return card(say("movers.title"), h("p", { class: "soft small" }, say("movers.how")), lines.length ? h("ul", { class: "movers" }, lines) : h("p", { class: "soft" }, say(found === null ? "movers.open" : "movers.none")), sources("movers", board.query()));
}

export const whoHandles = () => asks("who", "board.q3", "board.q3how");
export function matrix() {
  const { codes, layers, readings } = board.figures.matrix, counts = layers[board.layer];
  const most = Math.max(...counts.flatMap((row, at) => row.filter((_, other) => at !== other)), 1);
  const rows = codes.map((from, at) => h("tr", {}, rowHead(board.city(from)), codes.map((to, other) => {
    const n = counts[at][other];
    if (!n) return nothing();
    const href = board.evidence("F6", { reading: "accepted", pair: `${from}>${to}`, layer: board.layer });
    return at === other ? heat("", 0, null, whole(n), href, `m-${from}-${to}`, " home") : heat("cool", 0.15 + (0.85 * n) / most, null, whole(n), href, `m-${from}-${to}`);
  })));
  return card(say("matrix.title"), h("div", { class: "switch", role: "group", "aria-label": say("matrix.layer") }, ["physical", "virtual"].map((layer) => h("button", { type: "button", class: "second", id: `layer-${layer}`, "aria-pressed": String(layer === board.layer), click: () => board.turn(layer) }, of("layer", layer)))),
    table(`${say("matrix.title")} · ${of("layer", board.layer)}`, [say("matrix.corner"), ...codes.map(board.city)], rows),
    h("p", { class: "soft small" }, opens("F6", "cross_city", say("matrix.crossing", { n: whole(readings.cross_city.numerator), d: whole(readings.cross_city.denominator), p: percent(readings.cross_city) })), isFew(readings.cross_city) ? ` ${say("few")}` : null), sources("matrix", board.query({ layer: board.layer })));
}
export function travel() {
  const away = Object.fromEntries(board.figures.travel.map((row) => [row.region, row.away]));
  const href = (code) => board.evidence("F7", { reading: "away", home: code });
  const rows = Object.entries(away).map(([code, reading]) => h("tr", {}, rowHead(board.city(code)), share(reading), h("td", {}, whole(reading.numerator)), h("td", {}, whole(reading.denominator))));
  return card(say("travel.title"), cartogram(board.names.cities, { name: board.city, reading: (code) => away[code], show: percent, href }), h("p", { class: "soft small" }, say("travel.notmap")),
    h("details", { id: "travel-table" }, h("summary", {}, say("take.table")), table(say("travel.title"), [say("travel.home"), say("travel.share"), say("travel.away"), say("travel.runs")], rows)), sources("figures/F7", board.query({ by: "home" })));
}
/** One figure with what it is of; its evidence is that of the reading `code`. */
function small(title, reading, value, words, figure, code) {
  return h("div", { class: `card${isFew(reading) ? " few" : ""}` }, h("h3", { class: "soft" }, say(title)), h("div", { class: "big" }, value), h("p", {}, words.filter(Boolean).flatMap((one, at) => (at ? [" · ", one] : [one]))), isFew(reading) ? h("p", {}, h("strong", {}, say("few"))) : null,
    h("a", { id: `s-${title}`, href: board.evidence(figure, { reading: code }) }, say("open.evidence"), h("span", { class: "unseen" }, ` ${say(title)}`)), sources(`figures/${figure}`, board.query()));
}
export function custody() {
  const { wait_p50: wait, wait_p90: long, offered, returned, overdue } = board.figures.custody;
  // Where none was taken, what is few are the offers.
  return small("custody.title", wait.value === null ? returned : wait, span(wait.value), [say("custody.taken", { n: whole(wait.denominator) }), long.value !== null && opens("F8", "wait_p90", say("custody.long", { s: span(long.value) })), opens("F8", "offered", say("custody.offered", { n: whole(offered.numerator) })), opens("F8", "returned", say("custody.returned", { p: percent(returned) })), opens("F8", "overdue", say("custody.overdue", { n: whole(overdue.numerator) }))], "F8", "wait_p50");
}
export function onTime() {
  const { on_time: kept, statutory_breaches: breaches } = board.figures.on_time;
  return small("ontime.title", kept, percent(kept), [opens("F9", "decided", say("ontime.of", { n: whole(kept.denominator) })), opens("F9", "statutory_breaches", say("ontime.breaches", { n: whole(breaches.numerator) }))], "F9", "on_time");
}
export function speed() {
  const { speed_up: quicker, decided } = board.figures.on_time;
  return small("speed.title", quicker, percent(quicker), [say("speed.note", { n: whole(quicker.numerator), d: whole(quicker.denominator), c: whole(decided.numerator) })], "F9", "speed_up");
}
const BREACHES = [["off_list_n", "duty.off"], ["yellow_n", "duty.yellow"], ["red_n", "duty.red"]];
export function duty() {
  const { duty: found } = board.figures, notices = found.second_notices;
  return small("duty.title", notices, fixed(notices.value, 1), [say("duty.of", { n: parts(notices) }), ...BREACHES.map(([reading, words]) => opens("F12", reading, say(words, { n: whole(found[reading].numerator) })))], "F12", "second_notices");
}

// Each partner has a pair of topics of its own; together they are one line, unless one of them does not balance.
function gathered(lines, keys) {
  const found = new Map();
  for (const line of lines) {
    const topic = line.balanced === false ? line.topic : line.topic.replace(/^(gov\.(?:portal|department))\.[^.]+/, "$1.*");
    const at = `${topic}|${line.service}|${line.group ?? ""}`, sum = found.get(at);
    if (!sum) found.set(at, { ...line, topic });
    else for (const key of keys) sum[key] += line[key];
  }
  return [...found.values()];
}
function mark(good) {
  if (board.lost) return h("td", { class: "late" }, say("unknown"));
  return h("td", { class: good === false ? "wrong" : "ok" }, good === false ? say("books.no") : say("books.yes"));
}
export function trust() {
  const { books } = board, { services, parked } = board.figures.trust, title = asks("trust", "board.q4", "board.q4how");
  const marks = services.map((one) => h("tr", {}, rowHead(of("service", one.service)), h("td", { class: one.complete_to ? null : "late" }, one.complete_to ? moment(one.complete_to) : say("unknown"))));
  const head = h("div", { class: "wide2" }, card(say("trust.watermark"), table(say("trust.watermark"), [say("ops.service"), say("trust.complete")], marks), h("p", { class: "soft small" }, say("trust.watermarkhow"))),
    card(say("trust.parked"), h("div", { class: `big ${parked ? "wrong" : ""}` }, whole(parked)), h("p", {}, say(parked ? "trust.parkedsome" : "trust.parkednone"), " ", h("a", { href: "/operations.html" }, say("nav.operations")))));
  const away = board.lost ? h("p", { class: "note wait" }, say("books.lost")) : null;
  if (!books) return h("div", {}, question("trust", title, head, away ?? h("p", { class: "loading" }, say("loading"))));
  const IN = ["consumed", "applied", "duplicate", "ignored", "parked", "dead_lettered", "passed_over"];
  const written = books.written.map((one) => h("tr", {}, rowHead(`${one.service} → ${one.topic}`), ["appended", "published", "waiting"].map((key) => h("td", {}, whole(one[key]))), mark(one.balanced)));
  const read = gathered(books.consumed, IN).map((one) => h("tr", {}, rowHead(`${one.topic} → ${one.group}`), IN.map((key) => h("td", {}, whole(one[key]))), mark(one.balanced)));
  return h("div", {}, question("trust", title, head, away ?? (books.unreachable.length ? h("p", { class: "note wait" }, say("books.away", { s: listed(books.unreachable.map((one) => of("service", one))) })) : null),
    card(say("books.written"), table(say("books.written"), [say("books.topic"), ...["appended", "published", "waiting", "equal"].map((key) => say(`books.${key}`))], written)), card(say("books.read"), table(say("books.read"), [say("books.topic"), ...IN.map((key) => say(`books.${key}`)), say("books.equal")], read), h("p", { class: "sources" }, h("a", { href: "/v1/trust" }, say("take.json"))))));
}
export function live() {
  const { open, by_age: ages, by_holder: holders, failed_today: failed, visited_per_minute: minutes, day: today } = board.figures.live, { alerts } = board.figures;
  const most = Math.max(...ages.map((one) => one.open), 1), worst = Math.max(...failed.map((one) => one.attempts), 1);
  const visited = minutes.reduce((sum, one) => sum + one.journeys, 0);
  const held = holders.map((one) => h("tr", {}, rowHead(one.region === "none" ? say("live.nobody") : board.city(one.region)), h("td", {}, now(`held-${one.region}`, { holder: one.region }, whole(one.open))), h("td", {}, one.anonymous ? now(`nobodys-${one.region}`, { holder: one.region, anonymous: true }, whole(one.anonymous)) : "0")));
  return h("div", {}, question("now", asks("now", "board.q5", "board.q5how"), h("div", { class: "wide2" },
    card(say("live.open"), h("p", {}, now("open", {}, say("live.total", { n: whole(open.total) })), " · ", now("anonymous", { anonymous: true }, say("live.nobodys", { n: whole(open.anonymous) }))), table(say("live.open"), [say("live.age"), h("th", { "aria-hidden": "true" }), say("live.journeys")], ages.map((one) => h("tr", {}, rowHead(aged(one.days)), bar([["by-government", one.open / most]]), h("td", {}, now(`aged-${parseInt(one.days, 10)}`, { days: one.days }, whole(one.open)))))),
      h("details", { id: "holders" }, h("summary", {}, say("live.holders")), table(say("live.holders"), [say("live.city"), say("live.journeys"), say("live.anonymous")], held)), sources("live", "")),
    h("div", {}, card(say("live.visited", { m: minutes.length }), h("p", { id: "visited" }, now("visited", { visited: true }, say("live.perminute", { v: fixed(visited / minutes.length, 1), n: whole(visited) })))), card(say("live.failed"), failed.length ? table(say("live.failed"), [say("why.cause"), h("th", { "aria-hidden": "true" }), say("live.attempts")], failed.map((one) => h("tr", {}, rowHead(of("cause", one.cause)), bar([["by-applicant", one.attempts / worst]]), h("td", {}, h("a", { id: `vain-${one.cause}`, href: `/evidence.html?${new URLSearchParams({ figure: "F13", reading: "failed", from: today, to: today, cause: one.cause })}` }, whole(one.attempts)))))) : h("p", { class: "soft" }, say("live.nofail"))),
      card(say("live.alerts"), alerts.length ? h("ul", { class: "movers" }, alerts.map((one) => h("li", {}, h("a", { id: `alert-${one.id}`, href: `/evidence.html?${new URLSearchParams(one.evidence)}` }, named([one.zh, one.en])), h("time", { class: "soft small" }, moment(one.at))))) : h("p", { class: "soft" }, say("live.quiet")))))));
}
