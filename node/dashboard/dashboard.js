// The page's life: log in, hear this node's events, show what it says. Each part shows itself. Where events do not come
// through (a proxy that holds them back), the page asks again and again.
import {api, events, forget, logIn, passes, Refused, resume, self} from "./api.js";
import {showFlow} from "./charts.js";
import {showJobs} from "./jobs.js";
import {showNodes} from "./nodes.js";
import {showSlots} from "./slots.js";
import {showWaiting} from "./waiting.js";
import {showChanges} from "./changes.js";
import {closePage, openPage, updatePage, wordsOfHash} from "./pages.js";
import {grid, takeIn, tally} from "./grid.js";
import {el, figures, fill, number} from "./elements.js";

const refresh_ms = 2000, silence_ms = 6000, waiting_ms = 15000, settling_ms = 4000;
const $ = id => document.getElementById(id);
let timer = null, map = null, heard = null, waiting_at = 0, listening = null, states = "", entered = 0, era = 0, event_at = 0;

const words = {
  healthy: "Healthy", degraded: "Degraded", unavailable: "Unavailable",
};
const meanings = {
  healthy: "Everything is served, and every message lies where it should.",
  degraded: "Everything is served. Something has fewer copies than it should, or a node is away; the grid mends what it can by itself.",
  unavailable: "Some mail cannot be read or changed at this moment. New mail is still taken where two nodes can talk.",
};

// What to do, by a part of the reason.
const advice = [
  ["is silent", "The others take over within seconds. If it does not come back by itself, start it; if it is gone for good, remove it on its page."],
  ["takes clients", "Undrain a node on its page: until then mail clients and senders are turned away."],
  ["is paused", "Resume it under “On the move”; nothing moves before that."],
  ["away by plan", "It is waited for until its maintenance is over."],
  ["no live primary", "Another copy takes over within seconds. If this stays, all nodes with copies are away: start one of them."],
  ["copies in sync", "Missing copies are made anew without anybody's help; how far that is stands under “On the move”."],
  ["join another node", "“Add a node” beside “Nodes” makes a token for it."],
  ["voters are silent", "Start nodes until most voters are back. Only when they are gone for good: gridmail grid recover."],
  ["being changed", "It is over within seconds, or as soon as a silent voter is given up."],
  ["old disk", "Nothing needs doing."],
  ["two running processes", "Until then neither is trusted."],
  ["has lost records", "Nothing needs doing the first time. If it happens again, replace the disk."],
  ["not finished a write", "The others have taken over its work. Look at the disk, its controller and the kernel's log; replace it if this goes on."],
  ["the clock of node", "Dates of messages and the ends of certificates go by it. Look at the machine's time service."],
  ["full up to its reserve", "Add a node, or space to this one: the grid moves mail there by itself. Deletions still work."],
];

/** What stands between backticks is to be typed. */
const with_code = text => text.split("`").map((part, i) => i % 2 ? el("code", {}, part) : part);

function reasonItem(reason) {
  const found = advice.find(([part]) => reason.includes(part));
  return el("li", {}, ...with_code(reason), found ? el("small", {}, found[1]) : "");
}

function showVerdict(status) {
  $("verdict").className = "verdict " + status.verdict;
  $("verdict_word").textContent = words[status.verdict] ?? status.verdict;
  $("verdict_text").textContent = meanings[status.verdict] ?? "";
  fill($("reasons"), [...status.reasons.map(reasonItem),
    ...status.notices.map(notice => el("li", { className: "notice" }, ...with_code(notice)))]);
  document.title = (status.verdict === "healthy" ? "" : words[status.verdict] + " · ") + "gridmail";
}

/** On every page: the mark in the bar says how the grid is. */
function showMood(status) {
  $("mood").className = "mood " + status.verdict;
  $("mood").textContent = words[status.verdict] ?? status.verdict;
  $("mood").hidden = wordsOfHash()[0] === "";
}

function showFigures(status) {
  const alive = status.nodes.filter(node => node.state === "alive").length;
  const counts = tally(map);
  figures($("figures"), [
    ["Nodes alive", number(alive), "of " + number(status.nodes.length)],
    ["Slots with all copies", number(counts.whole), "of " + number(map.slots.length)],
    ["Slots on the move", number(counts.moving)],
    ["Copies of each message", number(status.copies), "at least " + number(status.copies_min)],
    ["Map version", number(status.map_version)],
  ]);
}

function showAge() {
  if (heard === null) return;
  const seconds = Math.round((Date.now() - heard.at) / 1000);
  const broken = seconds > silence_ms / 1000;
  $("live").className = broken ? "live broken" : "live";
  $("live").title = "";
  const text = broken ? `${heard.node} has not answered for ${seconds} s` : `live from ${heard.node}`;
  if ($("live").textContent !== text) $("live").textContent = text;
}

