// What waits for delivery, in short: how much, since when, and where it cannot be brought.
import {api} from "./api.js";
import {count, el, fill, link, meter, number, span} from "./elements.js";

const destinations_shown_max = 5;
const $ = id => document.getElementById(id);
const since = moment => span((Date.now() - Date.parse(moment)) / 1000);

function sentence(all) {
  const uncounted = all.slots - all.slots_counted;
  const rest = uncounted > 0 ? ` ${count(uncounted, "slot")} of ${number(all.slots)} are not counted yet, or away.` : "";
  if (all.entries === 0) return (uncounted > 0 ? "Nothing waits in the slots that were counted." : "Nothing waits.") + rest;
  return `${count(all.entries, "message")}, the oldest for ${since(all.oldest)}${all.held ? `; ${number(all.held)} held` : ""}.${rest}`;
}

export async function showWaiting() {
  const all = await api("GET", "/queue/summary");
  const worst = all.destinations.slice(0, destinations_shown_max), most = worst[0]?.entries ?? 1;
  $("queue_text").textContent = sentence(all);
  fill($("queue"), worst.map(one => el("li", {}, link(one.destination || "nowhere", "queue", one.destination),
    meter(`${count(one.entries, "message")} to ${one.destination}`, one.entries, most), el("span", {}, number(one.entries)),
    el("span", {className: "faint"}, `${one.last_error || "not tried yet"} · for ${since(one.oldest)}`))));
}
