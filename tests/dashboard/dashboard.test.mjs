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
/** Waits are longer where many nodes share the processors; what is promised within a time is not. */
const patient = ms => ms * Math.max(1, nodes / 3);
let browser, page;

const grid_tool = (...words) => execFileSync("python3", [root + "tests/support/grid_tool.py", ...words, "--dir", dir], {stdio: ["ignore", "ignore", "inherit"]});
const grid = () => JSON.parse(readFileSync(dir + "/grid.json", "utf8"));
const node = name => grid().nodes.find(one => one.name === name);
const user = {address: "new.user@example.test", password: "correct horse battery"};
const verdict = word => page.waitForFunction(wanted => document.getElementById("verdict_word").textContent === wanted, word, {timeout: patient(120_000)});

async function open(options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  context.setDefaultTimeout(patient(30_000));
  const opened = await context.newPage();
  opened.errors = [];
  opened.on("pageerror", error => opened.errors.push(error.message));
  opened.on("request", request => { if (new URL(request.url()).port !== String(grid().nodes[0].http)) opened.errors.push("asked " + request.url()); });
  const {host, http} = grid().nodes[0];
  await opened.goto(`http://${host}:${http}/`);
  return opened;
}

/** To a page, and until it has what it shows. */
async function go(on, hash) {
  await on.evaluate(wanted => { location.hash = wanted; }, hash);
  if (hash === "#/") return on.waitForSelector("#overview:not([hidden])");
  await on.waitForFunction(() => document.getElementById("overview").hidden && document.getElementById("page_lead").textContent !== "" &&
    document.getElementById("page").dataset.shown === location.hash);
}

async function log_in(to, account = null) {
  const {user, password} = account ?? grid().admin;
  if (account) await to.focus("#user");
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
}, {timeout: patient(300_000)});

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
  await page.waitForSelector("#flow figure", {timeout: patient(40_000)});
  assert.equal(await page.locator("#flow figure").count(), 6);
  const asked = [];
  page.on("request", request => asked.push(request.url()));
  await page.waitForTimeout(5000);
  assert.deepEqual(asked.filter(url => url.endsWith("/status")), []);
});

test("a user is added by a click, and reads mail", async () => {
  await go(page, "#/directory/users");
  await page.getByRole("button", {name: "Add a user"}).click();
  await page.fill("dialog input[name=address]", user.address);
  await page.fill("dialog input[name=password]", user.password);
  await page.click("#dialog_go");
  await page.waitForSelector("dialog", {state: "hidden"});
  execFileSync("python3", [root + "tests/dashboard/mail.py", dir + "/grid.json", user.address, user.password]);
});

test("a user's page says where the mail lies, and an alias is added and taken away there", async () => {
  await go(page, "#/directory/users");
  await page.getByRole("row", {name: user.address}).getByRole("cell", {name: "user", exact: true}).waitFor();
  await page.getByRole("link", {name: user.address}).click();
  await page.waitForFunction(() => /^1$/.test(document.querySelector("#page_body .figures dd")?.textContent ?? ""));
  const primary = await page.locator("dt", {hasText: "Primary"}).locator("xpath=following-sibling::dd[1]").textContent();
  assert(grid().nodes.some(one => one.name === primary), primary);
  const role = page.locator("dt", {hasText: "Role"}).locator("xpath=following-sibling::dd[1]");
  for (const wanted of ["viewer", "user"]) {
    await page.getByRole("button", {name: "Role"}).click();
    assert.equal(await page.locator("dialog select[name=role]").inputValue(), await role.textContent());
    await page.selectOption("dialog select[name=role]", wanted);
    await page.fill("dialog input[name=current]", "wrong");
    await page.click("#dialog_go");
    await page.locator("#dialog_error", {hasText: "your present password is another"}).waitFor();
    await page.fill("dialog input[name=current]", grid().admin.password);
    await page.click("#dialog_go");
    await role.filter({hasText: new RegExp(`^${wanted}$`)}).waitFor();
  }
  await page.getByRole("button", {name: "Add an alias"}).click();
  await page.fill("dialog input[name=alias]", "also.me@example.test");
  await page.keyboard.press("Enter");
  await page.getByRole("listitem").filter({hasText: "also.me@example.test"}).getByRole("button", {name: "Remove"}).click();
  await page.click("#dialog_go");
  await page.waitForFunction(() => !document.getElementById("page_body").textContent.includes("also.me@"));
});

