// Every word of the pages, in both languages; a page never shows a code without its words.
const ALL = {
  skip: ["跳到正文", "Skip to the figures"],
  brand: ["最多跑一次", "Run once at most"],
  place: ["浙江省", "Zhejiang"],
  demo: ["演示数据", "Demo data"],
  filters: ["筛选", "Filters"],
  region: ["地区", "Region"],
  thing: ["事项", "Item"],
  period: ["时段", "Period"],
  channel: ["渠道", "Channel"],
  known: ["截至当时所知", "As known on"],
  all: ["全部", "All"],
  province: ["全省", "Province"],
  last30: ["近 30 天", "Last 30 days"],
  last90: ["近 90 天", "Last 90 days"],
  ever: ["全部时间", "All time"],
  q1: ["承诺兑现了吗？", "Did we keep the promise?"],
  q1how: ["左一是目录上的承诺，右三是人们实际经历的。两者回答不同的问题，从不相减。", "First what the catalogue promises, then what people lived through. They are different questions and are never subtracted."],
  q2: ["哪里没有兑现？", "Where not?"],
  q2how: ["每 100 件已送达的事，比承诺多跑的次数。颜色越深越差；不足 30 件的格子画有斜纹。点击数字查看证据。", "Extra trips per 100 finished journeys: lived minus promised. Darker is worse; a cell under 30 journeys is hatched. Each number opens its evidence."],
  q3: ["谁在为谁办事？", "Who handles whose people?"],
  q3how: ["行是收件城市，列是办理城市。对角线不着色；线上件另成一层，总数从不重复计算。", "Rows: where it was handed in; columns: where it is decided. The diagonal is left out of the colours; online cases are a layer of their own."],
  q5: ["现在怎样？", "What is happening now?"],
  q5how: ["正在办理的事与今天没有办成的到场。", "Journeys open at this moment and attempts that failed today."],
  q4: ["可以相信吗？", "Can I trust it?"],
  q4how: ["已记录 = 已发布 + 待发布；已读取 = 已计入 + 重复 + 无关 + 搁置 + 不可读。一旦不等，此处变红并指出位置。", "Appended = published + waiting; consumed = counted + duplicate + ignored + parked + unreadable. If a line stops matching it turns red and says where."],
  gap: ["事项 × 城市：多跑次数", "Item × city: extra trips"],
  causes: ["为什么又跑了一趟", "Why people came again"],
  ofextra: ["共 {n} 趟", "of {n} extra trips"],
  government: ["政府原因", "government"],
  applicant: ["申请人原因", "applicant"],
  nobody: ["原因不明", "unknown"],
  matrix: ["收件城市 → 办理城市（受理件数）", "Received in → handled in (cases accepted)"],
  physical: ["到场收件", "in person"],
  virtual: ["线上收件", "online"],
  crossing: ["跨市 {n} 件，占 {p}（共 {d} 件）", "{n} cross-city cases, {p} of {d}"],
  travel: ["不得不离开本市的到场", "Trips outside one's own city"],
  notmap: ["方格示意相邻关系，并非地图。", "Tiles keep neighbours together; this is not a map."],
  foot: ["各项比例均为分子之和除以分母之和。规则版本 run-rule/2019.1。", "Ratios are sums over sums. Rule version run-rule/2019.1."],
  tileF1: ["承诺：到场不超过一次的事项", "Promised: items with at most one visit"],
  tileF2: ["按法定口径：法定次数 ≤ 1", "By the letter: statutory runs ≤ 1"],
  tileF3: ["实际体验：体验次数 ≤ 1", "As lived: experienced runs ≤ 1"],
  tileF4: ["兑现承诺：没有比承诺多跑", "Promise kept: no more trips than promised"],
  items: ["{n} / {d} 个事项", "{n} of {d} items"],
  lessexceptions: ["例外清单除外 {p}", "{p} less exceptions"],
  journeys: ["{n} / {d} 件事", "{n} of {d} journeys"],
  zero: ["一次不跑 {p}", "none at all: {p}"],
  mean: ["平均 {v} 次", "mean {v} trips"],
  extra: ["平均多跑 {v} 次", "mean {v} extra trips"],
  show: ["查看证据 →", "Show the events →"],
  few: ["不足 30 件，仅供参考", "under 30, for orientation only"],
  unknown: ["未知", "unknown"],
  asof: ["数据截至", "as of"],
  behind: ["滞后 {s} 秒", "{s} s behind"],
  unattributed: ["未归属到场", "unattributed visits"],
  balanced: ["每个事件都有着落", "every event accounted for"],
  unbalanced: ["账目不平，见页尾", "the books do not balance, see below"],
  askedothers: ["尚有服务未应答", "a service did not answer"],
  endings: ["另有：撤回 {w}，逾期终止 {l}，不予受理 {n}。", "Apart from these: {w} withdrawn, {l} lapsed, {n} not accepted."],
  custody: ["移交等待（中位）", "Hand-over wait (median)"],
  custodyN: ["{n} 次移交，退回 {p}，逾期未接 {o}", "{n} offers, {p} returned, {o} overdue"],
  ontime: ["按时办结", "Decided on time"],
  ontimeN: ["{n} 件办结，法定超期 {b} 件", "{n} decided, {b} past the statutory limit"],
  speed: ["比法定时限快", "Quicker than the statutory limit"],
  duty: ["每千件受理：二次告知", "Second notices per 1,000 accepted"],
  dutyN: ["清单外索要 {o}，黄牌 {y}，红牌 {r}", "off-list demands {o}, yellow {y}, red {r}"],
  open: ["正在办理", "Open now"],
  opentotal: ["{n} 件，其中匿名 {a} 件", "{n} journeys, {a} of them anonymous"],
  days: ["{d} 天", "{d} days"],
  today: ["今天没有办成的到场", "Attempts that failed today"],
  alerts: ["实时提醒", "Live alerts"],
  none: ["暂无", "none"],
  loading: ["正在读取…", "Reading…"],
  away: ["暂时读不到数据；系统正在重试，数字停留在 {t}。", "The figures cannot be read just now; trying again. They stand as of {t}."],
  service: ["服务", "Service"], topic: ["主题", "Topic"], appended: ["已记录", "appended"], published: ["已发布", "published"],
  waiting: ["待发布", "waiting"], consumed: ["已读取", "consumed"], applied: ["已计入", "counted"], duplicate: ["重复", "duplicate"],
  ignored: ["无关", "ignored"], parked: ["搁置", "parked"], dead: ["不可读", "unreadable"], balance: ["相等", "equal"],
  evidence: ["证据", "Evidence"],
  evidencehow: ["从数字到一件件事，再到写下的每个字节。", "From the number to the journeys, and on to every byte that was written."],
  token: ["令牌（运营或审计）", "Token (operator or auditor)"],
  tokenhow: ["证据需要运营或审计身份；本机可用 ./runonce token --role auditor 取得。", "Evidence needs an operator or auditor; on this machine get one with ./runonce token --role auditor."],
  open_: ["打开", "Open"],
  recount: ["重新清点", "Recount"],
  recounted: ["重新清点：{n} / {d}，{e}", "Recounted: {n} of {d}, {e}"],
  same: ["与所示相同 ✓", "the same as shown ✓"],
  differs: ["与所示不同 ✗", "not the same as shown ✗"],
  more: ["更多", "More"],
  journey: ["一件事", "Journey"], item: ["事项", "Item"], handling: ["办理地", "Handled in"], opened: ["首次接触", "First contact"],
  delivered: ["送达", "Delivered"], counts: ["计入", "Counts"],
  events: ["事件与原始字节", "Events and their stored bytes"], runs: ["到场", "Runs"],
  logs: ["外来办件日志", "Other people's permit logs"],
  logshow: ["按来源分开展示，不计入本省指标。", "Shown apart by origin; they are no part of the province's figures."],
  nologs: ["还没有导入日志：./runonce import 目录", "No log was brought in yet: ./runonce import DIR"],
  cases: ["办件，及从提交到决定的天数", "Cases, and days from submission to decision"], events_: ["事件", "Events"],
  inflight: ["在办", "In flight"], proxyruns: ["推算次数", "Runs (proxy)"], median: ["中位", "median"], average: ["平均", "mean"],
  rules: ["事件种类", "Kinds of events"], tologs: ["外来办件日志 →", "Other people's permit logs →"],
  day: ["日期", "Day"], venue: ["地点", "Place"], why: ["原因", "Cause"], who: ["责任", "Responsible"],
  back: ["← 返回总览", "← Back to the board"],
  statutory: ["法定", "statutory"], experienced: ["体验", "experienced"], proxy: ["代办", "proxy"], declared: ["承诺", "declared"],
  refused: ["读不到证据：", "The evidence cannot be read: "],
};

