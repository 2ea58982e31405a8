// The last events in short: what happened to nodes, and what was done to the grid.
import {api} from "./api.js";
import {el, fill, when} from "./elements.js";
import {linkTo} from "./audit_rows.js";
import {eventDetail, eventName, eventNode} from "./events.js";

const shown_max = 8, read_max = 60, same_within_ms = 15000;
const ordered = new Set(["draining", "leaving", "away", "working"]);
const $ = id => document.getElementById(id);

/** What somebody ordered is told with who it was. */
const isOrdered = (event, rows) => ordered.has(event.what) &&
  rows.some(row => row.verb.startsWith("node ") && row.object === event.name && Math.abs(Date.parse(row.at) - Date.parse(event.at)) < same_within_ms);

/** Who may not read the log sees the rest. */
export async function showChanges() {
  const [rows, {events}] = await Promise.all([api("GET", "/audit?limit=" + read_max).catch(() => []), api("GET", "/chronicle")]);
  const items = [
    ...rows.filter(row => !row.verb.startsWith("session ")).map(row => [row.at, el("b", {className: "dot"}, row.verb), el("span", {}, linkTo(row)), el("span", {className: "faint"}, `by ${row.who ?? "the grid"}`)]),
    ...events.filter(event => !isOrdered(event, rows)).map(event => [event.at, eventName(event), el("span", {}, eventNode(event)), el("span", {className: "faint"}, eventDetail(event))]),
  ].sort(([one], [other]) => Date.parse(other) - Date.parse(one)).slice(0, shown_max);
  $("changes_section").hidden = items.length === 0;
  fill($("changes"), items.map(([at, ...parts]) => el("li", {}, ...parts, el("span", {className: "faint when"}, when(at)))));
}
