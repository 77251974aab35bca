// One of many: a list where there are few; beyond that a field in which a part of a name, or of a code, narrows the list. Of more
// than a page holds, those that a text leaves are asked for.
import { find, h, name, named, number, say, settle } from "./page.js";

const FEW = 15, SHOWN_MAX = 50, TEXT_MAX = "120", PAUSE_MS = 250;
const NONE = { code: "" }, CLOSED = { open: false, at: undefined }, EMPTY = { text: undefined, wrong: undefined, told: undefined, failed: undefined, isMeant: false };
// What each was drawn of last: a redraw keeps elements, and with them the listeners that they were made with.
const drawn = new Map();
const spellings = new WeakMap();
let pressed = false;

/**
 * A field for one of `choices`, each `{ code, names, where, group }`: the names of its place and the key of its group may be missing.
 * If they are but the first of `count`, `seek` promises those of all that a text leaves, the best first, as `{ choices, count }`.
 * `field` is what the field is called, `blank` the key of what no choice is called, `fault` the id of what the page objects to,
 * `chosen` the choice of `value`, where the page may not hold it. What is typed and not chosen yet lives in `typed`, an object of the
 * page's own that begins empty; `change` hears a code, "" for none, and the choice.
 */
export function chooser(id, asked) {
  if (asked.choices.length <= FEW && !isCut(asked)) return list(id, asked);
  drawn.set(id, { ...asked });
  // A redraw leaves a field what it holds, also where something else was chosen, or is called otherwise by now.
  queueMicrotask(() => show(id));
  return made(id);
}
/** Whether something is typed that is no choice yet. */
export const undecided = (typed) => typed?.text !== undefined;
/** Of what is offered, all but the one that has this code. */
export const allBut = (code) => ({ choices, count }) => { const left = choices.filter((one) => one.code !== code); return { choices: left, count: count - choices.length + left.length }; };
/** Whether a field keeps somebody from going on: who typed a text there that is no choice is led back to it, and told. */
export function objects(id) {
  const one = find(`${id}-chooser`) && drawn.get(id);
  if (!one || !undecided(one.typed)) return false;
  if (!one.typed.text.trim()) {
    choose(id, NONE);
    return Boolean(one.required);
  }
  renew(id, { ...CLOSED, wrong: "new" });
  find(id).focus();
  return true;
}

/** Whether there are more than the page holds. */
const isCut = ({ choices, count }) => count > choices.length;
function list(id, { name: key, blank, required, choices, value, typed, change }) {
  delete typed.text;
  const line = (one) => h("option", { value: one.code, selected: one.code === value }, called(one));
  const heard = ({ target }) => change(target.value, choices.find((one) => one.code === target.value) ?? NONE);
  return h("select", { id, name: key, required, change: heard }, h("option", { value: "" }, say(blank)), grouped(choices).map(([group, some]) => (group ? h("optgroup", { label: say(group) }, some.map(line)) : some.map(line))));
}

const called = ({ code, names, where }) => [named(names, code), where && named(where)].filter(Boolean).join(" · ");
/** What is chosen, as the field says it. */
const label = ({ choices, value, chosen }) => (value ? called((chosen?.code === value ? chosen : choices.find((one) => one.code === value)) ?? { code: value }) : "");
const plain = (text = "") => text.normalize("NFKC").toLowerCase().trim();
/** How a choice answers to a text: exactly so called 0, beginning so 1, holding all its words 2, not at all -1. In either language. */
function answers(one, text, words) {
  if (!spellings.has(one)) {
    const own = [one.code, ...(one.names ?? [])].filter(Boolean).map(plain);
    spellings.set(one, { own, all: [...own, ...(one.where ?? []).filter(Boolean).map(plain)].join(" · ") });
  }
  const { own, all } = spellings.get(one);
  if (own.includes(text)) return 0;
  if (own.some((each) => each.startsWith(text))) return 1;
  return words.every((word) => all.includes(word)) ? 2 : -1;
}
function grouped(some) {
  const groups = new Map();
  for (const one of some) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return [...groups];
}
/**
 * What a text leaves of the choices: how many, which are called exactly so, and the best of them as lines, in groups. Of more than the
 * page holds it is what the page knows of, until they are `asked` for; what was asked for is told in part where it is much.
 */
