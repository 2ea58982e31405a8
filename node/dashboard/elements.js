// Elements made of values; text is always text, never markup.
export function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== "" && child !== null && child !== undefined));
  return element;
}

/** Replaces the content, unless it would be the same: so that focus and selection stay. */
export function fill(parent, children) {
  const fresh = el(parent.tagName);
  fresh.append(...children);
  if (fresh.innerHTML !== parent.innerHTML) parent.replaceChildren(...fresh.childNodes);
}

export const number = value => Number(value).toLocaleString("en");

export function bytes(value) {
  if (value === null || value === undefined) return "unknown";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; value >= 1024 && i + 1 < units.length; ++i) value /= 1024;
  return (i === 0 ? value : value.toFixed(1)) + " " + units[i];
}

export function table(parent, heads, rows) {
  fill(parent, [el("thead", {}, el("tr", {}, ...heads.map(head => el("th", {scope: "col"}, head)))),
                el("tbody", {}, ...rows.map(cells => el("tr", {}, ...cells.map(cell => el("td", {}, cell)))))]);
}

/**
 * Asks for a few values, then acts. fields: [{name, label, type, value, note}]; act(values) may throw: its message is
 * shown and the dialog stays. Without `go` the dialog only tells.
 */
export function ask({title, text, fields = [], go, danger = false, act = async () => {}}) {
  const $ = id => document.getElementById(id);
  const dialog = $("dialog");
  $("dialog_title").textContent = title;
  $("dialog_error").textContent = "";
  $("dialog_body").replaceChildren(
    ...(text ? [typeof text === "string" ? el("p", {}, text) : text] : []),
    ...fields.map(field => el("label", {}, field.label, el("input", {
      name: field.name, type: field.type ?? "text", value: field.value ?? "", required: true, autocomplete: "off"}))));
  $("dialog_cancel").textContent = go ? "Cancel" : "Close";
  $("dialog_go").hidden = !go;
  $("dialog_go").textContent = go ?? "";
  $("dialog_go").classList.toggle("danger", danger);
  $("dialog_go").disabled = false;
  $("dialog_form").onsubmit = async event => {
    if (event.submitter?.value !== "go") return;
    event.preventDefault();
    $("dialog_go").disabled = true;
    try {
      await act(Object.fromEntries(new FormData($("dialog_form"))));
      if ($("dialog_title").textContent === title) dialog.close();
    } catch (error) {
      $("dialog_error").textContent = error.message;
    }
    $("dialog_go").disabled = false;
  };
  if (!dialog.open) dialog.showModal();
}
