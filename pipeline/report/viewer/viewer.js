"use strict";
// The survey map: a canvas in metres east and north of a centre. No library, no network; what comes from files is only
// ever set as text.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const canvas = $("map"), veil = document.createElement("canvas");
let ctx = canvas.getContext("2d");
const tiles = [...document.querySelectorAll("img[data-tile]")].map((img) => {
  const [x, y, side] = img.dataset.tile.split(" ").map(Number);
  img.onload = () => draw();
  return { img, x, y, side };
});
const classOf = (h) => data.classes[h.class];
const hidden = new Set();
const layers = { photos: true, searched: true, unsearched: true, track: true, radius: true, labels: true };
const view = { x: 0, y: 0, scale: 1 };  // centre in metres, CSS pixels a metre
let chosen = null, width = 0, height = 0, waiting = false, untouched = true;

// ---- words and elements -------------------------------------------------------------------------------------------

function el(tag, text, cls) {
  const e = document.createElement(tag);
  if (text !== undefined && text !== null) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}
function word(key, tag = "span") {
  const e = el(tag, data.words[key][0] + " ");
  if (data.words[key][1] !== data.words[key][0]) e.append(el("span", data.words[key][1], "en"));
  return e;
}
function dot(colour) {
  const e = el("span", null, "dot");
  e.style.background = colour;
  return e;
}
function pairs(list, rows) {
  for (const [key, value] of rows) {
    if (value === null || value === undefined || value === "") continue;
    list.append(word(key, "dt"), el("dd", value));
  }
}
const degrees = (lat, lon) => `${lat.toFixed(7)}, ${lon.toFixed(7)}`;

function latLon(x, y) {
  const lon = data.plane.lon + x / data.plane.east_m;
  return [data.plane.lat + y / data.plane.north_m, ((lon + 540) % 360 + 360) % 360 - 180];
}

// ---- view ---------------------------------------------------------------------------------------------------------

const toX = (x) => (x - view.x) * view.scale + width / 2;
const toY = (y) => (view.y - y) * view.scale + height / 2;
const fromX = (px) => (px - width / 2) / view.scale + view.x;
const fromY = (px) => view.y - (px - height / 2) / view.scale;

function fit() {
  const [west, south, east, north] = data.bounds;
  view.x = (west + east) / 2;
  view.y = (south + north) / 2;
  view.scale = Math.min((width - 60) / Math.max(east - west, 20), (height - 90) / Math.max(north - south, 20), 200);
  draw();
}
function zoom(factor, px = width / 2, py = height / 2) {
  untouched = false;
  const x = fromX(px), y = fromY(py);
  view.scale = Math.min(400, Math.max(0.002, view.scale * factor));
  view.x = x - (px - width / 2) / view.scale;
  view.y = y + (py - height / 2) / view.scale;
  draw();
}
function pan(dx, dy) {
  untouched = false;
  view.x -= dx / view.scale;
  view.y += dy / view.scale;
  draw();
}
function resize() {
  const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  if (w === canvas.width && h === canvas.height) return;
  [width, height] = [box.width, box.height];
  [canvas.width, canvas.height] = [w, h];
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (untouched) fit();
  paint();  // at once: a new size has emptied the canvas
}

// ---- drawing ------------------------------------------------------------------------------------------------------

