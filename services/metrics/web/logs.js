// Permit logs of others: what they say, under their own names, apart from our figures.
import { applyWords, languageButton, named, number, say, whole } from "./words.js";
import { el, replace, table } from "./draw.js";

let told = null, chosen = null, figures = null;
const get = async (path) => { const answer = await fetch(path); if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); };

async function load() {
  try {
    told = await get("v1/logs");
    chosen ??= told.logs[0]?.origin;
    figures = chosen ? await get(`v1/logs/${encodeURIComponent(chosen)}`) : null;
    draw();
  } catch {
    const trouble = document.getElementById("trouble");
    trouble.textContent = say("away", { t: say("unknown") });
    trouble.hidden = false;
  }
}

const spread = (s) => (s ? [whole(s.n), number(s.median, 1), number(s.mean, 1), number(s.p90, 1)] : ["", "", "", ""]);
const line = (name, ...cells) => el("tr", {}, el("th", { scope: "row" }, name), ...cells.map((c) => el("td", {}, c)));
const card = (word, ...children) => el("div", { class: "card" }, el("h3", {}, say(word)), el("div", { class: "scroll" }, ...children));

function tally(words) {
  const most = Math.max(...Object.values(words), 1);
  return Object.entries(words).sort((a, b) => b[1] - a[1]).map(([name, n]) => el("div", { class: "row" }, el("span", {}, name), el("span", { class: "track" }, el("i", { class: "plainbar", part: `${(n / most) * 100}%` })), el("b", {}, whole(n))));
}

function draw() {
  replace("origins", ...told.logs.map((log) => {
    const button = el("button", { type: "button", class: "plain", "aria-pressed": String(log.origin === chosen) }, log.origin);
    button.addEventListener("click", () => { chosen = log.origin; load(); });
    return button;
  }));
  if (!figures) { replace("log", el("p", { class: "waiting" }, say("nologs"))); return; }
  const regions = Object.keys(figures.counts).sort();
  const counts = regions.map((r) => line(r === "all" ? say("all") : r, whole(figures.counts[r].cases), whole(figures.counts[r].events), whole(figures.counts[r].in_flight), number(figures.counts[r].runs_proxy_mean), ...spread(figures.submitted_to_decision_days[r])));
  replace("log", el("p", { class: "trouble" }, `${figures.origin}: ${named(figures.note)}`),
    card("cases", table(["", say("cases"), say("events_"), say("inflight"), say("proxyruns"), "n", say("median"), say("average"), "p90"], counts, say("cases"))),
    el("div", { class: "two" }, card("rules", ...tally(figures.rules.all)), card("channel", ...tally(figures.channels.all))));
}

languageButton(document.getElementById("language"), () => told && draw());
applyWords();
load();
