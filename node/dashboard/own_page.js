// What a user sees of the grid: the own mailbox, and the own passwords.
import {api, Refused, self} from "./api.js";
import {appPasswords, sessions} from "./account.js";
import {ask, button, bytes, checked, el, figures, fill, number, present, section, when} from "./elements.js";

const protocols = {imap: "IMAP", pop3: "POP3", smtp: "SMTP", http: "this page", sieve: "ManageSieve"};

function changePassword(here) {
  ask({title: "A new password", go: "Change it", text: "Browsers that are logged in, this one too, and mail programs with the old one have to log in again.",
    fields: [present, {name: "password", label: "New password", type: "password"},
      {name: "again", label: "The new one again", type: "password"}],
    act: async values => {
      if (values.password !== values.again) throw new Error("The two new ones differ.");
      checked(await api("PUT", here + "/password", {current: values.current, password: values.password}));
      location.reload();
    }});
}

export async function open(page) {
  const address = self.account, here = "/users/" + encodeURIComponent(address);
  page.title(address);
  const numbers = el("dl", {className: "figures"}), facts = el("dl", {className: "facts"}), log_ins = el("dl", {className: "facts"});
  const shown = [];
  const refresh = async () => {
    const [user, slot, forwarding, delegates] = await Promise.all(["", "/location", "/forwarding", "/delegates"].map(what => api("GET", here + what)));
    page.lead("Yours since " + user.created.slice(0, 10) + (user.messages === null ? ". How much is stored is not known at this moment." : "."));
    figures(numbers, [["Messages", user.messages === null ? "–" : number(user.messages)], ["Stored", user.bytes === null ? "–" : bytes(user.bytes)],
      ["Copies of each message", number(slot.in_sync.length)]]);
    const named = slot.in_sync.map(id => slot.names[id] ?? id);
    const rows = [["Stored on", named.join(" and ") || "no node at this moment"], ["Other addresses", user.aliases.join(", ") || "none"],
      ["Forwarded to", forwarding.to.length ? forwarding.to.join(", ") + (forwarding.only ? ", and not kept here" : ", and kept here") : "nobody"],
      ["Who else sends in your name", delegates.delegates.join(", ") || "nobody"]];
    fill(facts, rows.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));
    const last = Object.entries(user.last_log_in ?? {});
    fill(log_ins, last.length ? last.flatMap(([protocol, moment]) => [el("dt", {}, "By " + (protocols[protocol] ?? protocol)), el("dd", {}, when(moment))])
      : [el("dt", {}, "None yet."), el("dd")]);
    await Promise.all(shown.map(part => part.show()));
  };
  const again = async () => {
    try { await refresh(); } catch (error) {
      if (!(error instanceof Refused)) throw error;
      location.reload();  // the session is over
    }
  };
  page.actions([button("Change password", "password", () => changePassword(here))]);
  page.body.replaceChildren(numbers, el("div", {className: "pair"}, section("Your mailbox", [], facts), section("Last log-ins", [], log_ins)));
  await refresh();
  shown.push(await appPasswords(here), await sessions(address));
  page.body.append(...shown.map(part => part.section));
  return {every_ms: 30000, refresh: again};
}
