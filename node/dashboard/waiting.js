// What waits for delivery, in short: how much, since when, and where it cannot be brought.
import {api} from "./api.js";
import {count, el, fill, link, meter, number, span} from "./elements.js";

const counted_max = 1000, destinations_shown_max = 5;
const $ = id => document.getElementById(id);

function destinations(entries) {
  const by_name = new Map();
  for (const entry of entries) {
    for (const name of new Set(entry.recipients.map(address => address.slice(address.lastIndexOf("@") + 1)))) {
      const known = by_name.get(name) ?? {name, entries: 0, last: ""};
      ++known.entries;
      known.last ||= entry.last_error;
      by_name.set(name, known);
    }
  }
  return [...by_name.values()].sort((a, b) => b.entries - a.entries);
}

export async function showWaiting() {
  const entries = await api("GET", "/queue?limit=" + counted_max);
  if (entries.length === 0) {
    $("queue_text").textContent = "Nothing waits.";
    return fill($("queue"), []);
  }
  const oldest = Math.min(...entries.map(entry => Date.parse(entry.accepted))), held = entries.filter(entry => entry.held).length;
  $("queue_text").textContent = `${entries.length < counted_max ? "" : "More than "}${count(entries.length, "message")}, the oldest for ${span((Date.now() - oldest) / 1000)}` +
    (held ? `; ${number(held)} held.` : ".");
  const worst = destinations(entries).slice(0, destinations_shown_max), most = worst[0]?.entries ?? 1;
  fill($("queue"), worst.map(one => el("li", {}, link(one.name || "nowhere", "queue", one.name),
    meter(`${count(one.entries, "message")} to ${one.name}`, one.entries, most), el("span", {}, number(one.entries)),
    el("span", {className: "faint"}, one.last || "not tried yet"))));
}
