// All that moves, what waits for what, and what is done.
import {api} from "./api.js";
import {el, fill, number} from "./elements.js";
import {grid} from "./grid.js";
import {jobList} from "./jobs.js";

export function open(page) {
  const going = el("ul", {className: "jobs"}), done = el("ul", {className: "jobs"});
  const nothing = text => el("li", {className: "faint none"}, text);
  page.body.replaceChildren(el("section", {}, el("h3", {}, "Under way"), going), el("section", {}, el("h3", {}, "Done"), done));
  const update = () => {
    const open = grid.jobs.filter(job => job.state !== "done"), over = grid.jobs.filter(job => job.state === "done");
    page.lead(`${number(open.length)} under way, ${number(over.length)} done of late. Every node works off its own slots: a job survives any of them.`);
    fill(going, open.length ? jobList(open) : [nothing("Nothing moves.")]);
    fill(done, over.length ? jobList(over) : [nothing("Nothing yet.")]);
  };
  update();
  return {update, every_ms: 2000, refresh: async () => { grid.jobs = await api("GET", "/jobs"); update(); }};
}