function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; paint(); });
}
function paint() {
  if (!canvas.width || !canvas.height) return;  // a frame that is not laid out yet; its size comes by `resize`
  ctx.fillStyle = "#e9edef";
  ctx.fillRect(0, 0, width, height);
  grid();
  if (layers.photos) for (const t of tiles) if (t.img.complete) tile(t);
  if (layers.unsearched) unseen();
  if (layers.searched) footprints(true);
  if (layers.unsearched) footprints(false);
  if (layers.track) track();
  const shown = data.hits.filter((h) => !hidden.has(h.class));
  if (layers.radius) shown.forEach(radius);
  shown.forEach(pin);
  if (chosen && shown.includes(chosen)) pin(chosen);
  if (layers.labels) labels(shown);
  scaleBar();
}
function grid() {
  const step = nice(140 / view.scale);
  ctx.strokeStyle = "#dbe1e4";
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let x = Math.ceil(fromX(0) / step) * step; toX(x) < width; x += step) { ctx.moveTo(toX(x), 0); ctx.lineTo(toX(x), height); }
  for (let y = Math.floor(fromY(0) / step) * step; toY(y) < height; y -= step) { ctx.moveTo(0, toY(y)); ctx.lineTo(width, toY(y)); }
  ctx.stroke();
}
function tile(t) {
  const x = Math.floor(toX(t.x)), y = Math.floor(toY(t.y));
  const right = Math.floor(toX(t.x + t.side)), bottom = Math.floor(toY(t.y - t.side));
  if (right < 0 || bottom < 0 || x > width || y > height) return;
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(t.img, x, y, right - x, bottom - y);
}
function ring(part) {
  for (let i = 0; i < part.length; i += 2) ctx[i ? "lineTo" : "moveTo"](toX(part[i]), toY(part[i + 1]));
  ctx.closePath();
}
function unseen() {  // ground that only photos show which were not searched
  veil.width = canvas.width;
  veil.height = canvas.height;
  const own = ctx;
  ctx = veil.getContext("2d");
  ctx.setTransform(own.getTransform());
  for (const searched of [false, true]) {
    ctx.globalCompositeOperation = searched ? "destination-out" : "source-over";
    ctx.fillStyle = "rgb(190, 30, 45)";
    for (const f of data.frames) {
      if (!f.ring || f.searched !== searched) continue;
      ctx.beginPath();
      ring(f.ring);
      ctx.fill();
    }
  }
  ctx = own;
  ctx.globalAlpha = 0.3;
  ctx.drawImage(veil, 0, 0, width, height);
  ctx.globalAlpha = 1;
}
function footprints(searched) {
  ctx.beginPath();
  for (const f of data.frames) if (f.ring && f.searched === searched) ring(f.ring);
  ctx.setLineDash(searched ? [] : [7, 4]);
  ctx.lineWidth = searched ? 1 : 1.6;
  ctx.strokeStyle = searched ? "rgba(0, 105, 125, 0.55)" : "rgba(190, 30, 45, 0.9)";
  ctx.stroke();
  ctx.setLineDash([]);
}
function track() {
  const t = data.track;
  if (!t.length) return;
  ctx.lineJoin = "round";
  for (const [w, colour] of [[4.5, "rgba(255, 255, 255, 0.85)"], [2, "#1668b8"]]) {
    ctx.beginPath();
    t.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](toX(x), toY(y)));
    ctx.lineWidth = w;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
  const gap = t.length > 1 ? Math.hypot(t[1][0] - t[0][0], t[1][1] - t[0][1]) * view.scale : 99;
  if (gap > 9) for (const [x, y] of t) disc(toX(x), toY(y), 3, "#1668b8", "#fff", 1.2);
  disc(toX(t[0][0]), toY(t[0][1]), 6, "#2e9e4f", "#fff", 2);
}
function disc(x, y, r, fill, line, w) {
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.fill();
  ctx.lineWidth = w;
  ctx.strokeStyle = line;
  ctx.stroke();
}
function radius(h) {
  const x = toX(h.xy[0]), y = toY(h.xy[1]);
  ctx.beginPath();
  ctx.arc(x, y, h.r90_m * view.scale, 0, 2 * Math.PI);
  ctx.fillStyle = classOf(h).colour + "33";
  ctx.fill();
  ctx.lineWidth = h === chosen ? 2.5 : 1.5;
  ctx.strokeStyle = "#fff";
  ctx.stroke();
  ctx.setLineDash([5, 4]);
  ctx.strokeStyle = classOf(h).colour;
  ctx.stroke();
  ctx.setLineDash([]);
  const [major, minor, bearing] = h.ellipse;
  ctx.beginPath();
  ctx.ellipse(x, y, major * view.scale, minor * view.scale, (bearing - 90) * Math.PI / 180, 0, 2 * Math.PI);
  ctx.lineWidth = 1.4;
  ctx.stroke();
}
function pin(h) {
  const x = toX(h.xy[0]), y = toY(h.xy[1]);
  if (x < -200 || y < -50 || x > width + 50 || y > height + 50) return;
  if (h === chosen) disc(x, y, 12, "rgba(255, 255, 255, 0.5)", classOf(h).colour, 2.5);
  disc(x, y, 6.5, classOf(h).colour, "#fff", 2);
}
function labels(shown) {  // the chosen hit's first, then as many as have room
  const taken = [];
  ctx.font = "600 12.5px 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";
  for (const h of chosen ? [chosen, ...shown.filter((s) => s !== chosen)] : shown) {
    const x = toX(h.xy[0]) + 11, y = toY(h.xy[1]) + 4;
    if (x < -200 || y < -20 || x > width || y > height + 20 || hidden.has(h.class) || taken.length > 150) continue;
    const text = [`${h.n} ${classOf(h).zh}`, String(h.n)].find((t) => claim(taken, x, y, t));
    if (!text) continue;
    ctx.lineWidth = 3.5;
    ctx.strokeStyle = "rgba(255, 255, 255, 0.95)";
    ctx.strokeText(text, x, y);
    ctx.fillStyle = "#16242b";
    ctx.fillText(text, x, y);
  }
}
function claim(taken, x, y, text) {
  const box = [x - 2, y - 13, x + ctx.measureText(text).width + 2, y + 4];
  if (taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3])) return false;
  return taken.push(box) > 0;
}
function nice(length) {
  const power = 10 ** Math.floor(Math.log10(length));
  return [1, 2, 5, 10].map((k) => k * power).filter((v) => v <= length).pop() || power;
}
function scaleBar() {
  const metres = nice(130 / view.scale);
  $("scale").querySelector("span").textContent = metres >= 1000 ? `${metres / 1000} km` : metres >= 1 ? `${metres} m` : `${Math.round(metres * 100)} cm`;
  $("scale").querySelector("i").style.width = `${metres * view.scale}px`;
}

