// Figures over time as small charts: drawn as SVG, told as a sentence, and listed as a table.
import {el, fill, number, table} from "./elements.js";

const svg_ns = "http://www.w3.org/2000/svg";
const width = 600, height = 120, lines = 3;
const $ = id => document.getElementById(id);

/** name, unit; series: [column, what it is called, colour]; rate: shown per second. */
const charts = [
  {id: "mail_in", name: "Messages taken", unit: "/s", rate: true,
   series: [["received", "answered 250", "--good"], ["deferred", "asked to come again", "--warn"], ["refused", "refused", "--bad"]]},
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

/** 1, 2 or 5 times a power of ten: above `most`, as a scale's end. */
function scale_end(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1e-9)));
  return [1, 2, 5, 10].map(n => n * power).find(end => end >= most) ?? 1;
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

function draw(chart, columns, end) {
  const picture = svg("svg", {viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true"});
  const ends = columns.end, from = ends[0], until = ends.at(-1);
  const at_x = i => until === from ? width : (ends[i] - from) / (until - from) * width;
  const at_y = value => height - value / end * (height - 4);
  for (let i = 1; i <= lines; ++i) {
    const y = at_y(end * i / (lines + 1));
    picture.append(svg("line", {x1: 0, x2: width, y1: y, y2: y, class: "grid"}));
  }
  for (const [column, , colour] of chart.series) {
    const line = svg("path", {d: path(columns[column], at_x, at_y), class: "line"});
    line.style.stroke = `var(${colour})`;
    picture.append(line);
  }
  return picture;
}

function panel(chart, report) {
  const columns = {end: report.spans.end};
  for (const [column] of chart.series) {
    columns[column] = report.spans[column].map(value => value === null ? null : chart.rate ? value / report.span_seconds : value);
  }
  const last = column => columns[column].at(-1) ?? null;
  const most = column => Math.max(0, ...columns[column].filter(value => value !== null));
  const end = scale_end(Math.max(...chart.series.map(([column]) => most(column)), chart.rate ? 0.1 : 1));
  const text = chart.series.map(([column, name]) => `${name} ${shown(last(column))}${chart.unit}, at most ${shown(most(column))}`).join("; ");
  return el("figure", {className: "chart"},
    el("figcaption", {}, el("b", {}, chart.name), el("span", {className: "unseen"}, ": " + text)),
    el("ul", {className: "legend", ariaHidden: "true"}, ...chart.series.map(([column, name, colour]) =>
      el("li", {}, el("i", {className: colour.slice(2)}), `${name} `, el("b", {}, shown(last(column)) + (last(column) === null ? "" : chart.unit))))),
    el("div", {className: "plot"}, el("span", {className: "end", ariaHidden: "true"}, shown(end) + chart.unit), draw(chart, columns, end)));
}

function list(report) {
  const spans = report.spans;
  const clock = seconds => new Date(seconds * 1000).toTimeString().slice(0, 8);
  const newest_first = spans.end.map((_, i) => i).reverse().slice(0, 60);
  table($("flow_table"), ["Until", ...charts.flatMap(chart => chart.series.map(([, name]) => `${chart.name}: ${name}`))],
    newest_first.map(i => [clock(spans.end[i]), ...charts.flatMap(chart => chart.series.map(([column]) =>
      shown(spans[column][i] === null ? null : chart.rate ? spans[column][i] / report.span_seconds : spans[column][i])))]));
}

export function showFlow(report) {
  const answered = report.nodes.length, asked = answered + report.silent.length;
  const newest = report.spans.end.at(-1);
  const age = newest === undefined ? null : Math.max(0, Math.round(Date.now() / 1000 - newest));
  $("flow_text").textContent = newest === undefined
    ? "The nodes have counted for less than ten seconds."
    : `From ${answered} of ${asked} nodes, ${age} s old.`;
  fill($("flow"), newest === undefined ? [] : charts.map(chart => panel(chart, report)));
  if ($("flow_details").open) list(report);
}
