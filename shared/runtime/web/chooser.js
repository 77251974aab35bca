// One of many: a list where there are few; beyond that a field in which a part of a name, or of a code, narrows the list.
import { find, h, name, named, number, say, settle } from "./page.js";

const FEW = 15, SHOWN_MAX = 50, TEXT_MAX = "120";
const NONE = { code: "" }, CLOSED = { open: false, at: undefined };
// What each was drawn of last: a redraw keeps elements, and with them the listeners that they were made with.
const drawn = new Map();
const spellings = new WeakMap();
let pressed = false;

/**
 * A field for one of `choices`, each `{ code, names, where, group }`: the names of its place and the key of its group may be missing.
 * `field` is what the field is called, `blank` the key of what no choice is called, `fault` the id of what the page objects to.
 * What is typed and not chosen yet lives in `typed`, an object of the page's own that begins empty; `change` hears a code, "" for none.
 */
export function chooser(id, asked) {
  if (asked.choices.length <= FEW) return list(id, asked);
  drawn.set(id, { ...asked });
  // A redraw leaves a field what it holds, also where something else was chosen, or is called otherwise by now.
  queueMicrotask(() => show(id));
  return made(id);
}
/** Whether something is typed that is no choice yet. */
export const undecided = (typed) => typed?.text !== undefined;

function list(id, { name: key, blank, required, choices, value, typed, change }) {
  delete typed.text;
  const line = (one) => h("option", { value: one.code, selected: one.code === value }, called(one));
  return h("select", { id, name: key, required, change: (event) => change(event.target.value) }, h("option", { value: "" }, say(blank)), grouped(choices).map(([group, some]) => (group ? h("optgroup", { label: say(group) }, some.map(line)) : some.map(line))));
}

const called = ({ code, names, where }) => [named(names, code), where && named(where)].filter(Boolean).join(" · ");
/** What is chosen, as the field says it. */
const label = ({ choices, value }) => (value ? called(choices.find((one) => one.code === value) ?? { code: value }) : "");
const plain = (text) => text.normalize("NFKC").toLowerCase().trim();
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
/** What a text leaves of the choices: how many, which are called exactly so, and the best of them as lines, in groups. */
function left({ choices, value, typed }) {
  const text = plain(typed.text ?? ""), words = text.split(/\s+/), ranked = [[], [], []];
  for (const one of choices) ranked[answers(one, text, words)]?.push(one);
  const found = ranked.flat(), groups = grouped(found.slice(0, SHOWN_MAX));
  if (!text && value) groups.unshift([undefined, [NONE]]);
  return { groups, lines: groups.flatMap(([, some]) => some), exact: ranked[0], count: found.length };
}

