// How the page talks to the server: JSON both ways, the CSRF token where something changes, errors as one type.

import { problem } from "./i18n";

/** An answer that is not what was asked for; `status` 0 means that no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;

  constructor(status: number, code: string, message: string, detail: unknown = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** The sentence a person reads about `why`, in the language of the page. */
export function sentence(why: unknown): string {
  if (why instanceof ApiError) return problem(why.code, why.message, values(why.detail));
  return why instanceof Error ? why.message : String(why);
}

function values(detail: unknown): Record<string, string | number> {
  if (typeof detail === "number" || typeof detail === "string") return { detail };
  if (Array.isArray(detail)) return { detail: detail.join(", ") };
  return {};
}

let csrf = "";
let onSignedOut: () => void = () => undefined;

export function setCsrf(token: string): void {
  csrf = token;
}

export function csrfHeaders(): Record<string, string> {
  return csrf ? { "X-CSRF-Token": csrf } : {};
}

/** What happens when the server says that the session is over. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

async function failure(answer: Response, path: string): Promise<ApiError> {
  const body: { code?: string; message?: string; detail?: unknown } = await answer.json().catch(() => ({}));
  if (answer.status === 401 && path.startsWith("/api")) onSignedOut();
  const gateway = answer.status >= 502 && answer.status <= 504;
  const code = body.code ?? (gateway ? "unreachable" : "unexpected");
  return new ApiError(answer.status, code, body.message ?? `${answer.status} ${answer.statusText}`, body.detail ?? null);
}

async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") Object.assign(headers, csrfHeaders(), { "Content-Type": "application/json" });
  let answer: Response;
  try {
    const sent = method === "GET" ? null : JSON.stringify(body ?? {});
    answer = await fetch(path, { method, headers, body: sent, credentials: "same-origin", signal: signal ?? null });
  } catch (why) {
    if (why instanceof DOMException && why.name === "AbortError") throw why;
    throw new ApiError(0, "unreachable", "the server cannot be reached");
  }
  if (!answer.ok) throw await failure(answer, path);
  return answer;
}

async function json<T>(answer: Promise<Response>): Promise<T> {
  const given = await answer;
  return (given.status === 204 ? undefined : await given.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => json<T>(ask("GET", path, undefined, signal));
export const post = <T>(path: string, body?: unknown): Promise<T> => json<T>(ask("POST", path, body));
export const put = <T>(path: string, body: unknown): Promise<T> => json<T>(ask("PUT", path, body));
export const patch = <T>(path: string, body: unknown): Promise<T> => json<T>(ask("PATCH", path, body));
export const remove = <T = void>(path: string): Promise<T> => json<T>(ask("DELETE", path));
export const text = async (path: string, signal?: AbortSignal): Promise<string> => (await ask("GET", path, undefined, signal)).text();
