// A user: where the mail lies, how much it is, other addresses, and what can be done.
import {api, may} from "./api.js";
import {appPasswords, sessions} from "./account.js";
import {ask, button, bytes, checked, el, figures, fill, link, number, only, present, section, when} from "./elements.js";
import {nameOf} from "./grid.js";

const nodes = ids => ids.length === 0 ? ["none"] : ids.flatMap((id, i) => [i ? ", " : "", link(nameOf(id), "nodes", nameOf(id))]);
const roles = [["user", "user: the own mailbox"], ["viewer", "viewer: looks at everything"], ["operator", "operator: and moves work between nodes"], ["admin", "admin: and changes everything"]];
const addresses = text => text.split(/[\s,]+/).filter(Boolean);

export async function open(page, [address]) {
  if (!address) throw new Error("No address was named.");
  const here = "/users/" + encodeURIComponent(address);
  page.title(address);
  const numbers = el("dl", {className: "figures"}), place = el("dl", {className: "facts"}), names = el("ul", {className: "plain"}), sends = el("dl", {className: "facts"});
  const told = {};
  const refresh = async () => {
    const [user, slot, forwarding, delegates] = await Promise.all(["", "/location", "/forwarding", "/delegates"].map(what => api("GET", here + what)));
    Object.assign(told, {user, forwarding, delegates});
    page.lead("A user since " + user.created.slice(0, 10) + (user.messages === null ? ". How much is stored is not known: the slot is away." : "."));
    figures(numbers, [["Messages", user.messages === null ? "–" : number(user.messages)], ["Stored", user.bytes === null ? "–" : bytes(user.bytes)],
      ["Copies in sync", number(slot.in_sync.length)], ["Slot", String(slot.slot)]]);
    const facts = [["Primary", slot.primary ? nodes([slot.primary]) : ["none"]], ["In sync", nodes(slot.in_sync)],
      ["Joining", nodes(slot.joining)], ["Retired", nodes(slot.retired)], ["Epoch", [number(slot.epoch)]], ["Role", [user.role]], ["Identity", [user.id]]];
    for (const [protocol, moment] of Object.entries(user.last_log_in ?? {})) facts.push([`Last log-in by ${protocol}`, [when(moment)]]);
    fill(place, facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, ...text)]));
    fill(names, user.aliases.length === 0 ? [el("li", {className: "faint"}, "None.")] : user.aliases.map(alias => el("li", {}, alias, only("DELETE /aliases/{address}", button("Remove", "alias " + alias, () => ask({
      title: `Remove the alias ${alias}?`, go: "Remove", danger: true, text: "Mail for it is refused at once.",
      act: async () => { checked(await api("DELETE", "/aliases/" + encodeURIComponent(alias))); await refresh(); }}), true)))));
    fill(sends, [el("dt", {}, "Mail is forwarded to"), el("dd", {}, forwarding.to.length ? forwarding.to.join(", ") + (forwarding.only ? ", and not kept here" : ", and kept here") : "nobody"),
      el("dt", {}, "Who else sends in this name"), el("dd", {}, delegates.delegates.join(", ") || "nobody")]);
  };
  const change = (what, made) => async values => { checked(await api("PUT", here + what, made(values))); await refresh(); };
  const act = (text, change, asked, danger = false) => only(change, button(text, text, () => ask(asked()), danger));
  const of_user = what => "PUT /users/{address}" + what;
  page.actions([
    act("Set password", of_user("/password"), () => ({title: `A new password for ${address}`, go: "Set it", fields: [{name: "password", label: "New password", type: "password"}, present],
      text: "The old one is refused at once.", act: change("/password", values => values)})),
    act("Role", of_user("/role"), () => ({title: `What may ${address} do here?`, go: "Set it", fields: [{name: "role", label: "Role", options: roles, value: told.user.role}, present],
      text: "It holds for this page and the API. Mail is not concerned.", act: change("/role", values => values)})),
    act("Add an alias", "POST /aliases", () => ({title: `Another address of ${address}`, go: "Add", fields: [{name: "alias", label: "Address", type: "email"}],
      act: async values => { checked(await api("POST", "/aliases", {address: values.alias, target: address})); await refresh(); }})),
    act("Forward", of_user("/forwarding"), () => ({title: "To whom is mail forwarded?", go: "Set it", text: "Addresses, here or elsewhere; none ends it.",
      fields: [{name: "to", label: "Addresses", multiline: true, required: false, value: told.forwarding.to.join("\n")},
               {name: "only", label: "And here", options: [["", "it is kept as well"], ["only", "nothing is kept"]], value: told.forwarding.only ? "only" : ""}],
      act: change("/forwarding", values => ({to: addresses(values.to), only: values.only === "only" && addresses(values.to).length > 0}))})),
    act("Delegates", of_user("/delegates"), () => ({title: "Who else may send in this name?", go: "Set them", text: "Addresses of users of this grid.",
      fields: [{name: "delegates", label: "Addresses", multiline: true, required: false, value: told.delegates.delegates.join("\n")}],
      act: change("/delegates", values => ({delegates: addresses(values.delegates)}))})),
    act("Remove", "DELETE /users/{address}", () => ({title: `Remove ${address}?`, go: "Remove", danger: true, confirm: address,
      text: "The address is refused at once; the mail is deleted after 14 days.",
      act: async () => { checked(await api("DELETE", here)); location.hash = "#/directory/users"; }}), true)]);
  page.body.replaceChildren(numbers, section("Where the mail lies", [], place), el("div", {className: "pair"}, section("Other addresses", [], names),
    section("Others", [], sends, el("ul", {className: "plain"}, el("li", {}, link("What became of this user’s messages", "trace", address)),
      el("li", {}, link("Log-ins and traffic by day", "statistics", address))))));
  await refresh();
  if (may("POST /users/{address}/app-passwords")) {
    const parts = [await appPasswords(here), await sessions(address)];
    page.body.append(el("div", {className: "pair"}, ...parts.map(part => part.section)));
  }
  return {every_ms: 10000, refresh};
}
