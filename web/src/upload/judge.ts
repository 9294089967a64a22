// What a failed request of an upload means for what is done next.

/**
 * down: the server does not answer, wait for it; signed_out; csrf: the token is an old one; again: the server has
 * another idea of how far it is, ask it; gone: this upload is not known any more, declare the file anew; wait: too
 * many at once; full: no room; refused: it will never be taken.
 */
export type Verdict = "down" | "signed_out" | "csrf" | "again" | "gone" | "wait" | "full" | "refused";

const BY_STATUS: Record<number, Verdict> = {
  0: "down", 400: "refused", 401: "signed_out", 403: "csrf", 404: "gone", 408: "down", 409: "again", 410: "gone", 412: "again",
  413: "refused", 415: "refused", 422: "refused", 423: "wait", 429: "wait", 460: "again", 502: "down", 503: "down", 504: "down",
  507: "full",
};

export function judge(status: number): Verdict {
  return BY_STATUS[status] ?? "again";
}

/** What no file of this upload can get past, and every one of them waits for. */
export function stopsAll(verdict: Verdict): verdict is "down" | "signed_out" | "full" {
  return verdict === "down" || verdict === "signed_out" || verdict === "full";
}

/** Milliseconds before the next try of one file, with a little chance so that many do not come at once. */
export function backOff(tries: number, chance: number): number {
  return Math.min(30_000, 500 * 2 ** Math.min(tries, 10)) * (0.75 + chance / 2);
}