const as_user = {user: user.address, password: user.password};

test("a user has one page: the own mailbox, passwords of programs, and browsers that are logged in", async () => {
  const own = await open(), elsewhere = await open();
  await log_in(own, as_user);
  await own.waitForFunction(wanted => document.getElementById("page_title").textContent === wanted, user.address);
  await own.waitForSelector("#page_body table");
  assert(await own.isHidden("#menu") && await own.isHidden("#overview"), "something of the grid is shown");
  assert.match(await own.locator("dt", {hasText: "Stored on"}).locator("xpath=following-sibling::dd[1]").textContent(), /^node\d+ and node\d+$/);
  await own.locator("dt", {hasText: "By IMAP"}).waitFor({timeout: patient(60_000)});  // the page is filled anew every 30 s
  await own.getByRole("button", {name: "Make one"}).click();
  await own.fill("dialog input[name=name]", "phone");
  await own.fill("dialog input[name=current]", user.password);
  await own.click("#dialog_go");
  const secret = await own.locator("dialog pre").textContent();
  await own.click("#dialog_cancel");
  execFileSync("python3", [root + "tests/dashboard/mail.py", dir + "/grid.json", user.address, secret]);
  await own.getByRole("row", {name: /phone/}).getByRole("button", {name: "Remove"}).click();
  await own.click("#dialog_go");
  await own.getByRole("row", {name: /phone/}).waitFor({state: "detached"});
  await log_in(elsewhere, as_user);
  await elsewhere.waitForSelector("#page_body table");
  await own.reload();
  await own.getByRole("button", {name: "Log out", exact: true}).nth(1).click();  // the first one is the bar's
  await own.waitForFunction(() => ![...document.querySelectorAll("#page_body button")].some(one => one.textContent === "Log out"));
  await elsewhere.reload();
  await elsewhere.waitForSelector("#login:not([hidden])");
  assert.deepEqual([...own.errors, ...elsewhere.errors], []);
  await Promise.all([own, elsewhere].map(each => each.context().close()));
});

test("a user's new password ends what the old one began", async () => {
  const own = await open(), password = "another " + user.password;
  await log_in(own, as_user);
  const change = async (present, next, again = next) => {
    await own.getByRole("button", {name: "Change password"}).click();
    for (const [name, value] of Object.entries({current: present, password: next, again})) await own.fill(`dialog input[name=${name}]`, value);
    await own.click("#dialog_go");
  };
  await change(user.password, password, "something else");
  await own.getByText("The two new ones differ.").waitFor();
  await own.click("#dialog_cancel");
  await change(user.password, password);
  await own.waitForSelector("#login:not([hidden])");
  await log_in(own, {user: user.address, password});
  await change(password, user.password);
  await own.waitForSelector("#login:not([hidden])");
  await own.context().close();
});

test("a machine is let in only by who knows the own password", async () => {
  await go(page, "#/");
  await page.getByRole("button", {name: "Add a node"}).click();
  await page.fill("dialog input[name=current]", "wrong");
  await page.click("#dialog_go");
  await page.locator("#dialog_error", {hasText: "your present password is another"}).waitFor();
  await page.fill("dialog input[name=current]", grid().admin.password);
  await page.click("#dialog_go");
  assert.match(await page.locator("dialog pre").textContent(), /gridmail setup --join-file -\n\n\S+/);
  await page.click("#dialog_cancel");
});

test("who may only look sees what else there is, and why not", async () => {
  const {host, http} = grid().nodes[0], path = `http://${host}:${http}/api/v1/users/${encodeURIComponent(user.address)}/role`;
  const set_role = async role => {
    const headers = {Authorization: "Bearer " + grid().admin.token, "Content-Type": "application/json"};
    assert((await fetch(path, {method: "PUT", headers, body: JSON.stringify({role})})).ok);
  };
  await set_role("operator");
  const other = await open(), state = name => other.getByRole("button", {name, exact: true}).first();
  await log_in(other, as_user);
  await go(other, "#/nodes/node1");
  assert(await state("Drain").isEnabled() && await state("Remove").isDisabled());
  await set_role("viewer");
  await other.reload();
  await go(other, "#/nodes/node1");
  assert(await state("Drain").isDisabled());
  assert.match(await state("Drain").getAttribute("title"), /viewer/);
  await go(other, "#/directory/users");
  assert(await state("Add a user").isDisabled());
  await go(other, "#/");
  await other.locator("button:disabled", {hasText: "Add a node"}).waitFor();
  await go(other, "#/own");
  assert(await state("Make one").isEnabled());
  await set_role("user");
  assert.deepEqual(other.errors, []);
  await other.context().close();
});

