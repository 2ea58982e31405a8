// What became of a message: by its id, its Message-ID or an address, as all nodes noted it.
import {api} from "./api.js";
import {count, el, fill, link, when} from "./elements.js";
import {nameOf} from "./grid.js";

const messages_shown_max = 50;
const words = {
  received: ["Received", "accent"], delivered: ["Delivered", "good"], queued: ["Put into the queue", "accent"],
  taken_in: ["Taken in: its slot was away", "warn"], turned_away: ["Turned away", "bad"], sent: ["Taken by another system", "good"],
  deferred: ["Deferred", "warn"], refused: ["Refused", "bad"], told: ["Its sender was told", "accent"], removed: ["Removed by an administrator", "bad"],
};

function step(event) {
  const [text, colour] = words[event.what] ?? [event.what, "accent"];
  const facts = [event.recipients.length ? "to " + event.recipients.join(", ") : "", event.host ? "by " + event.host : ""].filter(Boolean).join(" ");
  return el("li", {className: colour},
    el("p", {}, el("b", {}, text), " ", facts, " ", el("span", {className: "faint"}, "on ", link(nameOf(event.node), "nodes", nameOf(event.node)), ", ", when(event.at))),
    event.detail ? el("p", {className: "faint detail"}, event.detail) : "");
}

/** Events of one message share its id, or the queue entry's. */
function messages(events) {
  const found = [], by_id = new Map();
  for (const event of events) {
    const ids = [event.id, event.entry].filter(Boolean);
    let message = ids.map(id => by_id.get(id)).find(Boolean);
    if (!message) found.push(message = []);
    for (const id of ids) by_id.set(id, message);
    message.push(event);
  }
  return found.reverse();
}

function panel(events) {
  const first = events[0], of = name => events.map(event => event[name]).find(Boolean) ?? "";
  return el("section", {className: "message"},
    el("h3", {}, of("message_id") || of("id") || "A message"),
    el("p", {className: "faint"}, `From ${of("sender") || "<>"}` + (of("id") ? ` · id ${of("id")}` : "") + (of("connection") ? ` · connection ${of("connection")}` : ""), of("entry") ? " · queue entry " : "",
       of("entry") ? link(of("entry"), "trace", of("entry")) : "", ` · began ${first.at.replace("T", " ").replace("Z", " UTC")}`),
    el("ol", {className: "steps"}, ...events.map(step)));
}

export async function open(page, [what = ""]) {
  const field = el("input", {type: "search", placeholder: "Id, Message-ID or address", ariaLabel: "Id, Message-ID or address", value: what, required: true});
  const form = el("form", {className: "search", role: "search"}, field, el("button", {className: "main"}, "Trace"));
  form.addEventListener("submit", event => {
    event.preventDefault();
    const wanted = field.value.trim();
    if (wanted === what) refresh().catch(error => page.wrong(error.message));
    else location.hash = "#/trace/" + encodeURIComponent(wanted);
  });
  page.actions([form]);
  const refresh = async () => {
    const answer = await api("GET", "/trace/" + encodeURIComponent(what));
    const found = messages(answer.events);
    const silent = answer.silent.length ? ` ${answer.silent.map(nameOf).join(", ")} did not answer.` : "";
    page.lead((found.length === 0 ? `No node has noted anything of ${what}.` : `${count(found.length, "message")}, ${count(answer.events.length, "event")}` +
      (found.length > messages_shown_max ? `; the newest ${messages_shown_max} are shown.` : ".")) + silent);
    fill(page.body, found.slice(0, messages_shown_max).map(panel));
  };
  if (what === "") {
    page.lead("Every node notes what it does with a message. Ask for one by the id that its Received field or a reply names, by its Message-ID, or by an address it came from or went to.");
    field.focus();
    return null;
  }
  await refresh();
  return {every_ms: 5000, refresh};
}
