// Something a person sets off: one at a time, with what went wrong kept to be shown beside it.

import { useState } from "preact/hooks";

export interface Action {
  busy: boolean;
  error: unknown;
  run: (act: () => Promise<unknown>) => Promise<void>;
  clear: () => void;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  async function run(act: () => Promise<unknown>): Promise<void> {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await act();
    } catch (why) {
      setError(why);
    } finally {
      setBusy(false);
    }
  }
  return { busy, error, run, clear: () => setError(null) };
}