test("the audit log says who did that", async () => {
  await go(page, "#/audit");
  const row = page.locator("#page_body tbody tr", {hasText: user.address}).filter({hasText: "admin"}).first();
  assert.match(await row.textContent(), /admin.*127\.0\.0\.1/);
  await go(page, "#/");
  await page.waitForFunction(() => document.querySelectorAll("#changes li").length > 0, null, {timeout: patient(20_000)});
});

test("a message's trace is found by an address, and by its Message-ID", async () => {
  await go(page, "#/trace");
  await page.getByRole("searchbox").fill(user.address);
  await page.keyboard.press("Enter");
  const delivered = page.locator(".steps li", {hasText: "Delivered"});
  await delivered.first().waitFor();
  const id = await page.locator(".message h3").first().textContent();
  await page.getByRole("searchbox").fill(id);
  await page.keyboard.press("Enter");
  await page.waitForFunction(wanted => location.hash === "#/trace/" + encodeURIComponent(wanted), id);
  await delivered.first().waitFor();
  assert.equal(await page.locator(".message").count(), 1);
  await go(page, "#/trace/" + encodeURIComponent("nobody@nowhere.test"));
  await page.waitForFunction(() => document.getElementById("page_lead").textContent.startsWith("No node has noted anything"));
});

test("the queue: a message is found by its domain, held, released and removed", async () => {
  const {host, http} = grid().nodes[0];
  const way = await fetch(`http://${host}:${http}/api/v1/routes/unreachable.test`, {method: "PUT", headers: {Authorization: "Bearer " + grid().admin.token, "Content-Type": "application/json"},
    body: JSON.stringify({via: "smtp:127.0.0.1:1", tls: "opportunistic"})});
  assert(way.ok, await way.text());
  execFileSync("python3", [root + "tests/dashboard/mail.py", dir + "/grid.json", "--submit", user.address, user.password, "somebody@unreachable.test"]);
  await go(page, "#/queue");
  await page.getByRole("searchbox", {name: "Only to this domain"}).fill("unreachable.test");
  await page.keyboard.press("Enter");
  const row = page.locator("#page_body tbody tr", {hasText: "somebody@unreachable.test"});
  await row.getByRole("button", {name: "Hold"}).click();
  await row.getByText("held", {exact: true}).waitFor();
  await row.getByRole("button", {name: "Release"}).click();
  await row.getByRole("button", {name: "Hold"}).waitFor();
  await go(page, "#/");
  await page.waitForFunction(() => document.getElementById("queue").textContent.includes("unreachable.test"), null, {timeout: patient(20_000)});
  await page.locator("#queue").getByRole("link", {name: "unreachable.test"}).click();
  await row.getByRole("button", {name: "Remove"}).click();
  await page.click("#dialog_go");
  await page.waitForFunction(() => document.querySelectorAll("#page_body tbody tr").length === 0);
});

test("the keyboard alone leads from the first screen to a user's removal", async () => {
  await go(page, "#/");
  await page.evaluate(() => document.activeElement.blur());
  const tab_to = async (text, presses_max = 40 + 3 * nodes) => {
    for (let i = 0; i < presses_max; ++i) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.textContent.trim()) === text) return;
    }
    assert.fail(`no way to ${text} by the Tab key`);
  };
  await tab_to("Directory");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "page_title");
  await page.keyboard.press("Tab");
  await page.keyboard.type("doomed");
  await page.waitForFunction(() => document.querySelectorAll("#page_body tbody tr").length === 0);
  await tab_to("Add a user");
  await page.keyboard.press("Enter");
  await page.keyboard.type("doomed@example.test");
  await page.keyboard.press("Tab");
  await page.keyboard.type("correct horse battery");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog", {state: "hidden"});
  await page.waitForFunction(() => document.querySelectorAll("#page_body tbody tr").length === 1);
  await tab_to("doomed@example.test");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("page_title").textContent === "doomed@example.test" && document.querySelector("#page_actions button"));
  await tab_to("Remove");
  await page.keyboard.press("Enter");
  assert(await page.isDisabled("#dialog_go"), "it goes without the address typed");
  await page.keyboard.type("doomed@example.test");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash === "#/directory/users");
  await page.waitForFunction(() => !document.querySelector("#dialog").open && !document.getElementById("page_body").textContent.includes("doomed@"));
});

