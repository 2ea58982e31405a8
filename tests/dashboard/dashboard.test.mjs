// The dashboard in a real browser, on a real grid: what an administrator sees and does.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdirSync, readFileSync} from "node:fs";
import {fileURLToPath} from "node:url";
import {after, before, test} from "node:test";
import {chromium} from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const nodes = Number(process.env.NODES ?? 3), port = process.env.BASE_PORT ?? "23500";
const dir = root + "build/dashboard-grid", pictures = root + "build/dashboard/";
const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
let browser, page;

const grid_tool = (...words) => execFileSync("python3", [root + "tests/support/grid_tool.py", ...words, "--dir", dir], {stdio: ["ignore", "ignore", "inherit"]});
const grid = () => JSON.parse(readFileSync(dir + "/grid.json", "utf8"));
const node = name => grid().nodes.find(one => one.name === name);
const card = name => page.locator("#nodes article").filter({has: page.getByRole("heading", {name: new RegExp(`^${name}\\b`)})});
const verdict = word => page.waitForFunction(wanted => document.getElementById("verdict_word").textContent === wanted, word, {timeout: 120_000});

async function open(options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const opened = await context.newPage();
  opened.errors = [];
  opened.on("pageerror", error => opened.errors.push(error.message));
  opened.on("request", request => { if (new URL(request.url()).port !== String(grid().nodes[0].http)) opened.errors.push("asked " + request.url()); });
  const {host, http} = grid().nodes[0];
  await opened.goto(`http://${host}:${http}/`);
  return opened;
}

async function log_in(to) {
  const {user, password} = grid().admin;
  await to.keyboard.type(user);
  await to.keyboard.press("Tab");
  await to.keyboard.type(password);
  await to.keyboard.press("Enter");
  await to.waitForSelector("#content:not([hidden])");
}

before(async () => {
  grid_tool("start", String(nodes), "--base-port", port);
  browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: ["--no-sandbox"]});
  mkdirSync(pictures, {recursive: true});
  page = await open();
}, {timeout: 300_000});

after(async () => {
  await browser?.close();
  grid_tool("stop");
});

test("a wrong password lets nobody in", async () => {
  await page.fill("#user", "admin");
  await page.fill("#password", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("login_error").textContent !== "");
  assert(await page.isHidden("#content"));
});

test("log in by the keyboard alone, and see that all is well", async () => {
  await page.reload();
  await log_in(page);
  await verdict("Healthy");
  assert.equal(await page.locator("#nodes article").count(), nodes);
});

test("events bring what is new, and nobody has to ask for it", async () => {
  await page.waitForSelector("#flow figure", {timeout: 40_000});
  assert.equal(await page.locator("#flow figure").count(), 5);
  const asked = [];
  page.on("request", request => asked.push(request.url()));
  await page.waitForTimeout(5000);
  assert.deepEqual(asked.filter(url => url.endsWith("/status")), []);
});

test("a user is added by a click, and reads mail", async () => {
  await page.click("#add_user");
  await page.fill("dialog input[name=address]", "new.user@example.test");
  await page.fill("dialog input[name=password]", "correct horse battery");
  await page.click("#dialog_go");
  await page.waitForSelector("dialog", {state: "hidden"});
  execFileSync("python3", [root + "tests/dashboard/mail.py", dir + "/grid.json", "new.user@example.test", "correct horse battery"]);
});

test("a node that was killed is named within ten seconds, and all is well again when it is back", async () => {
  const begun = Date.now();
  process.kill(node("node2").pid, "SIGKILL");
  await page.waitForFunction(() => document.getElementById("reasons").textContent.includes("node node2 is silent"), null, {timeout: 10_000});
  assert.notEqual(await page.textContent("#verdict_word"), "Healthy");
  console.log(`# seen after ${(Date.now() - begun) / 1000} s`);
  await page.screenshot({path: pictures + "degraded.png", fullPage: true});
  grid_tool("start-node", "node2");
  await verdict("Healthy");
}, {timeout: 180_000});

test("a node is drained by a click, and given its work back", async () => {
  const primaries = () => card("node3").locator("meter").first().getAttribute("aria-label");
  await card("node3").getByRole("button", {name: "Drain"}).click();
  await page.click("#dialog_go");
  await page.waitForFunction(() => /primary of: 0 of/.test(document.querySelector("#nodes article.draining meter")?.ariaLabel ?? ""), null, {timeout: 60_000});
  assert.match(await primaries(), /^primary of: 0 of/);
  await card("node3").getByRole("button", {name: "Undrain"}).click();
  await page.click("#dialog_go");
  await page.waitForFunction(() => document.querySelector("#nodes article.draining") === null, null, {timeout: 30_000});
}, {timeout: 120_000});

test("charts of a day, and the same figures as a table", async () => {
  await page.getByRole("radio", {name: "day"}).check();
  await page.waitForFunction(() => document.getElementById("flow_window").textContent === "day");
  await page.getByRole("radio", {name: "hour"}).check();
  await page.locator("#flow_details summary").click();
  await page.waitForFunction(() => document.querySelectorAll("#flow_table tbody tr").length > 3);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 820, 1440]) {
    test(`readable by all: ${colorScheme}, ${width} wide`, async () => {
      const other = await open({colorScheme, viewport: {width, height: 900}, bypassCSP: true});
      await log_in(other);
      await other.waitForSelector("#flow figure", {timeout: 40_000});
      await other.addScriptTag({content: axe});
      const violations = await other.evaluate(async () => (await window.axe.run()).violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(" "))}`));
      assert.deepEqual(violations, []);
      assert.equal(await other.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "it scrolls sideways");
      await other.screenshot({path: `${pictures}${colorScheme}-${width}.png`, fullPage: true});
      assert.deepEqual(other.errors, []);
      await other.context().close();
    }, {timeout: 90_000});
  }
}

test("nothing went wrong in the page meanwhile, and after logging out nothing is shown", async () => {
  assert.deepEqual(page.errors, []);
  await page.click("#logout");
  assert(await page.isHidden("#content"));
  assert(await page.isVisible("#login"));
});
