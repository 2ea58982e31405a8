// All slots as one picture: a square each, coloured by how it does or by who answers for it.
import {el, fill, link, number, table} from "./elements.js";
import {grid, stateOf, states, tally} from "./grid.js";

const listed_max = 200;
const $ = id => document.getElementById(id);
let shown = null, pointed = null;

/** A colour a node, apart from its neighbours' by the golden angle. */
const hue = (i, dark) => `hsl(${(i * 137.5 + 210) % 360} 55% ${dark ? 60 : 45}%)`;

function layout(canvas, count) {
  const width = canvas.clientWidth || 800;
  const side = Math.max(4, Math.min(10, width / 90));  // a phone's picture is no longer than it is wide
  const columns = Math.max(32, Math.min(count, Math.floor(width / side)));
  return {width, columns, cell: width / columns, rows: Math.ceil(count / columns)};
}

function draw() {
  const {map, by} = shown, canvas = $("slots"), at = layout(canvas, map.slots.length);
  const scale = window.devicePixelRatio || 1, height = at.rows * at.cell;
  canvas.width = Math.round(at.width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = height + "px";
  const style = getComputedStyle(document.documentElement);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const colours = Object.fromEntries(Object.entries(states).map(([name, [, variable]]) => [name, style.getPropertyValue(variable)]));
  const paint = canvas.getContext("2d");
  paint.scale(scale, scale);
  const gap = at.cell < 7 ? .6 : 1.2;
  map.slots.forEach((row, i) => {
    const state = stateOf(row, map);
    paint.fillStyle = by === "primary" && state !== "lost" ? hue(row.primary, dark) : colours[state];
    paint.globalAlpha = by === "state" && state === "whole" ? .55 : 1;
    paint.fillRect((i % at.columns) * at.cell, Math.floor(i / at.columns) * at.cell, at.cell - gap, at.cell - gap);
  });
  paint.globalAlpha = 1;
  if (pointed !== null) {
    paint.strokeStyle = style.getPropertyValue("--ink");
    paint.lineWidth = 2;
    paint.strokeRect((pointed % at.columns) * at.cell - 1, Math.floor(pointed / at.columns) * at.cell - 1, at.cell + 1, at.cell + 1);
  }
}

function describe(i) {
  const {map} = shown, row = map.slots[i];
  const names = list => list.map(n => map.names[n]).join(", ") || "none";
  const name = i === map.slots.length - 1 ? "The directory's slot" : "Slot " + number(i);
  return `${name}, epoch ${row.epoch}: ${states[stateOf(row, map)][0]}. Primary ${row.primary < 0 ? "none" : map.names[row.primary]}; ` +
    `in sync ${names(row.in_sync)}` + (row.joining.length ? `; joining ${names(row.joining)}` : "") +
    (row.retired.length ? `; retired ${names(row.retired)}` : "") + ".";
}

function point(i) {
  const within = shown && i !== null && i >= 0 && i < shown.map.slots.length;
  if (i !== null && !within) return;
  pointed = i;
  $("slot_text").textContent = within ? describe(i) : "";
  draw();
}

function showLegend(counts) {
  const {map, by} = shown, dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const entries = by === "state"
    ? Object.entries(states).map(([name, [text, variable]]) => [`var(${variable})`, `${number(counts[name])} ${text}`])
    : map.names.map((name, i) => [hue(i, dark), name]);
  fill($("legend"), entries.map(([, text]) => el("li", {}, el("i"), text)));
  [...$("legend").querySelectorAll("i")].forEach((square, i) => { square.style.background = entries[i][0]; });
}

export function showSlots() {
  const {map} = grid, by = document.querySelector("input[name=colour]:checked").value;
  shown = {map, by};
  const counts = tally(map);
  $("slots_text").textContent = `${number(counts.whole)} of ${number(map.slots.length)} slots have all their copies` +
    ["moving", "single", "lost"].filter(name => counts[name]).map(name => `; ${number(counts[name])} ${states[name][0]}`).join("") + ". Point at a square, or use the arrow keys.";
  showLegend(counts);
  draw();
  const wrong = map.slots.map((row, i) => [i, stateOf(row, map)]).filter(([, state]) => state !== "whole");
  table($("slots_table"), ["State", "Slots"], [
    ...Object.entries(states).map(([name, [text]]) => [text, number(counts[name])]),
    ...wrong.slice(0, listed_max).map(([i]) => ["", describe(i)]),
    ...(wrong.length > listed_max ? [["", el("span", {}, `And ${number(wrong.length - listed_max)} more: `, link("all of them", "slots"))]] : [])]);
}

const canvas = $("slots");
canvas.addEventListener("pointermove", event => {
  if (!shown) return;
  const at = layout(canvas, shown.map.slots.length);
  point(Math.floor(event.offsetY / at.cell) * at.columns + Math.floor(event.offsetX / at.cell));
});
canvas.addEventListener("pointerleave", () => { if (shown) point(null); });
canvas.addEventListener("keydown", event => {
  if (!shown) return;
  const {columns} = layout(canvas, shown.map.slots.length);
  const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns}[event.key];
  if (step === undefined) return;
  event.preventDefault();
  point((pointed ?? -step) + step);
});
for (const choice of document.querySelectorAll("input[name=colour]")) {
  choice.addEventListener("change", () => { if (shown) { shown.by = choice.value; showLegend(tally(shown.map)); draw(); } });
}
addEventListener("resize", () => { if (shown) draw(); });
