interface ProgressProps {
  done: number;
  total: number;
  label: string;
  good?: boolean;
}

/** A bar; without a total it only says that something goes on. */
export function Progress({ done, total, label, good }: ProgressProps) {
  const value = total > 0 ? Math.min(1, done / total) : undefined;
  return <progress class={`progress ${good ? "good" : ""}`} value={value} max={1} aria-label={label} />;
}
