// What the board is asked: the filters of its address. The service spells the first addresses too, to send them with the page.
import { today } from "/parts/days.js";

const FILTERS = { region: "", basic: "", channel: "", period: "90", to: "", known_at: "", layer: "physical" };
// What else an address says there is no day, no number or no layer, and is passed over.
const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, SPELLED = { period: /^\d{1,4}$/, to: DAY, known_at: DAY, layer: /^(physical|virtual)$/ };
const asked = new URLSearchParams(location.search);
export const NAMES = "/v1/names?only=regions,cities,basics,channels";
export const chosen = Object.fromEntries(Object.entries(FILTERS).map(([key, usual]) => [key, asked.has(key) && (SPELLED[key] ?? /^/).test(asked.get(key)) ? asked.get(key) : usual]));

const HOUR_MS = 3_600_000, written = new Map();
/** The filters as an address asks for them, and more; written once, since a drawing needs hundreds. The hour tells days apart. */
export function sliced(extra = {}) {
  const key = JSON.stringify([Math.floor(Date.now() / HOUR_MS), extra]);
  if (!written.has(key)) written.set(key, write(extra));
  return written.get(key);
}
/** The last day that is spoken of. Without one of its own it is the day of what was known, as on the board of that day. */
function last() {
  const now = today();
  return chosen.to || (chosen.known_at && chosen.known_at < now ? chosen.known_at : now);
}
function write(extra) {
  const query = new URLSearchParams(), days = Number(chosen.period);
  if (days) query.set("from", new Date(Date.parse(last()) - (days - 1) * 864e5).toISOString().slice(0, 10));
  for (const key of ["region", "basic", "channel", "to", "known_at"]) if (chosen[key]) query.set(key, chosen[key]);
  for (const [key, value] of Object.entries(extra)) if (value !== null && value !== undefined && value !== "") query.set(key, value);
  return query.toString();
}
/** Keep the filters in the address. */
export function remember() {
  written.clear();
  const query = new URLSearchParams();
  for (const [key, usual] of Object.entries(FILTERS)) if (chosen[key] && chosen[key] !== usual) query.set(key, chosen[key]);
  history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}
