// Pages by the address's hash, such as #/nodes/node3. Each is a module of its own, fetched when it is first opened:
// open(page, words) fills page.body and may give {update, every_ms, refresh, close}: update() runs with each status, refresh() every
// every_ms.
import {passes, self} from "./api.js";
import {el, fill} from "./elements.js";

const pages = {
  nodes: ["Nodes", () => import("./node_page.js")],
  slots: ["Slots", () => import("./slots_page.js")],
  queue: ["Queue", () => import("./queue_page.js")],
  trace: ["Trace", () => import("./trace_page.js")],
  directory: ["Directory", () => import("./directory_page.js")],
  users: [null, () => import("./user_page.js"), "directory"],
  statistics: ["Statistics", () => import("./statistics_page.js")],
  jobs: ["Jobs", () => import("./jobs_page.js")],
  events: ["Events", () => import("./events_page.js")],
  audit: [null, () => import("./audit_page.js"), "events", "Audit log"],
  own: [null, () => import("./own_page.js")],
};
const $ = id => document.getElementById(id);
const try_again_ms = 5000;
let current = null, opened = 0, timer = null;

/** A user has one page. */
export function wordsOfHash() {
  if (self.role === "user") return ["own"];
  try {
    return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  } catch {
    return [""];
  }
}

function showMenu(name) {
  const entry = (text, href, chosen) => {
    const made = el("a", {href}, text);
    if (chosen) made.setAttribute("aria-current", "page");
    return el("li", {}, made);
  };
  const chosen = pages[name]?.[2] ?? name;
  if (self.role === "user") return fill($("menu"), []);
  fill($("menu"), [...(self.account.includes("@") ? [entry("My mailbox", "#/own", name === "own")] : []), entry("Overview", "#/", name === ""),
    ...Object.entries(pages).filter(([, [title]]) => title).map(([word, [title]]) => entry(title, "#/" + word, word === chosen))]);
  $("menu").querySelector("[aria-current]")?.scrollIntoView({block: "nearest", inline: "center"});
}

function blank() {
  delete $("page").dataset.shown;
  current?.close?.();
  current = null;
  clearInterval(timer);
  for (const part of ["page_title", "page_lead", "page_actions", "page_body"]) $(part).replaceChildren();
}

const page = {
  title(text, badge) {
    fill($("page_title"), [text, badge ?? ""]);
    document.title = text + " · gridmail";
  },
  lead(text) { if ($("page_lead").textContent !== text) $("page_lead").textContent = text; },
  actions(made) { fill($("page_actions"), made); },
  get body() { return $("page_body"); },
  /** Tells why there is nothing more to see. */
  wrong(text) { this.lead(text); },
};

/** Shows what the hash names. With `focus` the reading goes on at its title. */
export async function openPage(focus) {
  const mine = ++opened, [name, ...words] = wordsOfHash();
  blank();
  showMenu(name);
  $("overview").hidden = name !== "";
  $("page").hidden = name === "";
  scrollTo(0, 0);
  if (name === "") {
    if (focus) $("content").focus({preventScroll: true});
    return;
  }
  const known = pages[name];
  page.title(known?.[0] ?? known?.[3] ?? "");
  if (!known) {
    page.title("Nothing here");
    page.lead("There is no such page.");
  } else {
    try {
      const module = await known[1]();
      if (mine !== opened) return;
      const made = await module.open(page, words);
      if (mine !== opened) return made?.close?.();
      current = made ?? null;
    } catch (error) {
      if (mine === opened) {
        page.wrong(error.message);
        if (passes(error)) setTimeout(() => { if (mine === opened) openPage(false); }, try_again_ms);
      }
    }
    if (current?.every_ms) timer = setInterval(() => { if (!document.hidden) current?.refresh().catch(error => page.wrong(error.message)); }, current.every_ms);
  }
  $("page").dataset.shown = location.hash;  // all that it begins with is there
  if (focus && !$("page").contains(document.activeElement)) $("page_title").focus({preventScroll: true});
}

export function updatePage() { current?.update?.(); }
export function closePage() {
  ++opened;
  blank();
}
