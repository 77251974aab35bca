// Asking the service: reads, and changes that survive a minute without network because they keep their key.
import { clock, h, inEnglish, say, told } from "./page.js";

let session = null;
/** Whose page this is: whoever was signed in when it opened. */
let owner = null;
let ended = false;
const waiting = new Set(), sending = new Set();
const heard = new Set();
const PAUSES = [1, 2, 3, 5, 8], PATIENCE_MS = 15_000;
const AWAY = new Set([0, 502, 503, 504]);
const AGAIN = new Set(["unavailable", "idempotency-key-busy", "raced", "too-slow"]), FAULTS_MAX = 8;

/** What the service objects to, in its own words; in the page's, where the service speaks of requests and keys. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.rule ?? String(status));
    Object.assign(this, { status, rule: body.rule, field: body.field, state: body.state, zh: body.title_zh, en: body.title });
  }
  /** Nobody answered, or somebody on the way there who reached nobody, or a service that cannot answer just now. */
  get isAway() { return AWAY.has(this.status); }
  /** The service was reached, and something failed inside. */
  get isFault() { return this.status >= 500 && !this.isAway; }
  /** Whether the same asked again may be answered otherwise. */
  get mayPass() { return this.isAway || this.isFault; }
  get isOfSession() { return this.status === 401 || this.rule === "foreign-page"; }
  get sentence() { return this.isAway ? say("trouble.unreached") : (inEnglish() ? this.en : this.zh) || say("trouble.unknown"); }
  /** What is said while it is tried again by itself. */
  get meanwhile() { return this.isAway ? say("trouble.away") : this.sentence; }
}

async function ask(path, options = {}, ms = PATIENCE_MS) {
  let answer, body;
  try {
    answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options, signal: AbortSignal.timeout(ms) });
    if (answer.status === 204) return null;
    // What was cut off on its way is no answer; a refusal is one without its words too.
    body = await answer.json().catch((cut) => { if (answer.ok) throw cut; return {}; });
  } catch {
    throw new Problem(0, { rule: "away" });
  }
  if (!answer.ok) throw new Problem(answer.status, body);
  return body;
}

export const get = (path) => ask(path);
export const about = () => answered(() => ask("/v1/about"));
/** What a page cannot begin without is asked for until there is an answer; until then the page says so. */
async function answered(question) {
  for (let turn = 0; ; turn += 1) {
    try {
      return await question();
    } catch (problem) {
      const blank = document.querySelector("#main > .loading");
      if (blank) blank.textContent = problem.meanwhile;
      await longer(turn);
    }
  }
}

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
  if (await answered(who)) {
    owner ??= session.id;
    return session;
  }
  location.replace(`/parts/sign-in.html?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {});
}
export async function leave() {
  try { await ask("/v1/session", { method: "DELETE" }); } catch (problem) { return told(problem.sentence); }
  location.replace(`/parts/sign-in.html?next=${encodeURIComponent(location.pathname)}`);
}

/**
 * A read that is repeated while somebody may be typing: after the session ended it leaves the page alone and goes on once its
 * owner is signed in again. Somebody else gets a page of their own.
 */
export async function reread(path) {
  if (ended && await who()) {
    if (session.id !== owner && !sending.size) location.reload();
    ended = session.id !== owner;
    changed();
  }
  if (ended) throw new Problem(401);
  try {
    return await get(path);
  } catch (problem) {
    if (problem.status === 401) { ended = true; changed(); }
    throw problem;
  }
}

function headers(more = {}) { return { "content-type": "application/json", ...(session ? { "x-runonce-csrf": session.csrf } : {}), ...more }; }
/** A request that changes nothing and is not kept; when its owner has signed in anew on another page, it goes on as theirs. */
export async function post(path, body, ms = PATIENCE_MS) {
  const send = () => ask(path, { method: "POST", headers: headers(), body: JSON.stringify(body) }, ms);
  try {
    return await send();
  } catch (problem) {
    if (problem.rule !== "foreign-page" || !owner || (await who().catch(() => null))?.id !== owner) throw problem;
    return send();
  }
}

/** `listener` hears of every change of what `caution` says. */
export function oncaution(listener) { heard.add(listener); }
let said = "";
function changed() {
  const now = `${waiting.size} ${signedOut()}`;
  if (now === said) return;
  said = now;
  for (const listener of heard) listener();
}
const signedOut = () => ended || [...waiting].some((one) => one.signedOut);
/** What a page of staff has to say of itself: changes that wait to be sent, a session that ended, the problem it has with a service. */
export function caution(away, seenAt = null) {
  const title = waiting.size ? say(signedOut() ? "waiting.signedout" : "waiting.title", { n: waiting.size }) : signedOut() ? say("waiting.ended") : away ? away.meanwhile ?? say("trouble.away") : null;
  return title && h("div", { class: "note wait", role: "alert" }, h("strong", {}, title), away && seenAt && h("p", {}, say("trouble.since", { t: clock(seenAt) })), waiting.size > 0 && h("p", {}, say("waiting.how")), signedOut() && h("a", { href: "/parts/sign-in.html?second", target: "_blank", rel: "noopener" }, say("waiting.again")));
}

/**
 * Ask for a change. Without network it waits and is sent again with the same key, so it happens once, however often it is
 * sent, and in nobody's name but the page owner's. It is kept in memory alone: who leaves the page is warned.
 */
export async function tell(command, body) {
  const one = { key: crypto.randomUUID(), signedOut: false };
  const sent = JSON.stringify(body);
  sending.add(one);
  try {
    for (let turn = 0, doubted = false; ; turn += 1) {
      try {
        if (session?.id !== owner) throw new Problem(401);
        return await ask(`/v1/commands/${command}`, { method: "POST", headers: headers({ "idempotency-key": one.key }), body: sent });
      } catch (problem) {
        // What fails in the service every time will not come right by itself.
        const isFinal = problem.isOfSession ? doubted : problem.isFault ? turn >= FAULTS_MAX : !problem.isAway && !AGAIN.has(problem.rule);
        if (isFinal) throw problem;
        waiting.add(one);
        changed();
        await longer(turn);
        // A session that is the owner's own and still not enough is an answer.
        doubted = problem.isOfSession && !await signedInAgain(one);
      }
    }
  } finally {
    sending.delete(one);
    if (waiting.delete(one)) changed();
  }
}
/** Wait until the page's owner is signed in, and say whether that took any waiting. */
async function signedInAgain(one) {
  for (let waited = false; ; waited = true) {
    const now = await who().catch(() => undefined);
    one.signedOut = now !== undefined && now?.id !== owner;
    changed();
    if (now && !one.signedOut) return waited;
    await pause(PAUSES.at(-2));
  }
}
/** Wait the longer, the more often it was in vain. */
const longer = (turn) => pause(PAUSES[Math.min(turn, PAUSES.length - 1)]);
function pause(seconds) {
  return new Promise((done) => {
    const timer = setTimeout(end, seconds * 1_000);
    function end() { clearTimeout(timer); removeEventListener("online", end); done(); }
    addEventListener("online", end);
  });
}
addEventListener("beforeunload", (event) => { if (sending.size) event.preventDefault(); });
// Whoever signed in on another page meanwhile gets a page of their own, and sees nothing under somebody else's name.
document.addEventListener("visibilitychange", async () => {
  if (document.hidden || !owner) return;
  const now = await who().catch(() => undefined);
  if (now !== undefined && now?.id !== owner) { ended = true; changed(); }
});