test("nodes can be searched, and each has its page", async () => {
  await go(page, "#/nodes");
  const rows = () => page.locator("#page_body tbody tr").count();
  assert.equal(await rows(), nodes);
  await page.getByRole("searchbox", {name: "Find a node"}).fill("node2");
  await page.waitForFunction(most => document.querySelectorAll("#page_body tbody tr").length < most, nodes);
  await page.getByRole("link", {name: "node2", exact: true}).click();
  await page.waitForFunction(() => document.getElementById("page_title").textContent.startsWith("node2"));
  assert.match(await page.textContent("#page_body"), new RegExp(node("node2").id));
});

test("a node in maintenance says so, until it is ended", async () => {
  await go(page, "#/nodes/node2");
  await page.getByRole("button", {name: "Maintenance"}).click();
  await page.fill("dialog input[name=minutes]", "5");
  await page.keyboard.press("Enter");
  await page.getByRole("button", {name: "End maintenance"}).click({timeout: patient(30_000)});
  await page.click("#dialog_go");
  await page.getByRole("button", {name: "Maintenance", exact: true}).waitFor({timeout: patient(30_000)});
  await go(page, "#/jobs");
  await page.waitForSelector("#page_body .jobs li");
}, {timeout: patient(90_000)});

test("a node that was killed is named within ten seconds, its slots say why, and all is well again when it is back", async () => {
  await go(page, "#/");
  const begun = Date.now();
  process.kill(node("node2").pid, "SIGKILL");
  await page.waitForFunction(() => document.getElementById("reasons").textContent.includes("node node2 is silent"), null, {timeout: 10_000});
  assert.notEqual(await page.textContent("#verdict_word"), "Healthy");
  console.log(`# seen after ${(Date.now() - begun) / 1000} s`);
  await page.locator("#changes li", {hasText: "Fell silent"}).filter({hasText: "node2"}).first().waitFor({timeout: patient(40_000)});
  await page.locator("#changes li", {hasText: "Was taken over"}).filter({hasText: /slots, by node/}).first().waitFor({timeout: patient(40_000)});
  await page.screenshot({path: pictures + "degraded.png", fullPage: true});
  await go(page, "#/slots/stuck/node2");
  await page.locator("#page_body tbody td", {hasText: "node2 is silent"}).first().waitFor();
  await page.screenshot({path: pictures + "stuck.png"});
  grid_tool("start-node", "node2");
  await page.waitForFunction(() => document.querySelectorAll("#page_body tbody tr").length === 0, null, {timeout: patient(120_000)});
  await go(page, "#/");
  await verdict("Healthy");
}, {timeout: patient(180_000)});

test("a node that stays dead: its copies are made anew elsewhere, which the first screen shows to its end", async () => {
  const whole = () => page.locator("#figures dt", {hasText: "Slots with all copies"}).locator("xpath=following-sibling::dd[1]").textContent();
  await go(page, "#/");
  const all = await whole();
  process.kill(node("node2").pid, "SIGKILL");
  await page.waitForFunction(() => document.getElementById("reasons").textContent.includes("copies in sync"), null, {timeout: 10_000});
  assert.notEqual(await whole(), all);
  await page.waitForFunction(() => !document.getElementById("reasons").textContent.includes("copies in sync"), null, {timeout: patient(120_000)});
  assert.match(await page.textContent("#reasons"), /node node2 is silent/);
  assert.equal(await whole(), all);
  grid_tool("start-node", "node2");
  await verdict("Healthy");
}, {timeout: patient(300_000)});

test("a node is drained by a click, and given its work back", async () => {
  await go(page, "#/nodes/node3");
  const primaries = wanted => page.waitForFunction(text => new RegExp(text).test(document.querySelector("#page_body .meter")?.ariaLabel ?? ""), wanted, {timeout: patient(60_000)});
  await page.getByRole("button", {name: "Drain"}).click();
  await page.click("#dialog_go");
  await primaries("^Primary of: 0 of");
  await page.getByRole("button", {name: "Undrain"}).click();
  await page.click("#dialog_go");
  await page.getByRole("button", {name: "Drain", exact: true}).waitFor({timeout: patient(30_000)});
}, {timeout: patient(120_000)});

