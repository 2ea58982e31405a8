// All nodes in a table that can be searched; or one node: its figures, and what can be done with it.
import {api} from "./api.js";
import {ask, button, bytes, el, figures, fill, link, number, only, span, table} from "./elements.js";
import {byName, classFor, grid, nodeNamed, shares, stateOf, states, wordFor} from "./grid.js";
import {jobList} from "./jobs.js";
import {bar, clockOff, disk, matches} from "./nodes.js";

const none = {primaries: 0, copies: 0, joining: 0};
const nowrap = text => el("span", {className: "nowrap"}, text);
const clockText = told => typeof told?.clock_ahead_ms !== "number" ? "–" : clockOff(told) ? el("span", {className: "state single"}, clockOff(told)) : "right";
const badge = node => el("small", {className: "badge " + classFor(node)}, wordFor(node));

function openAll(page) {
  const filter = el("input", {type: "search", placeholder: "Name, zone, state, address", ariaLabel: "Find a node"});
  const list = el("table"), heads = ["Node", "State", "Zone", "Weight", "Primary of", "Copies", "Sessions", "Load", "Disk", "Clock", "Version"];
  const update = () => {
    const share = shares(grid.map), wanted = filter.value.trim().toLowerCase();
    const found = [...grid.status.nodes].sort(byName).filter(node => matches(node, wanted));
    page.lead(`${number(found.length)} of ${number(grid.status.nodes.length)} nodes.`);
    table(list, heads, found.map(node => {
      const held = share.get(node.id) ?? none, told = grid.disks.get(node.id);
      return [link(node.name, "nodes", node.name), badge(node), node.zone || "–", number(node.weight), number(held.primaries),
              number(held.copies) + (held.joining ? ` + ${number(held.joining)} joining` : ""), ...(node.state === "dead" ? ["–", "–", "–", "–"]
                : [told ? number(told.sessions) : "–", nowrap(Math.round(node.load * 100) + " %"), disk(told) || bytes(node.disk_free_bytes) + " free", clockText(told)]), node.version];
    }));
  };
  filter.addEventListener("input", update);
  page.actions([filter]);
  page.body.replaceChildren(el("section", {}, el("div", {className: "scroll"}, list)));
  update();
  return {update};
}

/** [text, what is asked, the change it is]: all that the node's state allows. */
function acts(node) {
  const to = (path, method = "POST") => body => api(method, `/nodes/${node.id}${path}`, body);
  const made = [];
  const working = node.member_state === "active" && !node.maintenance_until;
  if (working) {
    made.push(["Drain", {title: `Drain ${node.name}?`, go: "Drain",
      text: "Other nodes take over what it answers for, within seconds. Its copies stay; undrain gives the work back.", act: () => to("/drain")()}, "POST /nodes/{node}/drain"]);
    made.push(["Maintenance", {title: `Take ${node.name} down for a while?`, go: "Begin",
      text: "It gives away what it answers for. While it is away nothing is rebuilt, until the time is over.",
      fields: [{name: "minutes", label: "Minutes", type: "number", value: 30, min: 1}],
      act: values => to("/maintenance")({seconds: Math.round(Number(values.minutes) * 60)})}, "POST /nodes/{node}/maintenance"]);
  } else {
    const text = node.maintenance_until ? "End maintenance" : node.member_state === "leaving" ? "Keep it" : "Undrain";
    made.push([text, {title: `${text}: ${node.name}?`, go: text, text: "It may answer for slots again, and keeps its copies.", act: () => to("/undrain")()}, "POST /nodes/{node}/undrain"]);
  }
  made.push(["Weight", {title: `How much does ${node.name} hold?`, go: "Set it",
    text: "Its share of all slots, beside the others'. With 0 it stores nothing, and votes.",
    fields: [{name: "weight", label: "Weight", type: "number", value: node.weight, min: 0}], act: values => to("/weight", "PUT")({weight: Number(values.weight)})}, "PUT /nodes/{node}/weight"]);
  made.push(["Zone", {title: `Where does ${node.name} stand?`, go: "Set it", text: "Copies of one slot do not share a zone where zones allow it.",
    fields: [{name: "zone", label: "Zone", value: node.zone}], act: values => to("/zone", "PUT")({zone: values.zone})}, "PUT /nodes/{node}/zone"]);
  if (node.member_state !== "leaving" && grid.status.nodes.length > 1) {
    made.push(["Remove", {title: `Remove ${node.name}?`, go: "Remove", danger: true, confirm: node.name,
      text: "Its copies move to other nodes; when all are elsewhere, it is a member no more and cannot come back under its old identity.",
      act: () => to("", "DELETE")()}, "DELETE /nodes/{node}"]);
  }
  return made;
}

