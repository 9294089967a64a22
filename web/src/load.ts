// What a page asks the server for when it is shown.

import { useCallback, useEffect, useState } from "preact/hooks";
import { get } from "./api";

export interface Loaded<T> {
  data: T | null;
  error: unknown;
  reload: () => void;
}

/** The answer to GET `url`; asked again by `reload` and whenever the address changes. Old answers never win. */
export function useLoad<T>(url: string): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    get<T>(url, stop.signal).then(
      (answer) => {
        if (stop.signal.aborted) return;
        setData(answer);
        setError(null);
      },
      (why: unknown) => {
        if (!stop.signal.aborted) setError(why);
      },
    );
    return () => stop.abort();
  }, [url, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { data, error, reload };
}

/** Call `act` every `ms` milliseconds while the page is in view. */
export function useEvery(ms: number | null, act: () => void): void {
  useEffect(() => {
    if (ms === null) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") act();
    }, ms);
    return () => clearInterval(timer);
  }, [ms, act]);
}