test("a node's weight is asked for as it is now, not as it was when the page was opened", async () => {
  await go(page, "#/nodes/node3");
  const shown = page.locator("#page_body .figures > div", {hasText: "Weight"}).locator("dd"), begin = await shown.textContent();
  const ask = () => page.getByRole("button", {name: "Weight", exact: true}).click();
  for (const weight of ["110", begin]) {
    await ask();
    await page.fill("dialog input[name=weight]", weight);
    await page.click("#dialog_go");
    await page.waitForSelector("dialog", {state: "hidden"});
    await shown.filter({hasText: new RegExp(`^${weight}$`)}).waitFor({timeout: patient(30_000)});
    await ask();
    assert.equal(await page.inputValue("dialog input[name=weight]"), weight);
    await page.click("#dialog_cancel");
  }
}, {timeout: patient(120_000)});

test("where a node stands is asked for as it is now, and told", async () => {
  await go(page, "#/nodes/node3");
  const shown = page.locator("#page_body .figures > div", {hasText: "Zone"}).locator("dd"), begin = await shown.textContent();
  const ask = () => page.getByRole("button", {name: "Zone", exact: true}).click();
  for (const zone of ["cellar", begin]) {
    await ask();
    await page.fill("dialog input[name=zone]", zone);
    await page.click("#dialog_go");
    await page.waitForSelector("dialog", {state: "hidden"});
    await shown.filter({hasText: new RegExp(`^${zone}$`)}).waitFor({timeout: patient(30_000)});
    await ask();
    assert.equal(await page.inputValue("dialog input[name=zone]"), zone);
    await page.click("#dialog_cancel");
  }
}, {timeout: patient(120_000)});

test("what happened to nodes is told, with who took over", async () => {
  await go(page, "#/events");
  const row = what => page.locator("#page_body tbody tr", {hasText: what});
  await row("Came back").filter({hasText: "node2"}).first().waitFor({timeout: patient(30_000)});
  assert.match(await row("Was taken over").filter({hasText: "node2"}).first().textContent(), /\d slots, by node/);
  assert.match(await row("Handed over").filter({hasText: "node3"}).first().textContent(), /\d slots, to node/);
  await page.getByRole("link", {name: "Who changed what"}).click();
  await page.locator("#page_body tbody tr", {hasText: "node drain"}).first().waitFor();
});

test("statistics: the sums, then a domain, a protocol and a user, and the rows as a file", async () => {
  await go(page, "#/statistics");
  const sum = name => page.locator("#page_body .figures > div", {hasText: name}).locator("dd");
  await page.waitForFunction(() => [...document.querySelectorAll("#page_body .figures dd")].some(one => /[1-9]/.test(one.textContent)), null, {timeout: patient(60_000)});
  assert.match(await sum("Log-ins").textContent(), /[1-9]/);
  assert.equal(await page.locator("#page_body figure").count(), 2);
  await page.locator("#page_body summary").click();
  assert.equal(await page.locator("#page_body table").first().locator("tbody tr").count(), 30);
  const file = page.waitForEvent("download");
  await page.getByRole("button", {name: "CSV of users"}).click();
  const text = readFileSync(await (await file).path(), "utf8");
  assert(text.startsWith("day,user,protocol,log_ins") && text.includes(user.address), text.slice(0, 300));
  await page.locator("#page_body").getByRole("link", {name: "HTTP API"}).click();
  await page.waitForFunction(() => document.getElementById("page_lead").textContent.includes("by HTTP API"));
  await go(page, "#/statistics");
  await page.locator("#page_body").getByRole("link", {name: "example.test"}).click();
  await page.waitForFunction(() => document.getElementById("page_title").textContent === "example.test" && document.querySelector("#page_body tbody a"));
  await page.getByRole("searchbox", {name: "Of this domain or address"}).fill(user.address);
  await page.getByLabel("Protocol", {exact: true}).selectOption("imap");
  await page.getByRole("button", {name: "Show"}).click();
  await page.waitForFunction(wanted => document.getElementById("page_title").textContent === wanted && document.querySelector("#page_body tbody a"), user.address);
  assert.match(await sum("Log-ins").textContent(), /[1-9]/);
}, {timeout: patient(120_000)});

const unavailable = {status: 503, contentType: "application/problem+json", body: JSON.stringify({code: "unavailable", detail: "not now"})};

