// The HTTP API of the node that served this page. The password stays in this page's memory only.
let authorization = null;

/** The node does not let us in: wrong password, or the account is gone. */
export class Refused extends Error {}

export function logIn(user, password) {
  const bytes = new TextEncoder().encode(user + ":" + password);
  authorization = "Basic " + btoa(String.fromCharCode(...bytes));
}

export function forget() { authorization = null; }

/**
 * Server-sent events as they come: tell(name, document) for each, until the connection ends. Read by fetch, since
 * EventSource cannot say who asks.
 */
export async function events(path, tell, signal) {
  const answer = await fetch("/api/v1" + path, {credentials: "omit", signal, headers: {Authorization: authorization}});
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
    method, credentials: "omit", signal: AbortSignal.timeout(20000),
    headers: {Authorization: authorization, ...(body ? {"Content-Type": "application/json"} : {})},
    body: body ? JSON.stringify(body) : undefined,
  });
  const document = await answer.json();
  if (answer.status === 401 || answer.status === 403) throw new Refused(document.detail ?? "not allowed");
  if (!answer.ok) throw new Error(document.detail ?? answer.statusText);
  return {document, next: answer.headers.get("Link")?.match(/<\/api\/v1([^>]*)>; rel="next"/)?.[1] ?? null};
}

/** The JSON answer. Throws Refused, or an Error with the problem document's detail (RFC 9457). */
export const api = async (method, path, body) => (await answerTo(method, path, body)).document;

/** Rows of a list, and the path of those that follow, if any. */
export async function pageOf(path) {
  const {document, next} = await answerTo("GET", path);
  return {rows: document, next};
}