// ---- what is under a place ----------------------------------------------------------------------------------------

function nearest(px, py) {
  let best = null, least = 16;
  for (const h of data.hits) {
    if (hidden.has(h.class)) continue;
    const d = Math.hypot(toX(h.xy[0]) - px, toY(h.xy[1]) - py);
    if (d < least) [best, least] = [h, d];
  }
  return best;
}
function inside(r, x, y) {
  let odd = false;
  for (let i = 0, j = r.length - 2; i < r.length; j = i, i += 2)
    if (r[i + 1] > y !== r[j + 1] > y && x < (r[j] - r[i]) * (y - r[i + 1]) / (r[j + 1] - r[i + 1]) + r[i]) odd = !odd;
  return odd;
}
function pointer(px, py) {
  const x = fromX(px), y = fromY(py);
  const seen = data.frames.filter((f) => f.ring && f.searched && inside(f.ring, x, y)).length;
  $("mouse").textContent = `${degrees(...latLon(x, y))} · ${data.words.searched[0]}${data.words.photos[0]} ${seen}`;
  canvas.classList.toggle("over", nearest(px, py) !== null);
}

// ---- side panel ---------------------------------------------------------------------------------------------------

function picture(h, kind) {
  const source = h[kind] || h[`${kind}_path`];
  if (!source) return null;
  const img = el("img");
  img.src = source;
  img.alt = h.id;
  img.loading = "lazy";
  return img;
}
function choose(h, move) {
  chosen = h;
  $("detail").hidden = h === null;
  $("overview").hidden = h !== null;
  $("side").classList.remove("shut");
  if (h !== null) {
    detail(h);
    $("side").scrollTop = 0;
    if (move) {
      untouched = false;
      [view.x, view.y] = h.xy;
      view.scale = Math.max(view.scale, Math.min(40, height / 8 / Math.max(h.r90_m, 2)));
    }
  }
  draw();
}
function detail(h) {
  const box = $("detail");
  box.replaceChildren();
  const head = el("div", null, "head"), shut = word("close", "button");
  shut.type = "button";
  shut.onclick = () => choose(null);
  const title = el("div");
  title.append(el("b", `${h.n} ${classOf(h).zh}`), " ", el("small", classOf(h).en));
  head.append(dot(classOf(h).colour), title, shut);
  box.append(head, pictures(h));
  const list = el("dl"), [major, minor, bearing] = h.ellipse;
  pairs(list, [
    ["id", h.id], ["class", h.class], ["origin", data.words[h.origin] ? data.words[h.origin].join(" ") : h.origin],
    ["confidence", h.confidence.toFixed(2)], ["r90", `${h.r90_m.toFixed(1)} m`],
    ["ellipse", `${major.toFixed(1)} × ${minor.toFixed(1)} m, ${bearing.toFixed(0)}°`],
    ["wgs84", degrees(h.lat, h.lon)], ["dms", h.dms], ["height", `${h.alt_m.toFixed(1)} m`],
  ]);
  if (h.grid) pairs(list, [
    ["cgcs2000", `${h.grid.zone} (${h.grid.meridian}°E)`], ["north_x", `${h.grid.x.toFixed(2)} m`], ["east_y", `${h.grid.y.toFixed(2)} m`],
  ]);
  pairs(list, [["sightings", h.sightings], ["first_seen", h.first_seen], ["last_seen", h.last_seen], ...moving(h), ["assumed", h.assumed]]);
  box.append(list, actions(h), word("evidence", "h2"), evidence(h));
}
function moving(h) {
  const speed = h.moving_mps === undefined ? [] : [["moving", `${h.moving_mps.toFixed(1)} m/s`]];
  return h.drifting === undefined ? speed : [...speed, ["drifting", `${(100 * h.drifting).toFixed(0)} %`]];
}
function pictures(h) {
  const pics = el("div", null, "pics");
  for (const kind of ["crop", "context"]) {
    const img = picture(h, kind);
    if (!img) continue;
    const figure = el("figure"), link = el("a");
    link.href = h[`${kind}_path`];
    link.target = "_blank";
    link.rel = "noopener";
    link.append(img);
    img.onerror = () => figure.remove();
    const note = word(kind, "figcaption");
    if (h.best) note.append(el("span", ` ${h.best}`));
    figure.append(link, note);
    pics.append(figure);
  }
  return pics;
}
function actions(h) {
  const row = el("div", null, "row"), copy = word("copy", "button"), go = word("navigate", "a");
  copy.type = "button";
  copy.onclick = () => { copyText(degrees(h.lat, h.lon)); copy.textContent = data.words.copied.join(" "); };
  go.href = h.navigate;
  go.target = "_blank";
  go.rel = "noopener noreferrer";
  row.append(copy, go, el("small", `GCJ-02 ${data.words.display_only.join(" ")}`));
  return row;
}
function copyText(text) {
  const area = el("textarea", text);
  document.body.append(area);
  area.select();
  document.execCommand("copy");  // the clipboard API is not there for files
  area.remove();
}
function evidence(h) {
  const table = el("table");
  for (const [frame, t, confidence] of h.evidence) {
    const row = el("tr"), photo = el("td", frame);
    if (t) photo.append(el("br"), el("small", t));
    row.append(photo, el("td", confidence.toFixed(2)));
    table.append(row);
  }
  if (h.sightings > h.evidence.length) table.append(el("caption", `… ${h.sightings}`));
  return table;
}
function layerList() {
  const swatches = {
    photos: "linear-gradient(135deg, #7a8f5a, #b9a27a)", searched: "rgba(0,120,140,.25)", unsearched: "rgba(190,30,45,.4)",
    track: "#1668b8", radius: "rgba(213,94,0,.35)", labels: "#fff",
  };
  const counts = {
    photos: tiles.length ? "" : data.words.none[0], track: `${(data.track_m / 1000).toFixed(2)} km`,
    searched: data.frames.filter((f) => f.searched).length, unsearched: data.frames.filter((f) => !f.searched).length,
  };
  for (const key of Object.keys(layers)) {
    const label = el("label"), box = el("input"), swatch = el("i");
    box.type = "checkbox";
    box.checked = true;
    box.onchange = () => { layers[key] = box.checked; draw(); };
    swatch.style.background = swatches[key];
    if (key === "labels") swatch.style.border = "1px solid #9ab";
    label.append(box, swatch, word(`layer_${key}`), el("output", counts[key]));
    $("layers").append(label);
  }
}
function classList() {
  const counts = {};
  for (const h of data.hits) counts[h.class] = (counts[h.class] || 0) + 1;
  for (const [label, c] of Object.entries(data.classes)) {
    const button = el("button");
    button.type = "button";
    button.title = label;
    button.append(dot(c.colour), el("span", `${c.zh} ${counts[label]}`), el("span", c.en, "en"));
    button.onclick = () => {
      if (!hidden.delete(label)) hidden.add(label);
      button.classList.toggle("off");
      hitList();
      draw();
    };
    $("classes").append(button);
  }
}
function hitList() {
  const shown = data.hits.filter((h) => !hidden.has(h.class));
  $("count").textContent = shown.length;
  $("list").replaceChildren(...shown.slice(0, 2000).map(hitItem));
  if (data.hits.length) return;
  const none = word("no_hits", "li");
  none.className = "empty";
  $("list").append(none);
}
function hitItem(h) {
  const item = el("li"), what = el("div", null, "what"), img = picture(h, "crop") || el("span", null, "blank");
  what.append(dot(classOf(h).colour), ` ${h.n} ${classOf(h).zh} `, el("span", classOf(h).en, "en"));
  item.append(img, what, el("div", h.confidence.toFixed(2), "num"), el("div", degrees(h.lat, h.lon), "where"), el("div", `± ${h.r90_m.toFixed(1)} m`, "num"));
  item.tabIndex = 0;
  item.onclick = () => choose(h, true);
  item.onkeydown = (e) => { if (e.key === "Enter") choose(h, true); };
  return item;
}
function notes(id, key, items, cls) {
  if (!items.length) return;
  const box = el("details", null, cls), list = el("ul"), head = word(key, "summary");
  head.append(` ${items.length}`);
  for (const [name, text] of items.slice(0, 1000)) {
    const item = el("li");
    if (name) item.append(el("b", name), " ");
    item.append(text);
    list.append(item);
  }
  box.open = cls === "warn";
  box.append(head, list);
  $(id).append(box);
}
function overview() {
  $("meta").textContent = data.meta.filter(([key]) => key !== "name").map(([key, value]) => `${data.words[key] ? data.words[key][0] : key} ${value}`).join("  ·  ");
  layerList();
  classList();
  hitList();
  pairs($("summary"), [
    ["photos", data.frames.length], ["searched", data.frames.filter((f) => f.searched).length], ["hits", data.hits.length],
    ...data.meta.filter(([key]) => data.words[key]), ["start", data.start],
  ]);
  notes("warnings", "warnings", data.warnings.map((w) => ["", w]), "warn");
  notes("skipped", "skipped", data.skipped, "");
  notes("skipped", "not_located", data.not_located, "");
}

