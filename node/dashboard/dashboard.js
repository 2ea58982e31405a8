// The page's life: log in, ask this node again and again, show what it says. Each part shows itself.
import {api, forget, logIn, Refused} from "./api.js";
import {showNodes} from "./nodes.js";
import {showPeople, showQueue} from "./people.js";
import {showSlots, tally} from "./slots.js";
import {el, fill, number} from "./elements.js";

const refresh_ms = 2000, directory_ms = 15000;
const $ = id => document.getElementById(id);
let timer = null, map = null, heard = null, directory_at = 0;

const words = {
  healthy: "Healthy", degraded: "Degraded", unavailable: "Unavailable",
};
const meanings = {
  healthy: "Everything is served, and every message lies where it should.",
  degraded: "Everything is served. Something has fewer copies than it should, or a node is away; the grid mends what it can by itself.",
  unavailable: "Some mail cannot be read or changed at this moment. New mail is still taken where two nodes can talk.",
};

function showVerdict(status) {
  $("verdict").className = "verdict " + status.verdict;
  $("verdict_word").textContent = words[status.verdict] ?? status.verdict;
  $("verdict_text").textContent = meanings[status.verdict] ?? "";
  fill($("reasons"), [...status.reasons.map(reason => el("li", {}, reason)),
    ...status.notices.map(notice => el("li", { className: "notice" }, notice))]);
  document.title = (status.verdict === "healthy" ? "" : words[status.verdict] + " · ") + "gridmail";
}

function showFigures(status) {
  const alive = status.nodes.filter(node => node.state === "alive").length;
  const counts = tally(map);
  const figure = (name, value, of) => el("div", {}, el("dt", {}, name), el("dd", {}, value, of ? el("small", {}, " " + of) : ""));
  fill($("figures"), [
    figure("Nodes alive", number(alive), "of " + number(status.nodes.length)),
    figure("Slots with all copies", number(counts.whole), "of " + number(map.slots.length)),
    figure("Slots on the move", number(counts.moving)),
    figure("Copies of each message", number(status.copies), "at least " + number(status.copies_min)),
    figure("Map version", number(status.map_version)),
  ]);
}

function showAge() {
  if (heard === null) return;
  const seconds = Math.round((Date.now() - heard.at) / 1000);
  const broken = seconds > 6;
  $("live").className = broken ? "live broken" : "live";
  const text = broken ? `${heard.node} has not answered for ${seconds} s` : `live from ${heard.node}`;
  if ($("live").textContent !== text) $("live").textContent = text;
}

async function refresh() {
  clearTimeout(timer);
  try {
    const status = await api("GET", "/status");
    if (map?.version !== status.map_version) map = await api("GET", "/map");
    const self = status.nodes.find(node => node.id === status.node);
    heard = {at: Date.now(), node: self ? self.name : "this node"};
    $("login").hidden = true;
    $("content").hidden = $("logout").hidden = false;
    showVerdict(status);
    showSlots(map, status);  // first: it says which of the map's nodes are silent
    showFigures(status);
    showNodes(status, map, refresh);
    if (Date.now() - directory_at > directory_ms) await refreshDirectory();
  } catch (error) {
    if (error instanceof Refused) return logOut(error.message);
    if (heard === null) $("login_error").textContent = "This node did not answer: " + error.message;
  }
  timer = setTimeout(refresh, refresh_ms);
}

async function refreshDirectory() {
  directory_at = Date.now();
  const [users, domains, aliases, queue] = await Promise.all(
    ["/users", "/domains", "/aliases", "/queue"].map(path => api("GET", path)));
  showPeople({users, domains, aliases}, refreshDirectory);
  showQueue(queue, refreshDirectory);
}

function logOut(message) {
  clearTimeout(timer);
  forget();
  map = heard = null;
  directory_at = 0;
  $("login").hidden = false;
  $("content").hidden = $("logout").hidden = true;
  $("live").textContent = "";
  $("login_error").textContent = message;
  $("user").focus();
}

$("login").addEventListener("submit", event => {
  event.preventDefault();
  $("login_error").textContent = "";
  logIn($("user").value, $("password").value);
  $("password").value = "";
  refresh();
});
$("logout").addEventListener("click", () => logOut(""));
document.addEventListener("visibilitychange", () => { if (!document.hidden && heard) refresh(); });
setInterval(showAge, 1000);
