// Users, domains and aliases: found by a part of their name, page by page.
import {api} from "./api.js";
import {ask, button, checked, count, el, link, number, only, table} from "./elements.js";
import {pager, whenTyped} from "./lists.js";

const page_rows = 50;
const path = name => encodeURIComponent(name);
const dash = text => text || "–";

const kinds = {
  users: {
    title: "Users", one: "user", heads: ["Address", "Role", "Since"], fields: [{name: "address", label: "Address", type: "email"}, {name: "password", label: "Password", type: "password"}],
    row: user => [link(user.address, "users", user.address), user.role, user.created.slice(0, 10)],
  },
  domains: {
    title: "Domains", one: "domain", heads: ["Name", "Users", "Another name of", "What is for nobody goes to", "Actions"], fields: [{name: "name", label: "Name"}],
    row: (domain, changed) => [domain.name, number(domain.users), dash(domain.alias_of), dash(domain.catch_all),
      only("DELETE /domains/{name}", button("Remove", "Remove " + domain.name, () => ask({
        title: `Remove ${domain.name}?`, go: "Remove", danger: true, confirm: domain.name, text: "Mail for it is refused at once. Users and aliases in it go first.",
        act: async () => { checked(await api("DELETE", "/domains/" + path(domain.name))); await changed(); }}), true))],
  },
  aliases: {
    title: "Aliases", one: "alias", heads: ["Address", "Delivered to", "Actions"],
    fields: [{name: "address", label: "Address", type: "email"}, {name: "target", label: "Delivered to", type: "email"}],
    row: (alias, changed) => [alias.address, link(alias.target, "users", alias.target),
      only("DELETE /aliases/{address}", button("Remove", "Remove " + alias.address, () => ask({
        title: `Remove the alias ${alias.address}?`, go: "Remove", danger: true, text: "Mail for it is refused at once.",
        act: async () => { checked(await api("DELETE", "/aliases/" + path(alias.address))); await changed(); }}), true))],
  },
};

function tabs(chosen) {
  return el("nav", {className: "tabs", ariaLabel: "What of the directory"}, ...Object.entries(kinds).map(([name, kind]) => {
    const made = link(kind.title, "directory", name);
    if (name === chosen) made.setAttribute("aria-current", "true");
    return made;
  }));
}

export async function open(page, [name = "users"]) {
  const kind = kinds[name];
  if (!kind) throw new Error("There is no such list.");
  page.title(kind.title);
  const list = el("table"), search = el("input", {type: "search", placeholder: "Find", ariaLabel: "Find " + kind.title.toLowerCase()});
  const rows = pager({failed: error => page.wrong(error.message), show: (found, {page: at, more}) => {
    page.lead(found.length === 0 ? `No ${kind.one} is called so.` : `Page ${at}, ${count(found.length, kind.one, kind.title.toLowerCase())}${more ? ", and there are more" : ""}.`);
    table(list, found.length ? kind.heads : ["Nothing to show."], found.map(row => kind.row(row, rows.again)));
  }});
  const matching = text => row => [row.address, row.name, row.target].some(one => one?.toLowerCase().includes(text.toLowerCase()));
  const show = text => rows.first(`/${name}?limit=${page_rows}`, text === "" ? null : matching(text));
  whenTyped(search, show);
  const add = only("POST /" + name, button(`Add ${kind.one === "alias" ? "an" : "a"} ${kind.one}`, "add", () => ask({
    title: `Add ${kind.one === "alias" ? "an" : "a"} ${kind.one}`, go: "Add", fields: kind.fields,
    act: async values => { checked(await api("POST", "/" + name, values)); await rows.again(); }})));
  add.classList.remove("quiet");
  page.actions([search, add]);
  page.body.replaceChildren(el("section", {}, tabs(name), el("div", {className: "scroll"}, list), rows.bar));
  await show("");
  return null;
}
