// Whose turn it is: what is asked for at the desk comes back to whoever it was asked for, and to nobody else.
import { wall } from "/parts/days.js";
import { find, lead, say, told } from "/parts/page.js";
import { desk, draw, drawPanel, open, readQueue, todayHere } from "./desk.js";
import { idNo, leadIn } from "./desk-new.js";

/** Put somebody in front of the clerk. What was typed to search for the one before goes. */
export function turnTo(journey, { form = {}, visit = {} } = {}) {
  const box = find("search");
  if (box !== document.activeElement) box.value = "";
  if (!desk.found?.journeys.length) desk.found = null;
  Object.assign(desk, { turn: desk.turn + 1, open: journey, journey: null, form, visit, early: [], act: null, error: null });
}

/** Who is in front of the clerk, with what was said of them so far. */
export function present() {
  const { turn, open: journey, form, visit } = desk;
  return { turn, journey, form, visit, who: whom() };
}
export const isHere = (at) => at.turn === desk.turn;
/** How people are told apart without being named. */
export function whom() {
  if (desk.open === "new" && !desk.form.nobody) return say("desk.ending", { n: idNo().slice(-4) });
  const ref = desk.journey?.subject_ref;
  return ref ? say("desk.person", { ref: ref.slice(0, 8) }) : say("desk.nobody");
}

/** Whether a journey is over for the desk: on the day of its end the visit that ended it is still to be recorded. */
export function isOver({ outcome, timeline }) {
  return Boolean(outcome) && !timeline.some((entry) => entry.fact === "journey-completed" && wall(entry.at).slice(0, 10) === todayHere());
}
/** The visits of a journey that were not taken off. */
export function standing({ timeline }) {
  const voided = new Set(timeline.filter((entry) => entry.fact === "visit-voided").map((entry) => entry.visit_id));
  return timeline.filter((entry) => entry.fact === "visit-recorded" && !voided.has(entry.visit_id)).map((entry) => entry.visit_id);
}

/** Somebody new has no journey yet, so it is their turn that tells them apart. */
const key = (turn, journey) => (journey === "new" ? turn : journey);
/** Whether something was asked for whoever is here that is not answered yet. */
export const isBusy = () => desk.under.has(key(desk.turn, desk.open));
/** Ask for a change; until it is answered nothing else is asked for the same person, and anything for others. */
export async function change(at, ask) {
  const own = key(at.turn, at.journey);
  desk.under.add(own);
  desk.error = null;
  drawPanel();
  try {
    return await ask();
  } finally {
    desk.under.delete(own);
    readQueue();
  }
}

/** Tell what came of something; when somebody else is in front of the clerk by now, of whom, and with the way back. */
export function tellAt(at, text, action = null) {
  if (isHere(at)) told(text, action);
  else told(say("desk.about", { who: at.who, text }), { label: say("desk.back"), act: () => back(at) });
}
function back({ journey, form, visit }) {
  if (journey !== "new") return open(journey);
  turnTo("new", { form, visit });
  draw();
  leadIn();
}
/** Show what is objected to, beside what was asked for. */
export function objected(problem, at) {
  desk.error = Object.assign(problem, { at });
  drawPanel();
  lead("error");
}
