// A list that is read page by page: what is shown, and the ways on and back.
import {pageOf} from "./api.js";
import {el} from "./elements.js";

/**
 * show(rows, {page, more}) shows one page. first(path) begins a list; again() reads the shown page anew. `bar` holds the buttons.
 * cursor(row): for a list whose answers do not say where the next page begins.
 */
export function pager(show, cursor = null) {
  const before = el("button", {type: "button", className: "quiet"}, "Back"), after = el("button", {type: "button", className: "quiet"}, "Next");
  const bar = el("div", {className: "pager"}, before, after);
  let paths = [], next = null, asked = 0;
  function following(rows) {
    const [path, query] = paths[0].split("?"), parameters = new URLSearchParams(query);
    if (cursor === null || rows.length < Number(parameters.get("limit"))) return null;
    parameters.set("after", cursor(rows.at(-1)));
    return `${path}?${parameters}`;
  }
  async function load() {
    const mine = ++asked, answer = await pageOf(paths.at(-1));
    if (mine !== asked) return;
    next = answer.next ?? following(answer.rows);
    before.disabled = paths.length < 2;
    after.disabled = next === null;
    bar.hidden = before.disabled && after.disabled;
    show(answer.rows, {page: paths.length, more: next !== null});
  }
  after.addEventListener("click", () => { paths.push(next); load(); });
  before.addEventListener("click", () => { paths.pop(); load(); });
  bar.hidden = true;
  return {bar, again: load, first: path => { paths = [path]; return load(); }};
}

/** Calls act(text) when typing has paused. */
export function whenTyped(input, act) {
  let timer = null;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => act(input.value.trim()), 250);
  });
}