test("a page that could not be filled is tried again", async () => {
  const other = await open({});
  await log_in(other);
  let asked = 0;
  await other.route("**/api/v1/audit*", route => asked++ === 0 ? route.fulfill(unavailable) : route.continue());
  await go(other, "#/audit");
  await other.getByText("not now").waitFor();
  await other.waitForSelector("#page_body table", {timeout: patient(20_000)});
  await other.context().close();
});

test("a node that cannot answer at first is asked again, and then heard as always", async () => {
  const other = await open();
  let asked = 0, sought = 0;
  await other.route("**/api/v1/status", route => asked++ === 0 ? route.fulfill(unavailable) : route.continue());
  const heard = other.waitForRequest(request => request.url().endsWith("/api/v1/events"));
  await log_in(other);
  await heard;
  assert(asked > 1, "the first answer was shown");
  await other.route("**/api/v1/session", route => sought++ === 0 ? route.abort() : route.continue());
  await other.reload();
  await other.locator("#live", {hasText: "does not answer"}).waitFor();
  assert(await other.isHidden("#login"), "who has a session is asked to log in");
  await other.waitForSelector("#content:not([hidden])");
  await other.locator("#live", {hasText: "live from"}).waitFor();
  assert.deepEqual(other.errors, []);
  await other.context().close();
});

test("what takes a node half its time is waited for", async () => {
  const other = await open();
  await other.route("**/api/v1/session", async route => {
    if (route.request().method() === "POST") await new Promise(done => setTimeout(done, 21_000));
    await route.continue();
  });
  await log_in(other);
  await other.context().close();
}, {timeout: patient(90_000)});

test("charts of a day, and the same figures as a table", async () => {
  await go(page, "#/");
  await page.getByRole("radio", {name: "day"}).check();
  await page.waitForFunction(() => document.getElementById("flow_window").textContent === "day");
  await page.getByRole("radio", {name: "hour"}).check();
  await page.locator("#flow_details summary").click();
  await page.waitForFunction(() => document.querySelectorAll("#flow_table tbody tr").length > 3);
});

const shown = {
  overview: "#/", nodes: "#/nodes", node: "#/nodes/node1", slots: "#/slots/all", queue: "#/queue", trace: "#/trace/" + encodeURIComponent(user.address),
  users: "#/directory/users", domains: "#/directory/domains", aliases: "#/directory/aliases", user: "#/users/" + encodeURIComponent(user.address), jobs: "#/jobs", audit: "#/audit",
  events: "#/events", statistics: "#/statistics",
};
for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 820, 1440]) {
    test(`readable by all: ${colorScheme}, ${width} wide`, async () => {
      const other = await open({colorScheme, viewport: {width, height: 900}, bypassCSP: true, reducedMotion: "reduce"});
      await log_in(other);
      await other.waitForSelector("#flow figure", {timeout: patient(40_000)});
      await other.addScriptTag({content: axe});
      for (const [name, hash] of Object.entries(shown)) {
        await go(other, hash);
        const violations = await other.evaluate(async () => (await window.axe.run()).violations.map(v => `${v.id}: ${v.nodes.map(n => n.target.join(" "))}`));
        assert.deepEqual(violations, [], name);
        assert.equal(await other.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, name + " scrolls sideways");
        await other.screenshot({path: `${pictures}${name}-${colorScheme}-${width}.png`, fullPage: name !== "slots"});
      }
      await other.click("#logout");
      await log_in(other, as_user);
      await other.waitForSelector("#page_body table");
      assert.deepEqual(await other.evaluate(async () => (await window.axe.run()).violations.map(v => v.id)), []);
      await other.screenshot({path: `${pictures}own-${colorScheme}-${width}.png`, fullPage: true});
      await other.click("#logout");
      await log_in(other);
      if (width === 1440) {
        await go(other, "#/");
        assert((await other.locator("#nodes").boundingBox()).height < 900 || nodes > 15, "fifteen nodes do not fit one screen");
      }
      assert.deepEqual(other.errors, []);
      await other.context().close();
    }, {timeout: patient(120_000)});
  }
}

test("nothing went wrong in the page meanwhile, and after logging out nothing is shown", async () => {
  assert.deepEqual(page.errors, []);
  await page.click("#logout");
  assert(await page.isHidden("#content"));
  assert(await page.isVisible("#login"));
});
