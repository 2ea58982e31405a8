// A list that is read page by page: what is shown, and the ways on and back.
import {pageOf} from "./api.js";
import {el} from "./elements.js";

const part_rows_max = 10000;

const with_parameter = (path, name, value) => {
  const [where, query] = path.split("?"), parameters = new URLSearchParams(query);
  parameters.set(name, value);
  return `${where}?${parameters}`;
};
const limitOf = path => Number(new URLSearchParams(path.split("?")[1]).get("limit"));

/**
 * show(rows, {page, more}) shows one page, failed(error) why there is none. first(path, keep) begins a list, of the rows that
 * keep(row) takes; again() reads the shown page anew. `bar` holds the buttons.
 */
export function pager({show, failed}) {
  const before = el("button", {type: "button", className: "quiet"}, "Back"), after = el("button", {type: "button", className: "quiet"}, "Next");
  const bar = el("div", {className: "pager"}, before, after);
  let paths = [], next = null, keep = null, asked = 0;

  const part = async path => {
    const {rows, next: on} = await pageOf(path);
    return {rows, on};
  };
  /** Reads on in larger and larger parts until a page is full: where few rows are kept there is much to read. */
  async function page(path, still_wanted) {
    const wanted = limitOf(path);
    let {rows, on} = await part(path), size = wanted;
    if (keep === null) return {rows, on};
    rows = rows.filter(keep);
    while (on !== null && rows.length < wanted && still_wanted()) {
      size = Math.min(part_rows_max, size * 4);
      const more = await part(with_parameter(on, "limit", size));
      rows.push(...more.rows.filter(keep));
      on = more.on;
    }
    return {rows, on: on === null ? null : with_parameter(on, "limit", wanted)};
  }
  async function load() {
    const mine = ++asked, is_mine = () => mine === asked;
    try {
      const {rows, on} = await page(paths.at(-1), is_mine);
      if (!is_mine()) return;
      next = on;
      before.disabled = paths.length < 2;
      after.disabled = next === null;
      bar.hidden = before.disabled && after.disabled;
      show(rows, {page: paths.length, more: next !== null});
    } catch (error) {
      if (is_mine()) failed(error);
    }
  }
  after.addEventListener("click", () => { paths.push(next); load(); });
  before.addEventListener("click", () => { paths.pop(); load(); });
  bar.hidden = true;
  return {bar, again: load, first: (path, kept = null) => { paths = [path]; keep = kept; return load(); }};
}

/** Calls act(text) when typing has paused. */
export function whenTyped(input, act) {
  let timer = null;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => act(input.value.trim()), 250);
  });
}
