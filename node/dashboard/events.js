// What happened to nodes, wherever it is told.
import {el, link, number} from "./elements.js";
import {nameOf} from "./grid.js";

/** What it is called, its colour. */
const words = {
  silent: ["Fell silent", "bad"], returned: ["Came back", "good"], joined: ["Joined", "accent"], removed: ["Was removed", "warn"],
  draining: ["Drains", "warn"], leaving: ["Leaves", "warn"], away: ["Away by plan", "warn"], working: ["Works again", "good"],
  taken_over: ["Was taken over", "move"], handed_over: ["Handed over", "move"],
};
const list = names => names.length < 2 ? names.join("") : names.slice(0, -1).join(", ") + " and " + names.at(-1);

export const eventName = event => {
  const [text, colour] = words[event.what] ?? [event.what, "accent"];
  return el("b", {className: "dot " + colour}, text);
};
export const eventNode = event => link(event.name, "nodes", event.name);
export const eventDetail = event => event.slots === 0 ? "" : `${number(event.slots)} slots, ${event.what === "taken_over" ? "by" : "to"} ${list(event.by.map(nameOf))}`;
