// What moves in the grid, how far it is, and a way to hold it.
import {api} from "./api.js";
import {ask, el, fill, number} from "./elements.js";

const done_shown_max = 3;
const $ = id => document.getElementById(id);
const kinds = {
  drain: "Primaries leave", remove: "Copies leave", replace: "Copies move from", rebuild: "Lost copies are made anew:",
  copies: "Copies are added or taken away", balance: "The load is shared out",
};

const left = seconds => seconds === null ? "" : seconds < 90 ? `about ${Math.max(1, seconds)} s left` : `about ${Math.round(seconds / 60)} min left`;

function row(job, names) {
  const title = `${kinds[job.kind] ?? job.kind} ${job.node ? names.get(job.node) ?? job.node.slice(0, 8) : ""}`.trim();
  const state = job.state === "waiting" ? "waits: " + job.waits_for : job.state === "done" ? "done" : job.state === "paused" ? "paused" : left(job.seconds_left);
  const button = el("button", {type: "button", className: "quiet"}, job.state === "paused" ? "Resume" : "Pause");
  button.dataset.job = job.id;
  return el("li", {className: job.state},
    el("span", {}, title),
    el("progress", {max: 1, value: job.progress, ariaLabel: `${title}: ${Math.floor(job.progress * 100)} %`}),
    el("span", {className: "faint"}, [`${number(job.slots_done)} of ${number(job.slots_total)} slots`, state].filter(Boolean).join(" · ")),
    job.state === "done" ? "" : button);
}

export function showJobs(jobs, status) {
  const names = new Map(status.nodes.map(node => [node.id, node.name]));
  const shown = [...jobs.filter(job => job.state !== "done"), ...jobs.filter(job => job.state === "done").slice(0, done_shown_max)];
  $("jobs_section").hidden = shown.length === 0;
  fill($("jobs"), shown.map(job => row(job, names)));
}

$("jobs").addEventListener("click", async event => {
  const id = event.target.dataset.job;
  if (!id) return;
  try {
    await api("POST", `/jobs/${encodeURIComponent(id)}/${event.target.textContent === "Resume" ? "resume" : "pause"}`);
  } catch (error) {
    ask({title: "Not now", text: error.message});
  }
});
