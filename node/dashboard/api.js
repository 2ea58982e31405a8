// The HTTP API of the node that served this page. Who has logged in is known by a cookie that no script can read;
// changes carry the session's token beside it.
let csrf = "";
/** Who has logged in, by which role, and what that role may change: "POST /nodes/{node}/drain". */
export const self = {account: "", role: "", may: new Set()};

/** The node does not let us in: wrong password, or the account is gone. */
export class Refused extends Error {}
/** Whether the same may well be answered a little later: nothing came, or that the node cannot do it now. */
export const passes = error => !(error instanceof Refused) && !(error.status < 500 && error.status !== 429);

/** What a node waits for, it waits for 40 s at most: who gives up earlier is told of no outcome. */
const answer_ms = 45000;

const headers = body => ({"X-Requested-With": "dashboard", "X-CSRF-Token": csrf, ...(body ? {"Content-Type": "application/json"} : {})});

export async function logIn(user, password) {
  csrf = "";
  know(await api("POST", "/session", {user, password}));
}

function know(session) {
  csrf = session.csrf ?? "";
  Object.assign(self, {account: session.account, role: session.role, may: new Set(session.may.map(change => change.replace("/api/v1", "")))});
}

/** Where the page does not only show its user: the user's own address has more to it. */
export const may = change => self.may.has(change);

/** Goes on with the session of an earlier page, if there is one, and still is wanted. Throws Refused where there is none. */
export async function resume(is_wanted) {
  const session = await api("GET", "/session");
  if (is_wanted()) know(session);
}

export function forget() {
  if (csrf) api("DELETE", "/session").catch(() => {});  // it may be over already
  csrf = "";
  Object.assign(self, {account: "", role: "", may: new Set()});
}

/**
 * Server-sent events as they come: tell(name, document) for each, until the connection ends. Read by fetch, since
 * EventSource cannot say who asks.
 */
export async function events(path, tell, signal) {
  const answer = await fetch("/api/v1" + path, {credentials: "same-origin", signal, headers: headers()});
  if (answer.status === 401 || answer.status === 403) throw new Refused("not allowed");
  if (!answer.ok || !answer.body) throw new Error(answer.statusText);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return;
    const pieces = (text + value).split("\n\n");
    text = pieces.pop();
    for (const piece of pieces) {
      const fields = Object.fromEntries(piece.split("\n").map(line => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      tell(fields.event ?? "", fields.data ? JSON.parse(fields.data) : null);
    }
  }
}

async function answerTo(method, path, body) {
  const answer = await fetch("/api/v1" + path, {
    method, credentials: "same-origin", signal: AbortSignal.timeout(answer_ms), headers: headers(body),
    body: body ? JSON.stringify(body) : undefined,
  });
  const document = await answer.json();
  // What a role may not change is no reason to log out.
  const lacks = answer.status === 403 && method !== "GET" && document.code === "forbidden";
  if (!lacks && (answer.status === 401 || answer.status === 403)) throw new Refused(document.detail ?? "not allowed");
  if (!answer.ok) throw Object.assign(new Error(document.detail ?? answer.statusText), {status: answer.status});
  return {document, next: nextOf(answer), silent: answer.headers.get("Silent-Nodes")?.split(", ") ?? []};
}
const nextOf = answer => answer.headers.get("Link")?.match(/<\/api\/v1([^>]*)>; rel="next"/)?.[1] ?? null;

/** The JSON answer. Throws Refused, or an Error with the problem document's detail (RFC 9457). */
export const api = async (method, path, body) => (await answerTo(method, path, body)).document;

/** Rows of a list, the path of those that follow, if any, and the nodes whose part is missing. */
export async function pageOf(path) {
  const {document, next, silent} = await answerTo("GET", path);
  return {rows: document, next, silent};
}

/** All pages of a list as one file. */
export async function csvOf(path) {
  const parts = [];
  for (let next = path; next; ) {
    const answer = await fetch("/api/v1" + next, {credentials: "same-origin", headers: {...headers(), Accept: "text/csv"}});
    if (!answer.ok) throw new Error((await answer.json()).detail ?? answer.statusText);
    const text = await answer.text();
    parts.push(parts.length ? text.slice(text.indexOf("\n") + 1) : text);
    next = nextOf(answer);
  }
  return new Blob(parts, {type: "text/csv"});
}
