// Entries of the audit log, wherever they are shown.
import {el, link} from "./elements.js";

/** What it was done to, and the way there. */
export function linkTo(row) {
  if (!row.object) return "–";
  const [noun] = row.verb.split(" ");
  if (noun === "node") return link(row.object, "nodes", row.object);
  if (noun === "user" && row.object.includes("@")) return link(row.object, "users", row.object);
  return row.object;
}

/** Two lists of what was, and the way between them. */
export function eventTabs(chosen) {
  const tab = (text, name) => {
    const made = link(text, name);
    if (name === chosen) made.setAttribute("aria-current", "true");
    return made;
  };
  return el("nav", {className: "tabs", ariaLabel: "What of the past"}, tab("What happened", "events"), tab("Who changed what", "audit"));
}