/** All that comes with the status: the first screen, or the page that is open. */
async function show(status) {
  const mine = era;
  const newer = map?.version === status.map_version ? map : await api("GET", "/map"), jobs = await api("GET", "/jobs");
  if (mine !== era) return;  // logged out meanwhile
  map = newer;
  grid.jobs = jobs;
  const self = status.nodes.find(node => node.id === status.node);
  const first = heard === null;
  heard = {at: Date.now(), node: self ? self.name : "this node"};
  takeIn(status, map);
  $("login").hidden = true;
  $("content").hidden = $("logout").hidden = $("menu").hidden = false;
  if (first) {
    listen();
    await openPage(false);
  }
  showMood(status);
  if (wordsOfHash()[0] !== "") return updatePage();
  showVerdict(status);
  showSlots();
  showFigures(status);
  showNodes();
  showJobs();
  const now = Date.now(), seen = status.nodes.map(node => node.state + node.member_state).join();
  if (seen !== states && waiting_at > 0) waiting_at = Math.min(waiting_at, now - waiting_ms + settling_ms);  // the last events say more soon
  states = seen;
  if (now - waiting_at < waiting_ms) return;
  waiting_at = now;
  await Promise.all([showWaiting(), showChanges()]);
}

async function refresh() {
  const mine = era;
  try {
    const status = await api("GET", "/status");
    if (mine === era) await show(status);
  } catch (error) {
    if (mine === era && error instanceof Refused) return logOut(error.message);
    if (mine === era && heard === null) showSilence(error);
  }
  if (mine !== era) return;  // logged out meanwhile
  ask_again_in(Date.now() - event_at < silence_ms ? silence_ms : refresh_ms);
}

function ask_again_in(ms) {
  clearTimeout(timer);
  timer = setTimeout(refresh, ms);
}

function tell(name, document) {
  if (heard === null) return;
  const mine = era;
  heard.at = event_at = Date.now();
  ask_again_in(silence_ms);
  if (name === "status") show(document).catch(() => { if (mine === era) ask_again_in(0); });
  if (name !== "figures") return;
  grid.disks = new Map(document.nodes.map(node => [node.id, node]));
  if (wordsOfHash()[0] !== "") return updatePage();
  if ($("flow_window").textContent === document.window) showFlow(document);
}

/** For as long as somebody is logged in. */
async function listen() {
  listening?.abort();
  const mine = listening = new AbortController();
  while (!mine.signal.aborted) {
    try {
      await events("/events", tell, mine.signal);
    } catch (error) {
      if (error instanceof Refused) return;
    }
    await new Promise(done => setTimeout(done, refresh_ms));
  }
}

async function refreshFlow() {
  const window = document.querySelector("input[name=window]:checked").value;
  $("flow_window").textContent = window;
  showFlow(await api("GET", "/figures?window=" + window));
}

/** There is nothing to be shown yet, and nobody has to log in for it. */
function showSilence(error) {
  $("login").hidden = true;
  $("live").className = "live broken";
  $("live").textContent = "this node does not answer";
  $("live").title = error.message;
}

function showLogIn(message) {
  $("live").textContent = $("live").title = "";
  $("login_error").textContent = message;
  if (!$("login").hidden) return;
  $("login").hidden = false;
  $("user").focus();
}

function logOut(message) {
  ++era;
  event_at = 0;
  clearTimeout(timer);
  listening?.abort();
  forget();
  map = heard = null;
  waiting_at = 0;
  closePage();
  $("dialog").close();
  $("content").hidden = $("logout").hidden = $("menu").hidden = true;
  $("mood").textContent = "";
  showLogIn(message);
}

/** A user's: without events, as nothing of the grid is shown. */
function showOwn() {
  $("login").hidden = $("menu").hidden = true;
  $("content").hidden = $("logout").hidden = false;
  return openPage(true);
}

/** Once a log-in has worked. */
function begin() {
  $("live").textContent = $("live").title = "";
  return self.role === "user" ? showOwn() : refresh();
}

/** With the session of an earlier page, however long it takes to learn whether there is one; unless somebody logs in. */
async function comeBack() {
  const mine = ++entered;
  while (mine === entered) {
    try {
      await resume(() => mine === entered);
      return mine === entered ? begin() : undefined;
    } catch (error) {
      if (mine !== entered) return;
      if (!passes(error)) return showLogIn("");
      showSilence(error);
    }
    await new Promise(done => setTimeout(done, refresh_ms));
  }
}

$("login").addEventListener("submit", async event => {
  event.preventDefault();
  ++entered;
  $("login_error").textContent = "";
  const password = $("password").value;
  $("password").value = "";
  try {
    await logIn($("user").value, password);
    await begin();
  } catch (error) {
    $("login_error").textContent = error.message;
  }
});
$("logout").addEventListener("click", () => {
  $("login").reset();
  logOut("");
});
addEventListener("hashchange", () => {
  if (heard === null) return;
  openPage(true);
  showMood(grid.status);
  if (wordsOfHash()[0] !== "") return;
  refresh();
  refreshFlow().catch(() => {});
});
document.querySelector(".skip").addEventListener("click", event => {  // the hash names a page
  event.preventDefault();
  ($("login").hidden ? $("content") : $("user")).focus();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && heard) refresh(); });
for (const choice of document.querySelectorAll("input[name=window]")) choice.addEventListener("change", () => refreshFlow().catch(() => {}));
$("flow_details").addEventListener("toggle", () => refreshFlow().catch(() => {}));
setInterval(showAge, 1000);
setInterval(() => { if (heard && $("flow_window").textContent === "day") refreshFlow().catch(() => {}); }, 60000);
comeBack();
