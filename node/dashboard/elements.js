// Elements made of values; text is always text, never markup.
import {may, self} from "./api.js";

export function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== "" && child !== null && child !== undefined));
  return element;
}

/** Replaces the content, unless it would be the same: so that selection stays. The focus stays with what has the same data-key. */
export function fill(parent, children) {
  const fresh = el(parent.tagName);
  fresh.append(...children.filter(child => child !== "" && child !== null && child !== undefined));
  if (fresh.innerHTML === parent.innerHTML) return;
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  parent.replaceChildren(...fresh.childNodes);
  if (focused) [...parent.querySelectorAll("[data-key]")].find(one => one.dataset.key === focused)?.focus();
}

/** A way to a page (pages.js): link("node3", "nodes", "node3"). */
export function link(text, ...words) {
  return el("a", {href: "#/" + words.map(encodeURIComponent).join("/")}, text);
}

/** `key` tells it from the others of its page. It may outlive what it was made of (fill): what can change, `click` looks up. */
export function button(text, key, click, danger = false) {
  const made = el("button", {type: "button", className: danger ? "quiet danger" : "quiet"}, text);
  made.dataset.key = key;
  made.addEventListener("click", click);
  return made;
}

/** Of no use where the role may not make that change, and says so. */
export function only(change, made) {
  made.disabled = !may(change);
  made.title = made.disabled ? `Your role, ${self.role}, may not do this.` : "";
  return made;
}

/** A bar that is so full of `max`. */
export function meter(label, value, max) {
  const bar = el("i", {className: value === 0 ? "empty" : ""});
  bar.style.width = `${Math.min(100, value / Math.max(1, max) * 100).toFixed(1)}%`;
  return el("span", {className: "meter", role: "meter", ariaLabel: label, ariaValueMin: "0", ariaValueMax: String(Math.max(1, max)), ariaValueNow: String(value)}, bar);
}

/** The few figures of a page: [[name, value, what stands smaller behind it]]. */
export function figures(parent, rows) {
  fill(parent, rows.map(([name, value, of]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value, of ? el("small", {}, " " + of) : ""))));
}

/** A part of a page, under its title; `actions` stand beside that. */
export function section(title, actions, ...content) {
  const head = el("h3", {}, title);
  return el("section", {}, actions.length === 0 ? head : el("div", {className: "head"}, head, el("div", {className: "actions"}, ...actions)), ...content);
}

/** What goes wrong is told, and the page stays. */
export const telling = (title, act) => async () => {
  try { await act(); } catch (error) { ask({title, text: error.message}); }
};

/** Tells where a change of the directory has not arrived yet, if anywhere. */
export function checked(answer) {
  if (answer.not_yet_on?.length) throw new Error(`Done, but not applied yet on ${answer.not_yet_on.length} nodes that live.`);
  return answer;
}

const spans = [[86400 * 2, 86400, "days"], [3600 * 2, 3600, "hours"], [120, 60, "min"], [0, 1, "s"]];
export function span(seconds) {
  const [, unit, name] = spans.find(([from]) => seconds >= from) ?? spans.at(-1);
  return `${Math.max(0, Math.floor(seconds / unit))} ${name}`;
}

/** When it was, and how long ago. */
export function when(moment) {
  if (!moment) return "";
  const seconds = (Date.now() - Date.parse(moment)) / 1000;
  const text = seconds < 0 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
  return el("time", {dateTime: moment, title: moment.replace("T", " ").replace("Z", " UTC")}, text);
}

export const number = value => Number(value).toLocaleString("en");
/** "1 message", "2 messages". */
export const count = (value, one, many = one + "s") => `${number(value)} ${value === 1 ? one : many}`;

export function bytes(value) {
  if (value === null || value === undefined) return "unknown";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; value >= 1024 && i + 1 < units.length; ++i) value /= 1024;
  return (i === 0 ? value : value.toFixed(1)) + " " + units[i];
}

/** Cells on a narrow screen stand below each other, each with its head. */
export function table(parent, heads, rows) {
  parent.classList.toggle("few", heads.length < 3);
  fill(parent, [el("thead", {}, el("tr", {}, ...heads.map(head => el("th", {scope: "col"}, head)))),
                el("tbody", {}, ...rows.map(cells => el("tr", {}, ...cells.map((cell, i) => {
                  const made = el("td", {}, cell);
                  made.dataset.head = heads[i] ?? "";
                  if (cell === "–") made.className = "none";
                  return made;
                }))))]);
}

/** For what lets somebody in later: a browser that was left open is not to make it. */
export const present = {name: "current", label: "Your present password", type: "password"};

/**
 * Asks for a few values, then acts. fields: [{name, label, type, value, min, required, options, multiline}]; act(values) may throw: its
 * message is shown and the dialog stays. `confirm` is to be typed before it goes. Without `go` the dialog only tells.
 */
export function ask({title, text, fields = [], go, danger = false, confirm = null, act = async () => {}}) {
  const $ = id => document.getElementById(id);
  const dialog = $("dialog");
  const input = field => field.options
    ? el("select", {name: field.name}, ...field.options.map(([value, name]) => el("option", {value, selected: value === field.value}, name)))
    : el(field.multiline ? "textarea" : "input", {name: field.name, value: field.value ?? "", required: field.required ?? true, autocomplete: "off",
      spellcheck: false, ...(field.multiline ? {rows: 4} : {type: field.type ?? "text"}), ...(field.min === undefined ? {} : {min: field.min})});
  if (confirm !== null) fields = [...fields, {name: "typed", label: el("span", {}, "Type ", el("b", {}, confirm), " to go on")}];
  $("dialog_title").textContent = title;
  $("dialog_error").textContent = "";
  $("dialog_body").replaceChildren(
    ...(text ? [typeof text === "string" ? el("p", {}, text) : text] : []),
    ...fields.map(field => el("label", {}, field.label, input(field))));
  const typed = $("dialog_body").querySelector("[name=typed]");
  typed?.addEventListener("input", () => { $("dialog_go").disabled = typed.value !== confirm; });
  $("dialog_cancel").textContent = go ? "Cancel" : "Close";
  $("dialog_cancel").onclick = () => dialog.close();
  $("dialog_go").hidden = !go;
  $("dialog_go").textContent = go ?? "";
  $("dialog_go").classList.toggle("danger", danger);
  $("dialog_go").disabled = confirm !== null;
  $("dialog_form").onsubmit = async event => {
    event.preventDefault();
    if (!go || $("dialog_go").disabled) return;
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
