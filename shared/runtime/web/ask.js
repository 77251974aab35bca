// Asking the service: reads, and changes that survive a minute without network because they keep their key.
import { inEnglish, say } from "./page.js";

let session = null;
const waiting = new Set();
const heard = new Set();
const PAUSES = [1, 2, 3, 5, 8];
const AGAIN = new Set(["unavailable", "idempotency-key-busy", "raced"]);

/** What the service objects to, in its own words. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.rule ?? String(status));
    Object.assign(this, { status, rule: body.rule, field: body.field, state: body.state, zh: body.title_zh, en: body.title });
  }
  get sentence() { return (inEnglish() ? this.en : this.zh) || say("trouble.unknown"); }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options, signal: AbortSignal.timeout(15_000) });
  } catch {
    throw new Problem(0, { rule: "away", title_zh: say("trouble.away"), title: say("trouble.away") });
  }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

export const get = (path) => ask(path);
export const about = () => ask("/v1/about").catch(() => ({ service: "", local: false, demo: false, urls: {} }));

/** Who is signed in; null for nobody. */
export async function who() {
  try {
    session = await ask("/v1/session");
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    session = null;
  }
  return session;
}
/** Who is signed in; whoever is not is led to the door, and back afterwards. */
export async function staff() {
  if (await who()) return session;
  location.replace(`/parts/sign-in.html?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {});
}
export async function leave() {
  await ask("/v1/session", { method: "DELETE" });
  location.replace(`/parts/sign-in.html?next=${encodeURIComponent(location.pathname)}`);
}

function headers(more = {}) { return { "content-type": "application/json", ...(session ? { "x-runonce-csrf": session.csrf } : {}), ...more }; }
/** A request that changes nothing and is not kept. */
export const post = (path, body) => ask(path, { method: "POST", headers: headers(), body: JSON.stringify(body) });

/** How many changes wait for the network; `listener` hears of every change of that number. */
export function onwaiting(listener) { heard.add(listener); listener(waiting.size); }
function changed() { for (const listener of heard) listener(waiting.size, [...waiting].some((one) => one.signedOut)); }

/**
 * Ask for a change. Without network it waits and is sent again with the same key, so it happens once, however often it is
 * sent. It is kept in memory alone: who leaves the page is warned.
 */
export async function tell(command, body) {
  const one = { key: crypto.randomUUID(), signedOut: false };
  const sent = JSON.stringify(body);
  for (let turn = 0; ; turn += 1) {
    try {
      const answer = await ask(`/v1/commands/${command}`, { method: "POST", headers: headers({ "idempotency-key": one.key }), body: sent });
      if (waiting.delete(one)) changed();
      return answer;
    } catch (problem) {
      const patient = problem.status === 0 || problem.status >= 500 || problem.status === 401 || AGAIN.has(problem.rule);
      if (!patient) {
        if (waiting.delete(one)) changed();
        throw problem;
      }
      one.signedOut = problem.status === 401;
      waiting.add(one);
      changed();
      await pause(PAUSES[Math.min(turn, PAUSES.length - 1)]);
      if (one.signedOut) await who().catch(() => null);
    }
  }
}
function pause(seconds) {
  return new Promise((done) => {
    const timer = setTimeout(end, seconds * 1_000);
    function end() { clearTimeout(timer); removeEventListener("online", end); done(); }
    addEventListener("online", end);
  });
}
addEventListener("beforeunload", (event) => { if (waiting.size) event.preventDefault(); });
