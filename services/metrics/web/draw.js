// Small pieces of page: elements from plain data, never from markup.
const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key === "depth" || key === "part") made.style.setProperty(`--${key}`, value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) key === "depth" ? made.style.setProperty("--depth", value) : made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function table(head, rows, caption) {
  return el("table", {}, el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, ...head.map((cell) => (cell instanceof Node ? cell : el("th", { scope: "col" }, cell))))),
    el("tbody", {}, ...rows));
}

export function spark(values) {
  const known = values.filter((v) => v != null);
  if (known.length < 2) return el("div", { class: "spark" });
  const low = Math.min(...known), span = Math.max(...known) - low || 1;
  const points = values.map((v, i) => (v == null ? null : `${(i * 180) / (values.length - 1)},${31 - ((v - low) / span) * 28}`)).filter(Boolean);
  return svg("svg", { viewBox: "0 0 180 34", class: "spark", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("path", { d: `M${points.join("L")}` }));
}

// Where each city lies among its neighbours: column, row; every second row is shifted by half a tile.
const PLACES = { 330500: [1, 0], 330400: [2, 0], 330100: [1, 1], 330600: [2, 1], 330200: [3, 1], 330900: [4, 1], 330800: [0, 2], 330700: [1, 2], 331000: [2, 2], 331100: [1, 3], 330300: [2.5, 3] };

export function cartogram(cities, name, reading, show, href) {
  const deepest = Math.max(...cities.map((code) => reading(code)?.value ?? 0), 0.01);
  const tiles = cities.filter((code) => PLACES[code]).map((code) => {
    const [column, row] = PLACES[code], x = column * 62 + (row === 2 ? 31 : 0) + 2, y = row * 56 + 2, found = reading(code);
    const link = svg("a", { href: href(code), class: "tile11" }, svg("title", {}, `${name(code)} ${show(found)}`),
      svg("rect", { x, y, width: 58, height: 52, rx: 7, depth: `${Math.round(((found?.value ?? 0) / deepest) * 85)}%` }),
      svg("text", { x: x + 29, y: y + 22, "text-anchor": "middle" }, name(code)),
      svg("text", { x: x + 29, y: y + 40, "text-anchor": "middle", class: "s" }, show(found)));
    return link;
  });
  return svg("svg", { viewBox: "0 0 312 228", width: "100%", role: "group" }, ...tiles);
}

export function replace(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}