function left(one) {
  const { choices, count, value, typed } = one, text = plain(typed.text), words = text.split(/\s+/), ranked = [[], [], []];
  const told = isCut(one) && typed.told?.text === text ? typed.told : null;
  for (const each of told?.choices ?? choices) ranked[answers(each, text, words)]?.push(each);
  const found = told?.choices ?? ranked.flat(), groups = grouped(found.slice(0, SHOWN_MAX)), shown = Math.min(found.length, SHOWN_MAX);
  if (!text && value) groups.unshift([undefined, [NONE]]);
  const there = told?.count ?? (!text && isCut(one) ? count : found.length), asked = Boolean(told) || !text || !isCut(one);
  return { groups, lines: groups.flatMap(([, some]) => some), exact: ranked[0], shown, count: there, asked, isAll: asked && there === found.length };
}
/** What somebody means who marks none: no choice by an empty text, what alone is left of one, or alone is called or coded exactly so. */
function alone(one) {
  const { typed } = one, { lines, exact, isAll } = left(one), text = plain(typed.text);
  if (!text) return undecided(typed) ? NONE : undefined;
  const some = !isAll ? exact.filter(({ code }) => plain(code) === text) : exact.length === 1 ? exact : lines;
  return some.length === 1 ? some[0] : undefined;
}

/** Ask for what a text leaves of more than the page holds, in a while. Only the newest question is answered; the others are dropped. */
function seek(id, pause = 0) {
  const one = drawn.get(id), { typed } = one, mine = {};
  drop(typed);
  typed.failed = undefined;
  if (left(one).asked) return;
  typed.asked = mine;
  typed.timer = setTimeout(async () => {
    const text = plain(typed.text);
    const answer = await one.seek((typed.text ?? "").trim()).then((told) => ({ told: { ...told, text } }), (failed) => ({ failed }));
    if (typed.asked === mine) hear(id, typed, answer);
  }, pause);
}
function drop(typed) {
  clearTimeout(typed.timer);
  typed.asked = undefined;
}
function hear(id, typed, answer) {
  const { isMeant } = typed, one = drawn.get(id);
  Object.assign(typed, answer, { asked: undefined, isMeant: false });
  // Whoever the field is drawn for by now: what was asked for another stays with that one.
  if (one.typed !== typed) return;
  const meant = isMeant && answer.told && alone(one);
  if (meant) choose(id, meant);
  else if (isMeant && !isIn(id)) renew(id, { ...CLOSED, wrong: "new" });
  else renew(id, isMeant && answer.told && !answer.told.choices.length ? { wrong: "new" } : {});
}
/** Whether somebody is in the field or on what belongs to it. */
const isIn = (id) => Boolean(find(`${id}-chooser`)?.contains(document.activeElement));

const lineId = (id, code) => `${id}-at-${code}`;
function made(id) {
  const one = drawn.get(id), { field, blank, required, value, typed, fault } = one;
  const { groups, lines, count, shown } = typed.open ? left(one) : { groups: [], lines: [] };
  const isWrong = Boolean(typed.wrong) && !fault, isListed = lines.length > 0, isMarked = lines.some((each) => each.code === typed.at);
  // It is announced when it comes, and not again with everything that is drawn after it.
  const role = typed.wrong === "said" ? null : "alert";
  if (isWrong) typed.wrong = "said";
  const line = (each) => h("div", { role: "option", id: lineId(id, each.code), class: each.code === typed.at ? "at" : null, "aria-selected": String(each.code === value), click: () => choose(id, each) }, each === NONE ? say(blank) : [name(each.names, each.code), each.where && [" · ", name(each.where)]]);
  return h("div", { id: `${id}-chooser`, class: "chooser", focusout: () => leave(id) },
    h("div", { id: `${id}-wrong` }, isWrong && h("p", { class: "error", role }, lacking(one))),
    h("input", { type: "text", id, role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: TEXT_MAX, placeholder: say("chooser.type", { blank: say(blank) }), value: typed.text ?? label(one),
      "aria-required": required && "true", "aria-invalid": (isWrong || fault) && "true", "aria-describedby": isWrong ? `${id}-wrong` : fault, "aria-autocomplete": "list", "aria-expanded": String(isListed), "aria-controls": `${id}-list`, "aria-activedescendant": isMarked && lineId(id, typed.at),
      input: (event) => type(id, event), compositionend: (event) => type(id, event), keydown: (event) => press(id, event), click: () => unfold(id) }),
    // Whoever presses on the list stays in the field; what scrolls by itself is no stop on the way of the tabulator.
    h("div", { class: typed.open ? "listed open" : "listed", mousedown: (event) => event.preventDefault() },
      h("div", { role: "listbox", id: `${id}-list`, tabindex: "-1", "aria-label": field, hidden: !isListed }, groups.map(([group, some]) => (group ? h("div", { role: "group", "aria-label": say(group) }, h("div", { class: "small soft", "aria-hidden": "true" }, say(group)), some.map(line)) : some.map(line)))),
      h("p", { class: "small soft", role: "status" }, typed.open && said(typed, count, shown)),
      typed.open && typed.failed && h("p", {}, h("button", { type: "button", class: "second", id: `${id}-again`, click: () => again(id) }, say("again")))));
}
function said({ asked, failed }, count, shown) {
  if (asked) return say("chooser.seeking");
  if (failed) return say("chooser.failed", { why: failed.sentence ?? say("trouble.unknown") });
  return say(count > shown ? "chooser.many" : count ? "chooser.count" : "chooser.none", { n: number(count), shown });
}
function lacking(one) {
  return [say("chooser.wrong", { field: one.field, text: one.typed.text }), one.value && !one.required && ` ${say("chooser.still", { name: label(one) })}`];
}
/** Draw the field and its list anew, and nothing around them. */
function renew(id, changes) {
  const one = drawn.get(id), place = find(`${id}-chooser`);
  Object.assign(one.typed, changes);
  if (place) settle(place, made(id));
  show(id);
}
function show(id) {
  const one = drawn.get(id), { text = label(one), open, at } = one.typed, box = find(id);
  if (box && box.value !== text) box.value = text;
  if (open && at !== undefined) find(lineId(id, at))?.scrollIntoView({ block: "nearest" });
}

