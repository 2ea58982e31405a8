// The HTTP API of the node that served this page. The password stays in this page's memory only.
let authorization = null;

/** The node does not let us in: wrong password, or the account is gone. */
export class Refused extends Error {}

export function logIn(user, password) {
  const bytes = new TextEncoder().encode(user + ":" + password);
  authorization = "Basic " + btoa(String.fromCharCode(...bytes));
}

export function forget() { authorization = null; }

/** The JSON answer. Throws Refused, or an Error with the problem document's detail (RFC 9457). */
export async function api(method, path, body) {
  const answer = await fetch("/api/v1" + path, {
    method, credentials: "omit", signal: AbortSignal.timeout(20000),
    headers: {Authorization: authorization, ...(body ? {"Content-Type": "application/json"} : {})},
    body: body ? JSON.stringify(body) : undefined,
  });
  const document = await answer.json();
  if (answer.status === 401 || answer.status === 403) throw new Refused(document.detail ?? "not allowed");
  if (!answer.ok) throw new Error(document.detail ?? answer.statusText);
  return document;
}