// ---- mouse, touch, keyboard ---------------------------------------------------------------------------------------

const fingers = new Map();
let moved = 0;
const spot = (e) => { const box = canvas.getBoundingClientRect(); return [e.clientX - box.left, e.clientY - box.top]; };
canvas.addEventListener("pointerdown", (e) => {
  canvas.setPointerCapture(e.pointerId);
  canvas.focus({ preventScroll: true });
  if (fingers.size === 0) moved = 0;
  fingers.set(e.pointerId, spot(e));
  canvas.classList.add("drag");
  $("keys").classList.add("gone");
});
canvas.addEventListener("pointermove", (e) => {
  const [px, py] = spot(e), before = fingers.get(e.pointerId);
  if (!before) return pointer(px, py);
  const other = [...fingers].find(([id]) => id !== e.pointerId);
  if (other) {
    const was = Math.hypot(before[0] - other[1][0], before[1] - other[1][1]), is = Math.hypot(px - other[1][0], py - other[1][1]);
    pan((px - before[0]) / 2, (py - before[1]) / 2);
    if (was > 0) zoom(is / was, (px + other[1][0]) / 2, (py + other[1][1]) / 2);
    moved = 99;
  } else {
    pan(px - before[0], py - before[1]);
    moved += Math.abs(px - before[0]) + Math.abs(py - before[1]);
  }
  fingers.set(e.pointerId, [px, py]);
});
function lift(e) {
  if (!fingers.delete(e.pointerId)) return;
  canvas.classList.toggle("drag", fingers.size > 0);
  if (e.type === "pointerup" && moved < 6 && fingers.size === 0) choose(nearest(...spot(e)));
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", () => { $("mouse").textContent = ""; });
canvas.addEventListener("wheel", (e) => {
  e.preventDefault();
  const step = e.deltaMode === 1 ? e.deltaY * 20 : e.deltaY;
  zoom(Math.exp(-Math.max(-300, Math.min(300, step)) * 0.0022), ...spot(e));
}, { passive: false });
canvas.addEventListener("dblclick", (e) => zoom(2, ...spot(e)));
document.addEventListener("keydown", (e) => {
  if (e.target.closest("input, textarea") || (e.key.startsWith("Arrow") && e.target.closest("#side")) || e.ctrlKey || e.metaKey || e.altKey) return;
  const moves = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
  if (moves[e.key]) pan(...moves[e.key]);
  else if (e.key === "+" || e.key === "=") zoom(1.4);
  else if (e.key === "-") zoom(1 / 1.4);
  else if (e.key === "0") fit();
  else if (e.key === "Escape") choose(null);
  else return;
  e.preventDefault();
});
$("in").onclick = () => zoom(1.6);
$("out").onclick = () => zoom(1 / 1.6);
$("fit").onclick = fit;
$("toggle").onclick = () => { $("side").classList.toggle("shut"); };
new ResizeObserver(resize).observe($("view"));
overview();
resize();
const wanted = data.hits.find((h) => h.id === location.hash.slice(1));
if (wanted) choose(wanted, true);