function choose(id, each) {
  const one = drawn.get(id), isOther = each.code !== one.value;
  drop(one.typed);
  Object.assign(one, { value: each.code, chosen: each });
  renew(id, { ...CLOSED, ...EMPTY });
  if (isOther) one.change(each.code, each);
}
function type(id, { target, isComposing }) {
  const one = drawn.get(id), text = target.value === label(one) ? undefined : target.value;
  Object.assign(one.typed, { text, isMeant: false });
  // Letters that are still to become characters narrow nothing.
  if (isComposing) return;
  seek(id, PAUSE_MS);
  renew(id, { open: true, at: undefined, wrong: undefined });
}
/** Open the list; what was not asked for to its end is asked for again. */
function open(id, changes = {}) {
  const { typed } = drawn.get(id);
  if (!typed.open && !typed.asked) seek(id);
  renew(id, { open: true, ...changes });
}
function unfold(id) {
  const { typed } = drawn.get(id);
  if (typed.open) return;
  open(id, { at: undefined });
  // What is chosen gives way to what will be typed.
  if (!undecided(typed)) find(id).select();
}
function again(id) {
  find(id).focus();
  seek(id);
  renew(id, {});
}
function press(id, event) {
  const { typed } = drawn.get(id), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.isComposing || event.ctrlKey || event.metaKey) return;
  if (step) move(id, step);
  else if (!typed.open && !undecided(typed)) return;
  else if (event.key === "Enter" && typed.open) take(id);
  else if (event.key === "Enter") open(id);
  else if (event.key === "Escape") close(id);
  else return;
  event.preventDefault();
}
function close(id) {
  const { typed } = drawn.get(id);
  drop(typed);
  renew(id, typed.open ? { ...CLOSED, isMeant: false } : EMPTY);
}
function move(id, step) {
  const one = drawn.get(id), { lines } = left(one), at = one.typed.open ? lines.findIndex((each) => each.code === one.typed.at) : -1;
  const next = at < 0 ? (step > 0 ? 0 : lines.length - 1) : (at + step + lines.length) % lines.length;
  open(id, { at: lines[next]?.code });
}
/** Enter takes the line that is marked, or what is meant without a mark; as long as that has to be asked for, it is taken when it comes. */
function take(id) {
  const one = drawn.get(id), { lines, asked } = left(one);
  const meant = lines.find((each) => each.code === one.typed.at) ?? alone(one);
  if (meant) return choose(id, meant);
  if (!asked) {
    one.typed.isMeant = true;
    seek(id);
  }
  renew(id, { wrong: asked && !lines.length ? "new" : undefined });
}
/** Whoever leaves has chosen nothing by that: a text stays, and is objected to; an empty field is no choice. */
function leave(id) {
  const { typed } = drawn.get(id);
  later(() => {
    // Somebody else's form by now, or none.
    if (!find(id) || drawn.get(id).typed !== typed) return void Object.assign(typed, CLOSED);
    // Drawn anew under somebody's hand, or in a window behind another one: nobody left.
    if (isIn(id)) return;
    const one = drawn.get(id), text = typed.text?.trim();
    if (text === "") return choose(id, NONE);
    if (!typed.isMeant) drop(typed);
    // What was meant is taken when it comes, and objected to only then.
    renew(id, { ...CLOSED, ...(text === label(one) ? EMPTY : {}), wrong: undecided(typed) && text !== label(one) && !typed.isMeant ? typed.wrong ?? "new" : undefined });
  });
}
/** When a press is over: an objection moves what stands below it, and a button would not be under the hand any more. */
function later(act) {
  if (pressed) addEventListener("pointerup", () => setTimeout(act), { once: true });
  else setTimeout(act);
}
addEventListener("pointerdown", () => { pressed = true; }, true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { pressed = false; }, true);
