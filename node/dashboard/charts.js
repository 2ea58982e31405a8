// Figures over time as small charts: drawn as SVG, told as a sentence, and listed as a table.
import {bytes, el, fill, number, table} from "./elements.js";

const svg_ns = "http://www.w3.org/2000/svg";
const width = 600, height = 120, lines = 3;
const $ = id => document.getElementById(id);

/** name, unit; series: [column, what it is called, colour]; rate: shown per second. */
const charts = [
  {id: "mail_in", name: "Messages taken", unit: "/s", rate: true,
   series: [["received", "answered 250", "--good"], ["deferred", "asked to come again", "--warn"], ["refused", "refused", "--bad"]]},
  {id: "mail_on", name: "Where they went", unit: "/s", rate: true,
   series: [["delivered", "into mailboxes", "--good"], ["queued", "into the queue", "--accent"], ["taken_in", "taken in", "--warn"]]},
  {id: "smtp_time", name: "Until a message is answered", unit: " ms",
   series: [["smtp_p50_ms", "half within", "--accent"], ["smtp_p99_ms", "99 of 100 within", "--move"]]},
  {id: "imap_time", name: "Until an IMAP command is answered", unit: " ms",
   series: [["imap_p50_ms", "half within", "--accent"], ["imap_p99_ms", "99 of 100 within", "--move"]]},
  {id: "sessions", name: "Sessions", unit: "",
   series: [["imap_sessions", "IMAP", "--accent"], ["pop3_sessions", "POP3", "--move"], ["smtp_sessions", "SMTP", "--good"]]},
  {id: "log_ins", name: "Log-ins", unit: "/s", rate: true,
   series: [["log_ins", "right", "--good"], ["wrong_passwords", "wrong passwords", "--bad"]]},
];

const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS(svg_ns, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const shown = value => value === null ? "–" : number(value < 10 ? Math.round(value * 100) / 100 : Math.round(value));

/** What a chart writes beside its lines: a number and its unit, or as it says itself. */
const told = (chart, value) => value === null ? "–" : chart.format ? chart.format(value) : shown(value) + chart.unit;

/** 1, 2 or 5 times a power of ten: above `most`, as a scale's end; of bytes in their own units. */
function scale_end(most, in_bytes = false) {
  const unit = in_bytes ? 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(most, 1)) / 10)) : 1;
  const power = 10 ** Math.floor(Math.log10(Math.max(most / unit, 1e-9)));
  return ([1, 2, 5, 10].map(n => n * power).find(end => end >= most / unit) ?? 1) * unit;
}

/** A gap where nothing is known; a dot where it is known once only. */
function path(values, at_x, at_y) {
  let text = "", pen_down = false;
  values.forEach((value, i) => {
    if (value === null) { pen_down = false; return; }
    text += `${pen_down ? "L" : "M"}${at_x(i).toFixed(1)} ${at_y(value).toFixed(1)}${pen_down ? "" : "h0"}`;
    pen_down = true;
  });
  return text;
}

/** What lies below the line where something is known: no more than a tint. */
function area(values, at_x, at_y) {
  let text = "";
  for (let from = 0; from < values.length; ++from) {
    if (values[from] === null) continue;
    let until = from;
    while (until + 1 < values.length && values[until + 1] !== null) ++until;
    const top = values.slice(from, until + 1).map((value, i) => `L${at_x(from + i).toFixed(1)} ${at_y(value).toFixed(1)}`).join("");
    text += `M${at_x(from).toFixed(1)} ${height}${top}L${at_x(until).toFixed(1)} ${height}Z`;
    from = until;
  }
  return text;
}

const coloured = (shape, colour, property) => {
  shape.style[property] = `var(${colour})`;
  return shape;
};

/** A group of bars for each moment. */
function drawBars(chart, columns, end, picture) {
  const count = columns.end.length, group = width / count, bar = group * .8 / chart.series.length;
  chart.series.forEach(([column, , colour], which) => columns[column].forEach((value, i) => {
    const tall = value / end * (height - 4);
    if (value > 0) picture.append(coloured(svg("rect", {x: i * group + group * .1 + which * bar, y: height - tall, width: bar * .92, height: tall, rx: 1.5}), colour, "fill"));
  }));
}

