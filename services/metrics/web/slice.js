// What the board is asked: the filters of its address. The service spells the first addresses too, to send them with the page.
import { today } from "/parts/days.js";

const FILTERS = { region: "", basic: "", channel: "", period: "90", to: "", known_at: "", layer: "physical" };
// What else an address says there is no day, no period or no layer, and is passed over.
const DAY = { test: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text) };
const SPELLED = { period: /^(7|30|90|0)$/, to: DAY, known_at: DAY, layer: /^(physical|virtual)$/ };
const asked = new URLSearchParams(location.search);
export const NAMES = "/v1/names?only=regions,cities,basics,channels";
export const chosen = Object.fromEntries(Object.entries(FILTERS).map(([key, usual]) => [key, asked.has(key) && (SPELLED[key] ?? /^/).test(asked.get(key)) ? asked.get(key) : usual]));

/** The last day that is spoken of. Without one of its own it is the day of what was known, as on the board of that day. */
function last() {
  const now = today();
  return chosen.to || (chosen.known_at && chosen.known_at < now ? chosen.known_at : now);
}
/** The filters as an address asks for them. */
export function sliced() {
  const query = new URLSearchParams(), days = Number(chosen.period);
  if (days) query.set("from", new Date(Date.parse(last()) - (days - 1) * 864e5).toISOString().slice(0, 10));
  for (const key of ["region", "basic", "channel", "to", "known_at"]) if (chosen[key]) query.set(key, chosen[key]);
  return query.toString();
}

let base = "";
const written = new Map();
/** A slice and more; written once, since a drawing needs hundreds of addresses over the same slice. */
export function extended(slice, more) {
  if (slice !== base) {
    base = slice;
    written.clear();
  }
  const key = JSON.stringify(more);
  if (!written.has(key)) written.set(key, write(slice, more));
  return written.get(key);
}
function write(slice, more) {
  const query = new URLSearchParams(slice);
  for (const [key, value] of Object.entries(more)) if (value !== null && value !== undefined && value !== "") query.set(key, value);
  return query.toString();
}
/** Keep the filters in the address. */
export function remember() {
  const query = new URLSearchParams();
  for (const [key, usual] of Object.entries(FILTERS)) if (chosen[key] && chosen[key] !== usual) query.set(key, chosen[key]);
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}
