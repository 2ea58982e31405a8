// The last things that were done to the grid, in short.
import {api} from "./api.js";
import {el, fill, when} from "./elements.js";
import {linkTo} from "./audit_rows.js";

const shown_max = 6;
const $ = id => document.getElementById(id);

/** Who may not read the log sees nothing of it. */
export async function showChanges() {
  const rows = await api("GET", "/audit?limit=" + shown_max).catch(() => []);
  $("changes_section").hidden = rows.length === 0;
  fill($("changes"), rows.map(row => el("li", {}, el("b", {}, row.verb), el("span", {}, linkTo(row)), el("span", {className: "faint"}, `by ${row.who ?? "the grid"}, `, when(row.at)))));
}
