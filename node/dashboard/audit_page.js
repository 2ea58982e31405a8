// Who did what, from where, with what before and after: the newest first.
import {el, link, table, when} from "./elements.js";
import {nameOf} from "./grid.js";
import {eventTabs, linkTo} from "./audit_rows.js";
import {pager, whenTyped} from "./lists.js";

const page_rows = 50;

function change(row) {
  if (!row.before && !row.after) return "–";
  return el("span", {}, row.before ? el("del", {}, row.before) : "", row.before && row.after ? " " : "", row.after ? el("ins", {}, row.after) : "");
}

const texts = row => [row.who, row.address, row.verb, row.object, row.before, row.after].filter(Boolean);

export async function open(page) {
  const list = el("table"), search = el("input", {type: "search", placeholder: "Find on this page", ariaLabel: "Find among these entries"});
  let shown = [], place = null;
  const show = () => {
    if (place === null) return;
    const wanted = search.value.trim().toLowerCase(), found = shown.filter(row => texts(row).some(text => text.toLowerCase().includes(wanted)));
    page.lead(`Page ${place.page}${place.more ? ", and there are older ones" : ""}. Every change is noted with the change itself, and can be neither altered nor removed. Entries are kept for 400 days; of more than 100,000 the oldest go earlier, but none within 30 days, unless there are a million.`);
    table(list, found.length ? ["When", "Who", "From", "What", "Of", "Before and after", "Asked"] : ["Nothing to show."], found.map(row => [
      when(row.at), row.who ?? "the grid", row.address ?? "–", row.verb, linkTo(row), change(row), row.node ? link(nameOf(row.node), "nodes", nameOf(row.node)) : "–"]));
  };
  const rows = pager({failed: error => page.wrong(error.message), show: (found, where) => { shown = found; place = where; show(); }});
  whenTyped(search, show);
  page.actions([search]);
  page.body.replaceChildren(el("section", {}, eventTabs("audit"), el("div", {className: "scroll"}, list), rows.bar));
  await rows.first("/audit?limit=" + page_rows);
  return {every_ms: 5000, refresh: rows.again};
}
