// Users, domains and aliases; and what waits in the queue.
import {api} from "./api.js";
import {ask, bytes, el, number, table} from "./elements.js";

const listed_max = 25;
const $ = id => document.getElementById(id);
const path = address => encodeURIComponent(address);
let shown = null;

function button(text, click, danger = false) {
  const made = el("button", {type: "button", className: danger ? "quiet danger" : "quiet"}, text);
  made.addEventListener("click", click);
  return made;
}

/** Tells where a change has not arrived yet, if anywhere. */
const check = answer => {
  if (answer.not_yet_on?.length) throw new Error(`Done, but not applied yet on ${answer.not_yet_on.length} nodes that live.`);
};

async function showUser(user) {
  const details = await api("GET", `/users/${path(user.address)}`);
  const place = await api("GET", `/users/${path(user.address)}/location`);
  ask({title: user.address, text: el("p", {},
    `${details.messages === null ? "An unknown number of" : number(details.messages)} messages, ${bytes(details.bytes)}, in slot ${place.slot} ` +
    `(${place.in_sync.length} copies). ` + (details.aliases.length ? "Also known as " + details.aliases.join(", ") + "." : "No aliases."))});
}

function actions(user) {
  const changed = shown.changed;
  return el("span", {},
    button("Show", () => showUser(user).catch(error => ask({title: user.address, text: error.message}))),
    button("Password", () => ask({
      title: `A new password for ${user.address}`, go: "Set it", fields: [{name: "password", label: "Password", type: "password"}],
      act: async values => check(await api("PUT", `/users/${path(user.address)}/password`, values))})),
    button("Remove", () => ask({
      title: `Remove ${user.address}?`, go: "Remove", danger: true,
      text: "The address is refused at once; the mail is deleted after 14 days.",
      act: async () => { check(await api("DELETE", `/users/${path(user.address)}`)); changed(); }}), true));
}

export function showPeople(directory, changed) {
  shown = {directory, changed};
  const wanted = $("people_filter").value.toLowerCase();
  const {users, domains, aliases} = directory;
  const found = users.filter(user => user.address.toLowerCase().includes(wanted));
  const found_aliases = aliases.filter(alias => (alias.address + " " + alias.target).toLowerCase().includes(wanted));
  $("people_text").textContent = `${number(users.length)} users, ${number(aliases.length)} aliases, in ` +
    (domains.length <= 5 ? domains.map(domain => domain.name).join(", ") || "no domain yet" : number(domains.length) + " domains") +
    (found.length > listed_max ? `. The first ${listed_max} of ${number(found.length)} are shown; find others by a part of their address.` : ".");
  table($("people"), ["Address", "Since", "Actions"], [
    ...found.slice(0, listed_max).map(user => [user.address, user.created.slice(0, 10), actions(user)]),
    ...found_aliases.slice(0, listed_max).map(alias => [alias.address, "alias of " + alias.target, button("Remove", () => ask({
      title: `Remove the alias ${alias.address}?`, go: "Remove", danger: true,
      act: async () => { check(await api("DELETE", `/aliases/${path(alias.address)}`)); changed(); }}), true)])]);
}

export function showQueue(entries, changed) {
  const remove = entry => button("Remove", () => ask({
    title: "Remove this message?", go: "Remove", danger: true, text: "It is not delivered, and its sender is not told.",
    act: async () => { await api("DELETE", `/queue/${path(entry.id)}`); changed(); }}), true);
  const retry = entry => button("Try now", async () => {
    try { await api("POST", `/queue/${path(entry.id)}/retry`); changed(); } catch (error) { ask({title: "Not now", text: error.message}); }
  });
  if (entries.length === 0) return table($("queue"), ["Nothing waits."], []);
  table($("queue"), ["Since", "From", "To", "Size", "Last answer", "Actions"], entries.slice(0, listed_max).map(entry => [
    entry.accepted.replace("T", " ").slice(0, 16), entry.sender || "<>", entry.recipients.slice(0, 3).join(", ") +
    (entry.recipients.length > 3 ? ` and ${entry.recipients.length - 3} more` : ""), bytes(entry.bytes), entry.last_error,
    el("span", {}, retry(entry), remove(entry))]));
}

$("people_filter").addEventListener("input", () => { if (shown) showPeople(shown.directory, shown.changed); });
const add = (id, title, fields, where) => $(id).addEventListener("click", () => ask({
  title, go: "Add", fields, act: async values => { check(await api("POST", where, values)); shown?.changed(); }}));
add("add_user", "Add a user", [{name: "address", label: "Address", type: "email"}, {name: "password", label: "Password", type: "password"}], "/users");
add("add_domain", "Add a domain", [{name: "name", label: "Name"}], "/domains");
add("add_alias", "Add an alias", [{name: "address", label: "Address", type: "email"}, {name: "target", label: "Delivered to", type: "email"}], "/aliases");