const lineId = (id, code) => `${id}-at-${code}`;
function made(id) {
  const one = drawn.get(id), { field, blank, required, value, typed, fault } = one;
  const { groups, lines, count } = typed.open ? left(one) : { groups: [], lines: [] };
  const isWrong = Boolean(typed.wrong) && !fault, isListed = lines.length > 0, isMarked = lines.some((each) => each.code === typed.at);
  // It is announced when it comes, and not again with everything that is drawn after it.
  const role = typed.wrong === "said" ? null : "alert";
  if (isWrong) typed.wrong = "said";
  const line = (each) => h("div", { role: "option", id: lineId(id, each.code), class: each.code === typed.at ? "at" : null, "aria-selected": String(each.code === value), click: () => choose(id, each.code) }, each === NONE ? say(blank) : [name(each.names, each.code), each.where && [" · ", name(each.where)]]);
  return h("div", { id: `${id}-chooser`, class: "chooser" },
    h("div", { id: `${id}-wrong` }, isWrong && h("p", { class: "error", role }, lacking(one))),
    h("input", { type: "text", id, role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: TEXT_MAX, placeholder: say("chooser.type", { blank: say(blank) }), value: typed.text ?? label(one),
      "aria-required": required && "true", "aria-invalid": (isWrong || fault) && "true", "aria-describedby": isWrong ? `${id}-wrong` : fault, "aria-autocomplete": "list", "aria-expanded": String(isListed), "aria-controls": `${id}-list`, "aria-activedescendant": isMarked && lineId(id, typed.at),
      input: (event) => type(id, event), compositionend: (event) => type(id, event), keydown: (event) => press(id, event), click: () => unfold(id), blur: () => leave(id) }),
    // Whoever presses on the list stays in the field; what scrolls by itself is no stop on the way of the tabulator.
    h("div", { class: typed.open ? "listed open" : "listed", mousedown: (event) => event.preventDefault() },
      h("div", { role: "listbox", id: `${id}-list`, tabindex: "-1", "aria-label": field, hidden: !isListed }, groups.map(([group, some]) => (group ? h("div", { role: "group", "aria-label": say(group) }, h("div", { class: "small soft", "aria-hidden": "true" }, say(group)), some.map(line)) : some.map(line)))),
      h("p", { class: "small soft", role: "status" }, typed.open && say(count > SHOWN_MAX ? "chooser.many" : count ? "chooser.count" : "chooser.none", { n: number(count), shown: SHOWN_MAX }))));
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

function choose(id, code) {
  const one = drawn.get(id), isOther = code !== one.value;
  one.value = code;
  renew(id, { ...CLOSED, text: undefined, wrong: undefined });
  if (isOther) one.change(code);
}
function type(id, { target, isComposing }) {
  const one = drawn.get(id), text = target.value === label(one) ? undefined : target.value;
  // Letters that are still to become characters narrow nothing.
  if (isComposing) one.typed.text = text;
  else renew(id, { text, open: true, at: undefined, wrong: undefined });
}
function unfold(id) {
  const { typed } = drawn.get(id);
  if (typed.open) return;
  renew(id, { open: true, at: undefined });
  // What is chosen gives way to what will be typed.
  if (!undecided(typed)) find(id).select();
}
function press(id, event) {
  const { typed } = drawn.get(id), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.isComposing || event.ctrlKey || event.metaKey) return;
  if (step) move(id, step);
  else if (!typed.open && !undecided(typed)) return;
  else if (event.key === "Enter" && typed.open) take(id);
  else if (event.key === "Enter") renew(id, { open: true });
  else if (event.key === "Escape") renew(id, typed.open ? CLOSED : { text: undefined, wrong: undefined });
  else return;
  event.preventDefault();
}
function move(id, step) {
  const one = drawn.get(id), { lines } = left(one), at = one.typed.open ? lines.findIndex((each) => each.code === one.typed.at) : -1;
  const next = at < 0 ? (step > 0 ? 0 : lines.length - 1) : (at + step + lines.length) % lines.length;
  renew(id, { open: true, at: lines[next]?.code });
}
/** Enter takes the line that is marked; where none is, what alone is left of a text, or alone is called exactly so. */
function take(id) {
  const one = drawn.get(id), { typed } = one, { lines, exact } = left(one);
  const alone = !undecided(typed) ? [] : !typed.text.trim() ? [NONE] : exact.length === 1 ? exact : lines;
  const meant = lines.find((each) => each.code === typed.at) ?? (alone.length === 1 ? alone[0] : null);
  if (meant) choose(id, meant.code);
  else renew(id, { open: true, wrong: lines.length ? undefined : "new" });
}
/** Whoever leaves has chosen nothing by that: a text stays, and is objected to; an empty field is no choice. */
function leave(id) {
  const { typed } = drawn.get(id);
  later(() => {
    // Somebody else's form by now, or none.
    if (!find(id) || drawn.get(id).typed !== typed) return void Object.assign(typed, CLOSED);
    // Drawn anew under somebody's hand, or in a window behind another one: nobody left.
    if (document.activeElement?.id === id) return;
    const one = drawn.get(id), text = typed.text?.trim();
    if (text === "" || text === label(one)) choose(id, text && one.value);
    else renew(id, { ...CLOSED, wrong: undecided(typed) ? typed.wrong ?? "new" : undefined });
  });
}
/** When a press is over: an objection moves what stands below it, and a button would not be under the hand any more. */
function later(act) {
  if (pressed) addEventListener("pointerup", () => setTimeout(act), { once: true });
  else setTimeout(act);
}
addEventListener("pointerdown", () => { pressed = true; }, true);
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { pressed = false; }, true);
