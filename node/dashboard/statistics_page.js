// Who used what how much: thirty days of log-ins and traffic, of all, of a domain or of a user.
import {csvOf, pageOf} from "./api.js";
import {bytes, button, el, figures, fill, link, meter, number, section, table, telling} from "./elements.js";
import {panel} from "./charts.js";
import {nameOf} from "./grid.js";

const days_shown = 30, part_rows = 1000, rows_max = 20000, domains_shown_max = 20;
const protocols = {smtp: "SMTP", submission: "Submission", lmtp: "LMTP", imap: "IMAP", pop3: "POP3", http: "HTTP API"};
const counted = ["log_ins", "refused_log_ins", "bytes_in", "bytes_out"];
const charts = [
  {name: "Log-ins a day", unit: "", bars: true, series: [["log_ins", "right", "--good"], ["refused_log_ins", "refused", "--bad"]]},
  {name: "Traffic a day", format: bytes, bars: true, series: [["bytes_in", "from clients", "--accent"], ["bytes_out", "to clients", "--move"]]},
];

const dayBefore = days => new Date(Date.now() - days * 86400e3).toISOString().slice(0, 10);

/** Sums of rows by what `key` makes of each. */
function sums(rows, key) {
  const by_key = new Map();
  for (const row of rows) {
    const sum = by_key.get(key(row)) ?? Object.fromEntries(counted.map(name => [name, 0]));
    for (const name of counted) sum[name] += row[name];
    by_key.set(key(row), sum);
  }
  return by_key;
}

async function read(path) {
  const all = {rows: [], silent: [], more: false};
  for (let next = path; next; ) {
    const part = await pageOf(next);
    all.rows.push(...part.rows);
    all.silent = part.silent;
    next = part.next;
    if (next && all.rows.length >= rows_max) return {...all, more: true};
  }
  return all;
}

function csv(label, path, name) {
  return button(label, label, telling("No file", async () => {
    const file = el("a", {href: URL.createObjectURL(await csvOf(path)), download: name + ".csv"});
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 10000);
  }));
}

const cells = sum => [number(sum.log_ins), number(sum.refused_log_ins), bytes(sum.bytes_in), bytes(sum.bytes_out)];
const heads = ["Log-ins", "Refused", "From clients", "To clients"];
const traffic = sum => sum.bytes_in + sum.bytes_out;

/** A table of sums, the most first, each with a way to itself. */
function ranked(list, head, by_key, way) {
  const rows = [...by_key].sort(([, a], [, b]) => traffic(b) - traffic(a)), most = Math.max(1, ...rows.map(([, sum]) => traffic(sum)));
  table(list, rows.length ? [head, "Traffic", ...heads] : ["Nothing was counted."], rows.slice(0, domains_shown_max).map(([key, sum]) =>
    [way(key), meter("Traffic: " + bytes(traffic(sum)), traffic(sum), most), ...cells(sum)]));
  return rows.length - domains_shown_max;
}

function chooser(name, protocol) {
  const subject = el("input", {type: "search", placeholder: "Domain or address", ariaLabel: "Of this domain or address", value: name});
  const by = el("select", {ariaLabel: "Protocol"}, el("option", {value: ""}, "All protocols"),
    ...Object.entries(protocols).map(([value, text]) => el("option", {value, selected: value === protocol}, text)));
  const form = el("form", {className: "search", role: "search"}, subject, by, el("button", {}, "Show"));
  form.addEventListener("submit", event => {
    event.preventDefault();
    location.hash = "#/" + ["statistics", subject.value.trim(), by.value].map(encodeURIComponent).join("/").replace(/\/+$/, "");
  });
  return form;
}

export async function open(page, [name = "", protocol = ""]) {
  if (protocol && !protocols[protocol]) throw new Error("There is no such protocol.");
  const from = dayBefore(days_shown - 1), days = Array.from({length: days_shown}, (_, i) => dayBefore(days_shown - 1 - i));
  const by = name === "" ? "protocol" : name.includes("@") ? "user" : "domain";
  const query = (what, of = "") => `/statistics?by=${what}&from=${from}&limit=${part_rows}` + (of && "&of=" + encodeURIComponent(of)) + (protocol && "&protocol=" + protocol);
  const numbers = el("dl", {className: "figures"}), plots = el("div", {className: "charts two"}), by_day = el("table", {className: "sums"}), by_protocol = el("table", {className: "sums ranked"}), by_domain = el("table", {className: "sums ranked"});
  const of_domains = el("p", {className: "faint"}), file = "gridmail-" + [name || "all", protocol].filter(Boolean).join("-");
  page.title(name || "Statistics");
  page.actions([chooser(name, protocol)]);

  function show({rows, silent}) {
    const total = sums(rows, () => "").get("") ?? Object.fromEntries(counted.map(one => [one, 0]));
    page.lead(`${name ? "What it did" : "What all did"}${protocol ? " by " + protocols[protocol] : ""} in the last ${days_shown} days. A day ends at midnight UTC.` +
      (silent.length ? ` Without the part of ${silent.map(nameOf).join(", ")}, silent now.` : ""));
    figures(numbers, [["Log-ins", number(total.log_ins)], ["Refused", number(total.refused_log_ins)], ["From clients", bytes(total.bytes_in)], ["To clients", bytes(total.bytes_out)]]);
    const of_day = sums(rows, row => row.day), none = {log_ins: 0, refused_log_ins: 0, bytes_in: 0, bytes_out: 0};
    const columns = {end: days.map((_, i) => i)};
    for (const one of counted) columns[one] = days.map(day => (of_day.get(day) ?? none)[one]);
    fill(plots, charts.map(chart => panel(chart, columns, [days[0], "today"])));
    table(by_day, ["Day", ...heads], [...days].reverse().map(day => [day, ...cells(of_day.get(day) ?? none)]));
    ranked(by_protocol, "Protocol", sums(rows, row => row.protocol), key => link(protocols[key] ?? key, "statistics", name, key));
  }
  async function refresh() {
    show(await read(query(by, name)));
    if (name) return;
    const {rows, more} = await read(query("domain"));
    const left = ranked(by_domain, "Domain", sums(rows, row => row.domain), key => link(key, "statistics", key));
    of_domains.textContent = more ? "There are so many domains that not all were read: the files have them." : left > 0 ? `And ${number(left)} more, in the file.` : "";
  }
  page.body.replaceChildren(numbers,
    section("By day", [csv("CSV", query(by, name), file)], plots,
      el("details", {}, el("summary", {}, "The same as a table"), el("div", {className: "scroll tall", tabIndex: 0, role: "region", ariaLabel: "Days as a table"}, by_day))),
    section("By protocol", [], el("div", {className: "scroll"}, by_protocol)),
    name ? (by === "user" ? el("p", {}, link("The user’s page", "users", name)) : "")
      : section("By domain", [csv("CSV of domains", query("domain"), "gridmail-domains"), csv("CSV of users", query("user"), "gridmail-users")],
        el("div", {className: "scroll"}, by_domain), of_domains));
  await refresh();
  return {every_ms: 60000, refresh};
}
