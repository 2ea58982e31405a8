// What moves in the grid, how far it is, and a way to hold it.
import {api} from "./api.js";
import {button, el, fill, link, number, only, span, telling} from "./elements.js";
import {grid, nameOf} from "./grid.js";

const done_shown_max = 3, done_shown_ms = 10 * 60e3;
const $ = id => document.getElementById(id);
const kinds = {
  drain: "Primaries leave", remove: "Copies leave", replace: "Copies move from", rebuild: "Lost copies are made anew:",
  copies: "Copies are added or taken away", balance: "The load is shared out",
};

function stateText(job) {
  if (job.state === "waiting") return "waits: " + job.waits_for;
  if (job.state !== "running") return job.state;
  return job.seconds_left === null ? "" : `about ${span(Math.max(1, job.seconds_left))} left`;
}

async function hold(job) {
  await api("POST", `/jobs/${encodeURIComponent(job.id)}/${job.state === "paused" ? "resume" : "pause"}`);
  grid.jobs = await api("GET", "/jobs");
  showJobs();
}

function row(job) {
  const kind = kinds[job.kind] ?? job.kind, name = job.node ? nameOf(job.node) : "", known = grid.status.nodes.some(node => node.id === job.node);
  const percent = Math.floor(job.progress * 100);
  return el("li", {className: job.state},
    el("span", {}, kind + " ", name ? known ? link(name, "nodes", name) : name : ""),
    el("progress", {max: 1, value: job.progress, ariaLabel: `${kind} ${name}: ${percent} %`}),
    el("span", {className: "faint"}, [`${percent} %`, `${number(job.slots_done)} of ${number(job.slots_total)} slots`, stateText(job)].filter(Boolean).join(" · ")),
    job.state === "done" || job.kind === "copies" ? "" : only("POST /jobs/{id}/pause", button(job.state === "paused" ? "Resume" : "Pause", "hold " + job.id, telling("Not now", () => hold(job)))));
}

export const jobList = jobs => jobs.map(row);

export function showJobs() {
  const {jobs} = grid;
  const shown = [...jobs.filter(job => job.state !== "done"), ...jobs.filter(job => job.state === "done" && Date.now() - Date.parse(job.ended) < done_shown_ms).slice(0, done_shown_max)];
  $("jobs_section").hidden = shown.length === 0;
  fill($("jobs"), jobList(shown));
}
