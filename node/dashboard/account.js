// What belongs to one account: passwords of single mail programs.
import {api} from "./api.js";
import {ask, button, checked, el, table} from "./elements.js";

const uses = [["imap smtp", "to read and to send"], ["imap", "only to read, by IMAP"], ["pop3", "only to fetch, by POP3"],
  ["pop3 smtp", "to fetch by POP3 and to send"], ["smtp", "only to send"]];
const section = (title, action, ...content) => el("section", {}, el("div", {className: "head"}, el("h3", {}, title), action ?? ""), ...content);

/** `here`: the user's path. */
export async function appPasswords(here) {
  const path = here + "/app-passwords", list = el("table");
  const show = async () => {
    const rows = await api("GET", path);
    table(list, rows.length ? ["Name", "For", "Since", "Actions"] : ["Name"], rows.length === 0 ? [["None yet"]] : rows.map(row => [row.name, row.protocols.join(", "), row.created.slice(0, 10),
      button("Remove", "app password " + row.name, () => ask({
        title: `Remove the password of ${row.name}?`, go: "Remove", danger: true, text: "The program that uses it is refused at once.",
        act: async () => { checked(await api("DELETE", `${path}/${encodeURIComponent(row.name)}`)); await show(); }}), true)]));
  };
  const add = button("Make one", "make an app password", () => ask({
    title: "A password for one mail program", go: "Make it", text: "It is for that program alone, and can be removed without changing the others.",
    fields: [{name: "name", label: "Name of the program or device"}, {name: "protocols", label: "What for", options: uses}],
    act: async values => {
      const made = await api("POST", path, {name: values.name, protocols: values.protocols.split(" ")});
      await show();
      ask({title: `The password of ${values.name}`, text: el("div", {}, el("p", {}, "It is shown this once:"), el("pre", {tabIndex: 0}, made.password))});
    },
  }));
  await show();
  return {section: section("App passwords", add, el("p", {className: "faint"}, "One for each mail program, so that none needs to know the account’s own."),
    el("div", {className: "scroll"}, list)), show};
}
