// The nodes as cards: how each does at a glance. What can be done with one is on its page.
import {api} from "./api.js";
import {ask, bytes, el, fill, link, meter, number, only, present, span} from "./elements.js";
import {byName, classFor, grid, shares, wordFor} from "./grid.js";

const search_from = 12;  // nodes; fewer are seen at a glance
const dense_from = 7;
const $ = id => document.getElementById(id);

/** A line of bars: what, how much of it, and the number. */
export const bar = (name, value, max) => [el("span", {}, name), meter(`${name}: ${value} of ${max}`, value, max), el("span", {}, number(value))];

export function disk(figures) {
  if (!figures) return "";
  const full = figures.disk_full_in_days;
  return `${bytes(figures.disk_free_bytes)} free` + (full !== null && full < 365 ? `, full in ${number(full)} days` : "");
}

const clock_off_ms = 1000;
/** What is wrong with the node's clock, beside that of the page's node; empty: nothing. */
export function clockOff(figures) {
  const ahead = figures?.clock_ahead_ms ?? 0;
  if (Math.abs(ahead) < clock_off_ms) return "";
  return `${span(Math.abs(ahead) / 1000)} ${ahead > 0 ? "ahead" : "behind"}`;
}

export const matches = (node, wanted) => [node.name, node.zone, node.id, node.version, wordFor(node), ...node.addresses]
  .some(text => text.toLowerCase().includes(wanted));

function card(node, share, total) {
  const figures = grid.disks.get(node.id);
  const roles = [node.id === grid.status.node ? "this page's node" : "", node.voter ? "voter" : "", node.zone ? "zone " + node.zone : "",
                 "weight " + node.weight, node.version].filter(Boolean);
  return el("article", {className: "node " + classFor(node)},
    el("h3", {}, link(node.name, "nodes", node.name), el("small", {}, wordFor(node))),
    el("div", {className: "bars"}, ...bar("primary of", share.primaries, total), ...bar("copies", share.copies, total),
       ...(share.joining > 0 ? bar("joining", share.joining, total) : [])),
    node.state === "dead" ? "" : el("p", {}, [`load ${Math.round(node.load * 100)} %`, figures ? number(figures.sessions) + " sessions" : "", disk(figures),
      clockOff(figures) && "clock " + clockOff(figures)].filter(Boolean).join(" · ")),
    el("p", {className: "roles"}, roles.join(" · ")));
}

export function showNodes() {
  const {status, map} = grid, share = shares(map), none = {primaries: 0, copies: 0, joining: 0};
  const wanted = $("node_filter").value.trim().toLowerCase();
  only("POST /join-tokens", $("add_node"));
  $("node_filter").hidden = status.nodes.length < search_from;
  $("nodes").classList.toggle("dense", status.nodes.length >= dense_from);
  const found = [...status.nodes].sort(byName).filter(node => matches(node, wanted));
  fill($("nodes"), found.length === 0 ? [el("p", {className: "faint"}, "No node is called so.")]
    : found.map(node => card(node, share.get(node.id) ?? none, map.slots.length)));
}

$("node_filter").addEventListener("input", () => { if (grid.map) showNodes(); });
$("add_node").addEventListener("click", () => ask({
  title: "Add a node", go: "Make a token",
  text: "The new machine joins with a single-use token. It is valid for an hour.",
  fields: [present],
  act: async ({current}) => {
    const made = await api("POST", "/join-tokens", {ttl_seconds: 3600, current});
    ask({title: "On the new machine, as root; it asks for the token",
      text: el("pre", {tabIndex: 0}, `gridmail setup --join-file -\n\n${made.token}`)});
  },
}));