let language = localStorage.getItem("language") === "en" ? 1 : 0;

export const isEnglish = () => language === 1;
export const say = (key, values = {}) => (ALL[key]?.[language] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
export const named = (names) => (names ? names[language ? "en" : "zh"] : say("unknown"));

export function applyWords(root = document) {
  document.documentElement.lang = language ? "en" : "zh-CN";
  for (const element of root.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
}

export function languageButton(button, redraw) {
  const label = () => { button.textContent = language ? "中文" : "English"; button.lang = language ? "zh-CN" : "en"; };
  label();
  button.addEventListener("click", () => {
    language = 1 - language;
    localStorage.setItem("language", language ? "en" : "zh");
    label(); applyWords(); redraw();
  });
}

export const whole = (n) => (n == null ? say("unknown") : Math.round(n).toLocaleString(language ? "en-GB" : "zh-CN"));
export const percent = (r) => (r?.value == null ? say("unknown") : `${(r.value * 100).toFixed(1)} %`);
export const number = (v, digits = 2) => (v == null ? say("unknown") : v.toFixed(digits));
export const clock = (iso) => (iso ? new Date(iso).toLocaleTimeString(language ? "en-GB" : "zh-CN", { hour12: false, timeZone: "Asia/Shanghai" }) : say("unknown"));
