// Which messages are owed and what became of them; never to whom.
const WORDS = {
  title: ["消息", "Messages"], how: ["每个原因只发一条消息。这里看得到进度，看不到任何人的联系方式。", "One message for each cause. This page shows how far each is, and nobody's address."],
  token: ["令牌（运营或审计）", "Token (operator or auditor)"], open: ["打开", "Open"], state: ["状态", "State"], empty: ["没有消息。", "There are no messages."],
  away: ["暂时读不到消息，正在重试。", "The messages cannot be read just now; trying again."], all: ["全部", "All"],
  waiting: ["待发送", "waiting"], sending: ["发送中", "being sent"], sent: ["已发送", "sent"], failed: ["未送出", "failed"], suppressed: ["历史，不发送", "history, not sent"],
  at: ["时间", "Time"], case_no: ["办件编号", "Case"], template: ["内容", "About"], attempt: ["次数", "Attempts"], reason: ["原因", "Reason"],
  receipt: ["收件回执", "receipt"], correction: ["补正通知", "correction"], acceptance: ["受理", "acceptance"], not_accepted: ["不予受理", "not accepted"], result: ["结果", "result"],
  "no-contact": ["没有联系方式", "no contact"], away_reason: ["对方暂不可用", "provider away"], "address-refused": ["地址被拒", "address refused"],
  unconfirmed: ["可能已送达，未得确认", "may have arrived, unconfirmed"], "internal-error": ["系统内部错误", "internal error"],
};
let language = localStorage.getItem("language") === "en" ? 1 : 0;
const say = (key) => WORDS[key]?.[language] ?? key;
const find = (id) => document.getElementById(id);
const cell = (text) => Object.assign(document.createElement("td"), { textContent: text });

function words() {
  document.documentElement.lang = language ? "en" : "zh-CN";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  find("language").textContent = language ? "中文" : "English";
  find("head").replaceChildren(...["at", "case_no", "template", "state", "attempt", "reason"].map((key) => Object.assign(document.createElement("th"), { scope: "col", textContent: say(key) })));
  const chosen = find("state").value;
  find("state").replaceChildren(...["", "waiting", "sending", "sent", "failed", "suppressed"].map((key) => new Option(key ? say(key) : say("all"), key, false, key === chosen)));
}

async function load() {
  const token = sessionStorage.getItem("token");
  find("sign").hidden = Boolean(token);
  if (!token) return;
  const state = find("state").value;
  try {
    const answer = await fetch(`v1/messages?limit=200${state ? `&state=${state}` : ""}`, { headers: { authorization: `Bearer ${token}` } });
    if (answer.status === 401 || answer.status === 403) { sessionStorage.removeItem("token"); find("sign").hidden = false; return; }
    const rows = await answer.json();
    find("rows").replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      line.append(cell(new Date(row.requested_at).toLocaleString(language ? "en-GB" : "zh-CN", { timeZone: "Asia/Shanghai" })), cell(row.case_no), cell(say(row.template)), cell(say(row.state)), cell(row.attempt), cell(row.reason_code ? say(row.reason_code === "away" ? "away_reason" : row.reason_code) : ""));
      return line;
    }));
    find("empty").hidden = rows.length > 0;
    find("trouble").hidden = true;
  } catch { find("trouble").textContent = say("away"); find("trouble").hidden = false; }
}

const handed = new URLSearchParams(location.hash.slice(1)).get("token");
if (handed) { sessionStorage.setItem("token", handed); history.replaceState(null, "", location.pathname); }
find("language").addEventListener("click", () => { language = 1 - language; localStorage.setItem("language", language ? "en" : "zh"); words(); load(); });
find("sign").addEventListener("submit", (event) => { event.preventDefault(); sessionStorage.setItem("token", event.target.token.value.trim()); load(); });
find("state").addEventListener("change", load);
words();
load();
setInterval(load, 5000);
