import { localTime, utcTime, zoneName } from "../format";

interface TimeProps {
  at: string | null | undefined;
  /** UTC in a second line instead of the title only. */
  twoLines?: boolean;
}

/** A moment in the zone of the reader, with UTC beside it. */
export function Time({ at, twoLines }: TimeProps) {
  if (!at) return <span class="soft">–</span>;
  const utc = utcTime(at);
  return (
    <time dateTime={at} title={`${zoneName(at)} · ${utc}`} class="number">
      {localTime(at)} <span class="soft small">{zoneName(at)}</span>
      {twoLines ? <span class="soft small"><br />{utc}</span> : null}
    </time>
  );
}
