// The slots that are stuck, and why each is; or all of them.
import {el, number, span, table} from "./elements.js";
import {grid, stateOf, states, tally} from "./grid.js";

const page_rows = 100;

const listed = places => places.length ? places.map(i => grid.map.names[i]).join(", ") : "none";
const nodeAt = i => grid.status.nodes.find(node => node.id === grid.map.nodes[i]);

/** What keeps a node's copies from being there. */
function absence(i) {
  const node = nodeAt(i), name = grid.map.names[i];
  if (!node) return `${name} is no member any more`;
  if (!node.maintenance_until) return `${name} is silent`;
  return `${name} is away by plan for another ${span((Date.parse(node.maintenance_until) - Date.now()) / 1000)}`;
}

function heldBack(row) {
  const nodes = [...row.in_sync, ...row.joining, ...row.retired].map(i => grid.map.nodes[i]);
  const paused = grid.jobs.find(job => (job.state === "paused" || job.state === "waiting") && (job.node === null || nodes.includes(job.node)));
  return !paused ? "" : paused.state === "paused" ? `; the job ${paused.id} is paused` : `; ${paused.id} waits: ${paused.waits_for}`;
}

/** Why a slot is not as it should be. */
export function reason(row) {
  const {map} = grid, state = stateOf(row, map), alive = row.in_sync.filter(i => !map.silent.has(i)), away = [...row.in_sync, ...row.retired].filter(i => map.silent.has(i));
  if (state === "whole") return "Nothing is wrong.";
  if (state === "lost") {
    const whose = row.primary < 0 ? "no primary is agreed" : absence(row.primary);
    if (alive.length) return `${whose}; ${listed(alive)} takes over within seconds.`;
    return `${whose}, and no other copy in sync lives: start ${listed([...new Set([...row.in_sync, ...row.retired])])}.`;
  }
  if (state === "moving") {
    const from = away.length ? `, since ${away.map(absence).join(" and ")}` : "";
    const silent = row.joining.filter(i => map.silent.has(i));
    return silent.length ? `${silent.map(absence).join(" and ")}: its copy was on the way.` : `A copy on ${listed(row.joining)} is being filled${from}${heldBack(row)}.`;
  }
  if (away.length) return `${away.map(absence).join(" and ")}; another copy begins half a minute after it fell silent, or when its maintenance is over.`;
  const storing = grid.status.nodes.filter(node => node.weight > 0 && node.member_state !== "leaving").length;
  return storing < map.copies ? `Only ${storing} node stores mail: join another.` : `No node has been named for another copy yet${heldBack(row)}.`;
}

const choices = {stuck: "Stuck, for any reason", lost: "Without a living primary", single: "With too few copies", moving: "With a joining copy", all: "All"};

export function open(page, [state = "stuck", node = ""]) {
  const select = (label, options, value) => {
    const made = el("select", {ariaLabel: label}, ...options.map(([word, text]) => el("option", {value: word}, text)));
    made.value = value;
    return made;
  };
  const by_state = select("Which slots", Object.entries(choices), choices[state] ? state : "stuck");
  const by_node = select("Of which node", [["", "of any node"], ...grid.map.names.map(name => [name, "of " + name])], grid.map.names.includes(node) ? node : "");
  const by_number = el("input", {type: "search", inputMode: "numeric", placeholder: "Number", ariaLabel: "Number of a slot", className: "short"});
  const list = el("table", {className: "wide"}), more = el("button", {type: "button"}, "Show more");
  let rows_max = page_rows;
  const wanted = (row, i) => {
    const {map} = grid, how = stateOf(row, map), number_wanted = by_number.value.trim(), at = map.names.indexOf(by_node.value);
    if (number_wanted !== "") return String(i) === number_wanted;
    if (at >= 0 && ![row.primary, ...row.in_sync, ...row.joining, ...row.retired].includes(at)) return false;
    return by_state.value === "all" || (by_state.value === "stuck" ? how !== "whole" : how === by_state.value);
  };
  const update = () => {
    const {map} = grid, counts = tally(map);
    const found = map.slots.map((row, i) => [row, i]).filter(([row, i]) => wanted(row, i));
    page.lead(`${number(found.length)} of ${number(map.slots.length)} slots listed. In all, ` +
      Object.entries(states).map(([name, [text]]) => `${number(counts[name])} ${text}`).join(", ") + ".");
    more.hidden = found.length <= rows_max;
    if (found.length === 0) return table(list, ["No slot is like this."], []);
    table(list, ["Slot", "State", "Why", "Primary", "In sync", "Joining", "Retired", "Epoch"], found.slice(0, rows_max).map(([row, i]) => [
      i === map.slots.length - 1 ? "directory" : String(i),
      el("span", {className: "state " + stateOf(row, map)}, states[stateOf(row, map)][0]), reason(row),
      row.primary < 0 ? "none" : map.names[row.primary], listed(row.in_sync), row.joining.length ? listed(row.joining) : "–",
      row.retired.length ? listed(row.retired) : "–", number(row.epoch)]));
  };
  for (const filter of [by_state, by_node, by_number]) filter.addEventListener("input", () => { rows_max = page_rows; update(); });
  more.addEventListener("click", () => { rows_max += page_rows; update(); });
  page.actions([by_state, by_node, by_number]);
  page.body.replaceChildren(el("section", {}, el("div", {className: "scroll"}, list), more));
  update();
  return {update};
}
