// What happened to nodes, as all of them remember it.
import {api} from "./api.js";
import {count, el, table, when} from "./elements.js";
import {eventDetail, eventName, eventNode} from "./events.js";
import {eventTabs} from "./audit_rows.js";
import {nameOf} from "./grid.js";

export async function open(page) {
  const list = el("table");
  const refresh = async () => {
    const {events, silent} = await api("GET", "/chronicle");
    page.lead((events.length ? `${count(events.length, "event")}, the newest first. ` : "Nothing has happened. ") + "Nodes remember what they saw since they started." +
      (silent.length ? ` ${silent.map(nameOf).join(", ")} did not answer.` : ""));
    table(list, events.length ? ["When", "What", "Node", "Slots", "Seen by"] : ["Nothing to show."], events.map(event => [
      when(event.at), eventName(event), eventNode(event), eventDetail(event) || "–", count(event.seen_by, "node")]));
  };
  page.body.replaceChildren(el("section", {}, eventTabs("events"), el("div", {className: "scroll"}, list)));
  await refresh();
  return {every_ms: 5000, refresh};
}
