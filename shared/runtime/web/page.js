// What every page is made of: two languages, elements that can only hold text, days and numbers as people read them.
import { today, wall } from "./days.js";
import { WORDS } from "./words.js";

const asked = new URLSearchParams(location.search).get("lang");
if (asked === "en" || asked === "zh") keep("language", asked);
let language = kept("language") === "en" ? 1 : 0;
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const WRITTEN = "select, textarea, input:not([type=radio], [type=checkbox])";
const LONGEST = 120;
const SAID_MS = 12_000;

/** What this browser remembers for a page; nothing personal. */
export function kept(key) { try { return localStorage.getItem(key); } catch { return null; } }
export function keep(key, value) { try { localStorage.setItem(key, value); } catch { /* A browser that remembers nothing works too. */ } }

/** The words of a key in the chosen language, with `{name}` replaced and one of `{n|visit|visits}` chosen. */
export function say(key, values = {}) {
  const words = WORDS[key]?.[language];
  if (!words?.includes("{")) return words ?? key;
  return words.replace(/\{(\w+)\|([\w ]+)\|([\w ]+)\}/g, (_, name, one, more) => (Number(values[name]) === 1 ? one : more)).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
/** The words of a code of a family: `of("cause", "wrong_place")`. A code that nobody named is shown as it is. */
export function of(family, code) { return WORDS[`${family}.${code}`] ? say(`${family}.${code}`) : String(code ?? ""); }
/** The codes of a family, in the catalogue's order. */
export function codes(family) { return Object.keys(WORDS).filter((key) => key.startsWith(`${family}.`)).map((key) => key.slice(family.length + 1)); }
/** One of a published pair of names, harmless and not endless. */
export function named(pair, code = "") {
  const text = harmless(pair?.[language] || pair?.[0] || code);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
export function inEnglish() { return language === 1; }
/** Text without the characters that turn lines around or hide in them. */
export function harmless(text) { return String(text).replace(HIDDEN, ""); }

/** An element. Text stays text, whatever it holds; a function is a listener. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name === "value" || name === "checked") made[name] = value;
    else made.setAttribute(name, value === true ? "" : harmless(value));
  }
  made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false).map((child) => child instanceof Node ? child : harmless(child)));
  return made;
}
/** A published name, kept apart from the direction of what surrounds it. */
export function name(pair, code) {
  const text = named(pair, code);
  return h("bdi", { lang: language && /[\u4e00-\u9fff]/.test(text) ? "zh-CN" : null }, text);
}

/** Change a place without losing the focus or the caret; whoever stood on something that is gone stands on the page. */
function keeping(place, change) {
  const held = document.activeElement;
  const inside = held && place.contains(held);
  const caret = inside && "selectionStart" in held ? held.selectionStart : null;
  change();
  if (!inside || held === document.activeElement) return;
  const again = find(held.id) ?? find("main");
  again?.focus({ preventScroll: true });
  // What may not be acted on any more takes no focus either.
  if (document.activeElement !== again) find("main")?.focus({ preventScroll: true });
  if (caret !== null) try { again?.setSelectionRange(caret, caret); } catch { /* Not every field has a caret. */ }
}
/** Put other children into a place. */
export function fill(place, ...children) {
  keeping(place, () => place.replaceChildren(...children.flat(3).filter(Boolean)));
}
/** Make a place look as it was made anew, and touch only what differs: what is open, scrolled or being read stays so. */
export function settle(place, made) {
  keeping(place, () => liken(place, made));
}
/** Draw a whole page anew and touch only what differs. */
export function redraw(...children) {
  const main = find("main");
  settle(main, h("main", { id: "main", tabindex: "-1", class: main.className || null }, children));
}
function liken(shown, made) {
  if (shown.isEqualNode(made)) return;
  if (shown.nodeName !== made.nodeName || shown.id !== made.id) return shown.replaceWith(made);
  if (shown.nodeType === Node.TEXT_NODE) return void (shown.data = made.data);
  for (const name of made.getAttributeNames()) if (shown.getAttribute(name) !== made.getAttribute(name)) attribute(shown, name, made.getAttribute(name));
  // Whether a table stands open is the reader's choice.
  for (const name of shown.getAttributeNames()) if (!made.hasAttribute(name) && name !== "open") shown.removeAttribute(name);
  const before = [...shown.childNodes], after = [...made.childNodes];
  after.forEach((child, at) => (at < before.length ? liken(before[at], child) : shown.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}
function attribute(shown, name, value) {
  if (name !== "style") return shown.setAttribute(name, value);
  // The policy lets no attribute set a style; ours say how long a bar is and nothing else: `--part: 40%;`.
  const [property, measure] = value.slice(2, -1).split(": ");
  shown.style.setProperty(`--${property}`, measure);
}
export const find = (id) => document.getElementById(id);
/** Whether somebody is filling a field in. */
export const typing = () => Boolean(document.activeElement?.matches(WRITTEN));
/** Lead to what came of something, but nobody away from a field that is being filled in or from the way to undo the last act. */
export function lead(id) { if (!typing() && !find("said")?.contains(document.activeElement)) find(id)?.focus(); }
/** A question whose newest answer alone counts: `const still = ask()` when it is asked, `if (!still()) return` when it is answered. */
export function newest() {
  let last = 0;
  return () => { const mine = last += 1; return () => mine === last; };
}

// Days, times and numbers are spelled by hand: the browser's own formatters take a tenth of a second to begin with.
function parted(wall) {
  const [year, month, date] = wall.slice(0, 10).split("-").map(Number);
  return { y: year, m: of("month", month), d: date, w: of("weekday", new Date(wall.slice(0, 10)).getUTCDay()), t: wall.slice(11) };
}
/** A day: 11月25日周三. */
export function day(text) {
  if (!text) return say("unknown");
  return say(text.slice(0, 4) === today().slice(0, 4) ? "date.day" : "date.year", parted(text));
}
/** A day, marked where it may still move: by a year whose calendar is not published yet. */
export function dated(text, year) { return year ? say("date.provisional", { day: day(text) }) : day(text); }
/** Why a day is marked. */
export function whyProvisional(year) { return year && h("p", { class: "small soft provisional" }, say("date.why", { year })); }
/** An instant: 11月25日 14:05, and its year if that is another one. */
export function moment(text) {
  const at = wall(text);
  return at.slice(0, 4) === today().slice(0, 4) ? say("date.moment", parted(at)) : `${day(at)} ${at.slice(11)}`;
}
/** When a thing of a story happened: a visit that was recorded later names the day that it was made. */
export function happened(entry) { return entry.local_date && entry.local_date !== wall(entry.at).slice(0, 10) ? day(entry.local_date) : moment(entry.at); }
export function clock(text) { return wall(text).slice(11); }
/** How long there is until a day, in working days as the service counts them; on days off it is over before one has passed. */
export function remaining(due, days, todayThere) {
  if (due < todayThere) return days < 0 ? say("list.late", { n: -days }) : say("list.over");
  return days === 0 ? say("list.today") : say("list.left", { n: days });
}
export function number(value) {
  const [whole, part] = String(value).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? `.${part}` : "");
}
/** Several things in one sentence. */
export function listed(texts) { return texts.join(language ? ", " : "、"); }
/** 第 2 次, 2nd. */
export function nth(n) {
  if (!language) return String(n);
  const tail = { one: "st", two: "nd", few: "rd", other: "th" }[new Intl.PluralRules("en", { type: "ordinal" }).select(n)];
  return `${n}${tail}`;
}

// A key that is held acts once: what comes up under it, a question before all, has to be read first.
addEventListener("keydown", (event) => { if (event.repeat && event.key === "Enter" && event.target.tagName !== "TEXTAREA") event.preventDefault(); }, true);

/** Tell what came of something, for eyes and screen readers alike; it goes by itself, but never from under somebody's hand. */
export function told(text, action = null) {
  const place = find("said");
  fill(place, h("div", { class: "said" }, h("span", {}, text), action && h("button", { type: "button", click: action.act }, action.label)));
  clearTimeout(told.timer);
  const clear = () => { if (place.contains(document.activeElement)) told.timer = setTimeout(clear, SAID_MS); else place.replaceChildren(); };
  told.timer = setTimeout(clear, SAID_MS);
}
/** An error is announced when it comes, and not again with everything that is drawn after it. */
export function alarm(problem) {
  const role = problem.announced ? null : "alert";
  problem.announced = true;
  return role;
}

const STEPS = ["submitted", "received", "accepted", "decided", "delivered"];
const ON_THE_WAY = { "in-correction": "received" };
/** How far a case is, as a line of steps; null for one that left the line. */
export function steps(situation) {
  const at = STEPS.indexOf(ON_THE_WAY[situation] ?? situation);
  if (at < 0) return null;
  return h("ol", { class: "steps", "aria-label": say("steps.label") }, STEPS.map((step, n) => h("li", { class: n < at ? "done" : n === at ? "now" : null, "aria-current": n === at ? "step" : null }, of("situation", n === at ? situation : step))));
}
/** What a listed material is called. */
export function materialName(listed, code) {
  const one = listed.find((material) => material.code === code);
  return name(one && [one.name_zh, one.name_en], code);
}
/** A number as it was typed, scanned or pasted, the way the record spells it. */
export function spelled(text) { return text.normalize("NFKC").replaceAll(/\s/g, "").toUpperCase(); }

const ROOMS = [["intake", "/", "nav.citizen"], ["intake", "/guide.html", "nav.guide"], ["intake", "/desk.html", "nav.desk"], ["approval", "/", "nav.worklist"], ["metrics", "/", "nav.board"], ["notify", "/", "nav.messages"]];

/** Whose session this is: the role, the body if there is one, and the number that they signed in by. */
export const signedIn = (session, body = null) => [of("role", session.head ? "head" : session.role), body, session.id].filter(Boolean).join(" · ");
/** The frame of a page. `draw` is called now and whenever the language changes; `rooms` links the other pages for staff. */
export function frame(title, { about, who = null, leave = null, draw }) {
  function write() {
    document.documentElement.lang = language ? "en" : "zh-CN";
    document.title = `${say(title)} · ${say("brand")}`;
    const me = who && who();
    const links = ROOMS.filter(([service, path]) => who || (service === "intake" && path !== "/desk.html") || about.demo).map(([service, path, word]) => {
      const own = service === about.service;
      const here = own && (location.pathname === path || location.pathname === `${path}index.html`);
      return (own || about.urls[service]) && h("a", { href: own ? path : about.urls[service] + path, "aria-current": here ? "page" : null }, say(word));
    });
    fill(find("masthead"), h("div", {}, h("b", {}, say("brand")), about.demo && h("strong", { class: "badge" }, say("demo")), h("nav", { "aria-label": say("nav") }, links),
      h("span", { class: "who" }, me && h("span", { class: "name", title: me }, me), " ", leave && h("button", { type: "button", class: "quiet", id: "leave", click: leave }, say("signout"))),
      h("button", { type: "button", class: "second", id: "language", lang: language ? "zh-CN" : "en", click: turn }, language ? "中文" : "English")));
    find("skip").textContent = say("skip");
    find("foot").textContent = about.demo ? say("foot.demo") : say("foot");
    draw();
  }
  function turn() {
    language = 1 - language;
    keep("language", language ? "en" : "zh");
    write();
  }
  write();
  return write;
}
