// Entries of the audit log, wherever they are shown.
import {link} from "./elements.js";

/** What it was done to, and the way there. */
export function linkTo(row) {
  const [noun] = row.verb.split(" ");
  if (noun === "node") return link(row.object, "nodes", row.object);
  if (noun === "user" && row.object.includes("@")) return link(row.object, "users", row.object);
  return row.object;
}