function sentence(node) {
  if (node.maintenance_until) return `Away by plan for another ${span((Date.parse(node.maintenance_until) - Date.now()) / 1000)}. It is not rebuilt meanwhile.`;
  if (node.state === "dead") return "It is silent. The others have taken over; its copies are made anew elsewhere. Start it, or remove it if it is gone for good.";
  if (node.state === "suspect") return "It has been silent for a moment.";
  if (node.member_state === "draining") return "It answers for nothing new; its copies stay.";
  if (node.member_state === "leaving") return "Its copies are moving away. When all are elsewhere it is a member no more.";
  return "It serves, and stores its share.";
}

function holdings(node) {
  const {map} = grid, at = map.nodes.indexOf(node.id), counts = {whole: 0, moving: 0, single: 0, lost: 0};
  for (const row of map.slots) {
    if (row.primary === at || row.in_sync.includes(at) || row.joining.includes(at)) ++counts[stateOf(row, map)];
  }
  return counts;
}

function openOne(page, name) {
  const numbers = el("dl", {className: "figures"}), held = el("div", {className: "bars wide"}), how = el("p", {className: "faint"});
  const moves = el("ul", {className: "jobs"}), facts = el("dl", {className: "facts"});
  const moving = el("section", {}, el("h3", {}, "On the move"), moves);
  /** A button outlives the status that it was made of (fill): what it asks is made of the present one. */
  const askNow = text => {
    const node = nodeNamed(name), asked = node && acts(node).find(([word]) => word === text)?.[1];
    if (asked) ask(asked);
  };
  page.body.replaceChildren(numbers, el("section", {}, el("h3", {}, "What it holds"), held, how), moving, el("section", {}, el("h3", {}, "What it is"), facts));
  const update = () => {
    const node = nodeNamed(name);
    if (!node) {
      page.title(name);
      page.lead("It is not a member of this grid.");
      page.actions([]);
      page.body.replaceChildren();
      return;
    }
    const share = shares(grid.map).get(node.id) ?? none, told = grid.disks.get(node.id), total = grid.map.slots.length;
    page.title(node.name, badge(node));
    page.lead(sentence(node));
    page.actions(acts(node).map(([text, asked, change]) => only(change, button(text, text, () => askNow(text), Boolean(asked.danger)))));
    const full = told?.disk_full_in_days ?? null;
    const gone = node.state === "dead";
    figures(numbers, [["Load", gone ? "–" : Math.round(node.load * 100) + " %"], ["Sessions", told && !gone ? number(told.sessions) : "–"],
      ["Disk free", gone ? "–" : bytes(node.disk_free_bytes), full !== null && full < 365 ? `full in ${number(full)} days` : ""],
      ["Weight", number(node.weight)], ["Zone", node.zone || "none"]]);
    fill(held, [...bar("Primary of", share.primaries, total), ...bar("Copies", share.copies, total), ...bar("Joining", share.joining, total)]);
    const counts = holdings(node), stuck = counts.moving + counts.single + counts.lost;
    fill(how, [stuck === 0 ? "All of these slots have all their copies. " : Object.entries(states).filter(([state]) => state !== "whole" && counts[state])
      .map(([state, [text]]) => `${number(counts[state])} ${text}`).join(", ") + ". ",
      stuck === 0 ? "" : link("Which, and why", "slots", "stuck", node.name)]);
    const jobs = grid.jobs.filter(job => job.node === node.id);
    moving.hidden = jobs.length === 0;
    fill(moves, jobList(jobs));
    const behind = grid.status.map_version - node.map_version;
    const roles = [node.id === grid.status.node ? "serves this page" : "", node.voter ? "votes" : "does not vote"].filter(Boolean).join(", ");
    fill(facts, [["Roles", roles], ["Version", node.version || "not known"], ["Listens for nodes at", node.addresses.join(", ")],
      ["Clock", node.state === "dead" || typeof told?.clock_ahead_ms !== "number" ? "not known" : clockOff(told) || "right, to the second"], ["Map", node.map_version === 0 ? "not heard yet" : behind > 0 ? `${number(behind)} versions behind` : "up to date"], ["Identity", node.id]]
      .flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));
  };
  update();
  return {update};
}

export const open = (page, [name]) => name ? openOne(page, name) : openAll(page);
