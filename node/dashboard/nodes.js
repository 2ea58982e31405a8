// The nodes as cards, each with what it holds and what can be done with it.
import {api} from "./api.js";
import {ask, bytes, el, fill, number} from "./elements.js";

const search_from = 12;  // nodes; fewer are seen at a glance
const $ = id => document.getElementById(id);
const meanings = {
  draining: "draining: its primaries are elsewhere", leaving: "leaving: its copies are moving away",
};
let shown = null;

function shares(map) {
  const share = new Map(map.nodes.map(id => [id, {primaries: 0, copies: 0, joining: 0}]));
  for (const row of map.slots) {
    if (row.primary >= 0) ++share.get(map.nodes[row.primary]).primaries;
    for (const i of row.in_sync) ++share.get(map.nodes[i]).copies;
    for (const i of row.joining) ++share.get(map.nodes[i]).joining;
  }
  return share;
}

function meter(name, value, max) {
  return [el("span", {}, name), el("meter", {min: 0, max: Math.max(1, max), value, ariaLabel: `${name}: ${value} of ${max}`}),
          el("span", {}, number(value))];
}

function disk(figures) {
  if (!figures) return "";
  const full = figures.disk_full_in_days;
  return `${bytes(figures.disk_free_bytes)} free` + (full !== null && full < 365 ? `, full in ${number(full)} days` : "");
}

function card(node, share, total, figures, status, changed) {
  const act = (path, method = "POST") => async () => { await api(method, `/nodes/${node.id}${path}`); changed(); };
  const button = (text, click, danger = false) => {
    const made = el("button", {type: "button", className: danger ? "quiet danger" : "quiet"}, text);
    made.dataset.node = node.id;
    made.dataset.action = text;
    clicks.set(node.id + text, click);
    return made;
  };
  const actions = [];
  if (node.member_state === "active") {
    actions.push(button("Drain", () => ask({
      title: `Drain ${node.name}?`, go: "Drain",
      text: "Other nodes take over what it answers for, within seconds. Its copies stay; undrain gives the work back.",
      act: act("/drain")})));
  } else if (node.member_state === "draining") {
    actions.push(button("Undrain", () => ask({
      title: `Undrain ${node.name}?`, go: "Undrain", text: "It may answer for slots again.", act: act("/undrain")})));
  }
  if (node.member_state !== "leaving" && status.nodes.length > 1) {
    actions.push(button("Remove", () => ask({
      title: `Remove ${node.name}?`, go: "Remove", danger: true,
      text: "Its copies move to other nodes; when all are elsewhere, it is a member no more and cannot come back under its old identity.",
      act: act("", "DELETE")}), true));
  }
  const roles = [node.id === status.node ? "this page's node" : "", node.voter ? "voter" : "", node.zone ? "zone " + node.zone : "",
                 "weight " + node.weight].filter(Boolean);
  return el("article", {className: `node ${node.member_state === "active" ? "" : node.member_state} ${node.state}`},
    el("h3", {}, node.name, el("small", {}, node.state === "dead" ? "dead" : node.state === "suspect" ? "silent" : node.member_state === "active" ? "alive" : node.member_state)),
    el("div", {className: "bars"}, ...meter("primary of", share.primaries, total), ...meter("copies", share.copies, total),
       ...(share.joining > 0 ? meter("joining", share.joining, total) : [])),
    el("p", {}, roles.join(" · ")),
    el("p", {}, [figures ? number(figures.sessions) + " sessions" : "", `load ${Math.round(node.load * 100)} %`, disk(figures)].filter(Boolean).join(" · ")),
    meanings[node.member_state] ? el("p", {}, meanings[node.member_state]) : "",
    el("p", {title: node.id}, [node.addresses.join(", "), node.version].filter(Boolean).join(" · ")),
    el("div", {className: "actions"}, ...actions));
}

const clicks = new Map();  // node and action: what a click does; cards are made anew while one is being read

export function showNodes(status, map, disks, changed) {
  shown = {status, map, disks, changed};
  clicks.clear();
  const share = shares(map);
  const wanted = $("node_filter").value.toLowerCase();
  $("node_filter").hidden = status.nodes.length < search_from;
  const none = {primaries: 0, copies: 0, joining: 0};
  fill($("nodes"), status.nodes.toSorted?.((a, b) => a.name.localeCompare(b.name, "en", {numeric: true})) ?? status.nodes
    .filter(node => (node.name + " " + node.zone + " " + node.id + " " + node.state).toLowerCase().includes(wanted))
    .map(node => card(node, share.get(node.id) ?? none, map.slots.length, disks.get(node.id), status, changed)));
}

$("nodes").addEventListener("click", event => {
  const {node, action} = event.target.dataset;
  if (action) clicks.get(node + action)?.();
});
$("node_filter").addEventListener("input", () => { if (shown) showNodes(shown.status, shown.map, shown.disks, shown.changed); });
$("add_node").addEventListener("click", () => ask({
  title: "Add a node", go: "Make a token",
  text: "Start the program on the new machine with a single-use token. It is valid for an hour.",
  act: async () => {
    const made = await api("POST", "/join-tokens", {ttl_seconds: 3600});
    ask({title: "Start the new node with", text: el("pre", {tabIndex: 0}, `gridmaild --join ${made.token}`)});
  },
}));
