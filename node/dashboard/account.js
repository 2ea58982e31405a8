// What belongs to one account: passwords of single mail programs, and the browsers that are logged in.
import {api} from "./api.js";
import {ask, button, checked, el, present, section, table, telling, when} from "./elements.js";

const uses = [["imap smtp", "to read and to send"], ["imap", "only to read, by IMAP"], ["pop3", "only to fetch, by POP3"],
  ["pop3 smtp", "to fetch by POP3 and to send"], ["smtp", "only to send"]];

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
    fields: [{name: "name", label: "Name of the program or device"}, {name: "protocols", label: "What for", options: uses}, present],
    act: async values => {
      const made = await api("POST", path, {...values, protocols: values.protocols.split(" ")});
      await show();
      ask({title: `The password of ${values.name}`, text: el("div", {}, el("p", {}, "It is shown this once:"), el("pre", {tabIndex: 0}, made.password))});
    },
  }));
  await show();
  return {section: section("App passwords", [add], el("p", {className: "faint"}, "One for each mail program, so that none needs to know the account’s own."),
    el("div", {className: "scroll"}, list)), show};
}

/** Those of one account. */
export async function sessions(account) {
  const list = el("table");
  const show = async () => {
    const rows = (await api("GET", "/sessions?limit=10000")).filter(row => row.account === account);
    rows.sort((a, b) => b.created.localeCompare(a.created));
    table(list, rows.length ? ["Since", "From", "Until", "Actions"] : ["Since"], rows.length === 0 ? [["None"]] : rows.map(row => [when(row.created), row.address ?? "–", when(row.expires),
      row.current ? el("span", {className: "state whole"}, "this browser") : button("Log out", "session " + row.id,
        telling("Not now", async () => { checked(await api("DELETE", "/sessions/" + row.id)); await show(); }), true)]));
  };
  await show();
  return {section: section("Logged in here", [], el("div", {className: "scroll"}, list)), show};
}