function drawLines(chart, columns, at_x, at_y, picture) {
  const drawn = chart.series.filter(([column]) => columns[column].some(value => value !== null));
  for (const [column, , colour] of drawn.slice(0, 1)) picture.append(coloured(svg("path", {d: area(columns[column], at_x, at_y), class: "area"}), colour, "fill"));
  for (const [column, , colour] of [...drawn].reverse()) {
    picture.append(coloured(svg("path", {d: path(columns[column], at_x, at_y), class: "line"}), colour, "stroke"));
    const last = columns[column].length - 1, value = columns[column][last];
    if (value !== null) picture.append(coloured(svg("path", {d: `M${at_x(last)} ${at_y(value).toFixed(1)}h0`, class: "line now"}), colour, "stroke"));
  }
}

function draw(chart, columns, end) {
  const picture = svg("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"});
  const ends = columns.end, from = ends[0], until = ends.at(-1);
  const at_x = i => until === from ? width : (ends[i] - from) / (until - from) * width;
  const at_y = value => height - value / end * (height - 4);
  for (let i = 1; i <= lines; ++i) {
    const y = at_y(end * i / (lines + 1));
    picture.append(svg("line", {x1: 0, x2: width, y1: y, y2: y, class: "grid"}));
  }
  if (chart.bars) drawBars(chart, columns, end, picture);
  else drawLines(chart, columns, at_x, at_y, picture);
  return picture;
}

/** Columns of numbers by name, beside `end`, the moments, of which the first and the last are called so. */
export function panel(chart, columns, [from, until]) {
  const last = column => columns[column].at(-1) ?? null;
  const most = column => Math.max(0, ...columns[column].filter(value => value !== null));
  const end = scale_end(Math.max(...chart.series.map(([column]) => most(column)), chart.rate ? 0.1 : 1), chart.format === bytes);
  const text = chart.series.map(([column, name]) => `${name} ${told(chart, last(column))}, at most ${told(chart, most(column))}`).join("; ");
  return el("figure", {className: "chart"},
    el("figcaption", {}, el("b", {}, chart.name), el("span", {className: "unseen"}, ": " + text)),
    el("ul", {className: "legend", ariaHidden: "true"}, ...chart.series.map(([column, name, colour]) =>
      el("li", {}, el("i", {className: colour.slice(2)}), `${name} `, el("b", {}, told(chart, last(column)))))),
    el("div", {className: "plot"}, el("span", {className: "end", ariaHidden: "true"}, told(chart, end)), draw(chart, columns, end)),
    el("div", {className: "axis", ariaHidden: "true"}, el("span", {}, from), el("span", {}, until)));
}

const clock = seconds => new Date(seconds * 1000).toTimeString();

/** The columns of one chart. */
function columnsOf(chart, {spans, span_seconds}) {
  const columns = {end: spans.end};
  for (const [column] of chart.series) columns[column] = spans[column].map(value => value === null ? null : chart.rate ? value / span_seconds : value);
  return columns;
}

function list(report) {
  const spans = report.spans, by_chart = charts.map(chart => columnsOf(chart, report));
  const newest_first = spans.end.map((_, i) => i).reverse();
  table($("flow_table"), ["Until", ...charts.flatMap(chart => chart.series.map(([, name]) => `${chart.name}: ${name}`))],
    newest_first.map(i => [clock(spans.end[i]).slice(0, 8), ...charts.flatMap((chart, which) => chart.series.map(([column]) => shown(by_chart[which][column][i])))]));
}

export function showFlow(report) {
  const answered = report.nodes.length, asked = answered + report.silent.length;
  const newest = report.spans.end.at(-1);
  const age = newest === undefined ? null : Math.max(0, Math.round(Date.now() / 1000 - newest));
  $("flow_text").textContent = newest === undefined
    ? "The nodes have counted for less than ten seconds."
    : `From ${answered} of ${asked} nodes, ${age} s old.`;
  fill($("flow"), newest === undefined ? [] : charts.map(chart =>
    panel(chart, columnsOf(chart, report), [report.spans.end[0], newest].map(moment => clock(moment).slice(0, 5)))));
  if ($("flow_details").open) list(report);
}
