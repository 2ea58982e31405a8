// What this page knows of the grid, renewed with every status; and what follows from it.
export const grid = {status: null, map: null, jobs: [], disks: new Map()};

export const nodeNamed = name => grid.status.nodes.find(node => node.name === name || node.id === name);
export const nameOf = id => grid.status.nodes.find(node => node.id === id)?.name ?? id.slice(0, 8);
export const byName = (a, b) => a.name.localeCompare(b.name, "en", {numeric: true});

/** One word for how a node is. */
export function wordFor(node) {
  if (node.state === "dead") return node.maintenance_until ? "away" : "dead";
  if (node.state === "suspect") return "silent";
  return node.member_state === "active" ? "alive" : node.member_state;
}
/** The class that colours it. */
export const classFor = node => `${node.member_state === "active" ? "" : node.member_state} ${node.state}`;

/** How many slots each node answers for, has a copy of, and is being filled with, by id. */
export function shares(map) {
  const share = new Map(map.nodes.map(id => [id, {primaries: 0, copies: 0, joining: 0}]));
  for (const row of map.slots) {
    if (row.primary >= 0) ++share.get(map.nodes[row.primary]).primaries;
    for (const i of row.in_sync) ++share.get(map.nodes[i]).copies;
    for (const i of row.joining) ++share.get(map.nodes[i]).joining;
  }
  return share;
}

/** States of slots: what they are called, their colour. */
export const states = {
  whole: ["with all copies", "--good"],
  moving: ["with a joining copy", "--move"],
  single: ["with too few copies", "--warn"],
  lost: ["without a living primary", "--bad"],
};

export function stateOf(row, map) {
  if (row.primary < 0 || map.silent.has(row.primary)) return "lost";
  if (row.joining.length > 0) return "moving";
  return row.in_sync.filter(i => !map.silent.has(i)).length < map.copies ? "single" : "whole";
}

export function tally(map) {
  const counts = {whole: 0, moving: 0, single: 0, lost: 0};
  for (const row of map.slots) ++counts[stateOf(row, map)];
  return counts;
}

/** Takes in a status, and what it says of the map's nodes. */
export function takeIn(status, map) {
  const nodes = new Map(status.nodes.map(node => [node.id, node]));
  map.names = map.nodes.map(id => nodes.get(id)?.name ?? id.slice(0, 8));
  map.silent = new Set(map.nodes.map((id, i) => (nodes.get(id)?.state === "alive" ? -1 : i)).filter(i => i >= 0));
  map.copies = status.copies;
  Object.assign(grid, {status, map});
}
