// Messages that wait for delivery: where to, why, and what can be done with one or with all of a kind.
import {api} from "./api.js";
import {ask, button, bytes, count, el, link, number, only, table, telling, when} from "./elements.js";
import {pager} from "./lists.js";

const page_rows = 50, recipients_shown_max = 3;

function query(choice) {
  const given = Object.entries(choice).filter(([, text]) => text !== "");
  return new URLSearchParams([...given, ["limit", page_rows]]).toString();
}

/** Over and over, since the grid stops after 10 s and says where it was. */
async function actOnAll(verb, choice) {
  let entries = 0, from_slot = 0;
  do {
    const done = await api("POST", "/queue/" + verb, {...Object.fromEntries(Object.entries(choice).filter(([, text]) => text !== "")), from_slot});
    entries += done.entries;
    from_slot = done.next_slot ?? null;
  } while (from_slot !== null);
  return entries;
}

function recipients(entry) {
  const more = entry.recipients.length - recipients_shown_max;
  return entry.recipients.slice(0, recipients_shown_max).join(", ") + (more > 0 ? ` and ${number(more)} more` : "");
}

export async function open(page, [destination = "", sender = ""]) {
  const to = el("input", {type: "search", placeholder: "To this domain", ariaLabel: "Only to this domain", value: destination});
  const from = el("input", {type: "search", placeholder: "From this address", ariaLabel: "Only from this address", value: sender});
  const list = el("table", {className: "wide"}), choice = () => ({destination: to.value.trim(), sender: from.value.trim()});
  const path = id => "/queue/" + encodeURIComponent(id);
  const one = (entry, text, verb) => only(`POST /queue/{id}/${verb}`, button(text, text + entry.id, telling("Not now", async () => {
    await api("POST", `${path(entry.id)}/${verb}`);
    await rows.again();
  })));
  const remove = entry => only("DELETE /queue/{id}", button("Remove", "Remove" + entry.id, () => ask({
    title: "Remove this message?", go: "Remove", danger: true,
    text: `From ${entry.sender || "<>"} to ${recipients(entry)}. It is not delivered, and its sender is not told.`,
    act: async () => { await api("DELETE", path(entry.id)); await rows.again(); }}), true));
  const rows = pager({failed: error => page.wrong(error.message), show: (entries, {page: at, more}) => {
    page.lead(entries.length === 0 ? "Nothing waits." : `Page ${at}, ${count(entries.length, "message")}${more ? ", and there are more" : ""}. Each is tried again by itself.`);
    if (entries.length === 0) return table(list, ["No message is like this."], []);
    table(list, ["Accepted", "From", "To", "Size", "Tried", "Next", "Last answer", "Actions"], entries.map(entry => [
      when(entry.accepted), entry.sender || "<>", recipients(entry), el("span", {className: "nowrap"}, bytes(entry.bytes)), number(entry.attempts),
      entry.held ? el("span", {className: "state single"}, "held") : entry.next_attempt ? when(entry.next_attempt) : "soon", entry.last_error || "–",
      el("span", {className: "actions"}, one(entry, "Try now", "retry"), entry.held ? one(entry, "Release", "release") : one(entry, "Hold", "hold"),
         link("Trace", "trace", entry.id), remove(entry))]));
  }});
  const all = (text, verb, asked) => only("POST /queue/" + verb, button(text, text, () => {
    const which = choice(), named = [which.destination && `to ${which.destination}`, which.sender && `from ${which.sender}`].filter(Boolean).join(" ");
    if (!named && verb !== "flush") return ask({title: text, text: "Say first which: a domain they go to, or the address they come from."});
    return ask({title: `${text} ${named || "what waits"}?`, go: text, text: asked, danger: verb === "remove", confirm: verb === "remove" ? which.destination || which.sender : null,
      act: async () => {
        const entries = await actOnAll(verb, which);
        await rows.again();
        ask({title: "Done", text: count(entries, "message") + "."});
      }});
  }, verb === "remove"));
  const show = () => rows.first("/queue?" + query(choice()));
  const search = el("form", {className: "search", role: "search"}, to, from, el("button", {}, "Find"));
  search.addEventListener("submit", event => { event.preventDefault(); show(); });
  page.actions([search]);
  page.body.replaceChildren(el("section", {}, el("div", {className: "actions start"},
    all("Try all", "flush", "Each is tried at once, whatever its turn."), all("Hold all", "hold", "Nothing of them is sent until they are released."),
    all("Release all", "release", "They are sent again, beginning now."),
    all("Remove all", "remove", "They are not delivered, and their senders are not told.")), el("div", {className: "scroll"}, list), rows.bar));
  await show();
  return {every_ms: 10000, refresh: () => dialogIsOpen() ? Promise.resolve() : rows.again()};
}

const dialogIsOpen = () => document.getElementById("dialog").open;
