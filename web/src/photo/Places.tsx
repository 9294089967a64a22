import { round } from "../format";
import { t } from "../i18n";
import { CopyButton } from "./CopyButton";
import { askGcj02, gcj02Asked } from "./detail";
import type { Places as HitPlaces } from "./types";

/** Where a hit is, in the systems that people ask for. */
export function Places({ places }: { places: HitPlaces }) {
  const { wgs84, cgcs2000, gcj02 } = places;
  const decimal = `${round(wgs84.lat, 7)}, ${round(wgs84.lon, 7)}`;
  return (
    <dl class="facts">
      <Fact name={t("wgs84")} text={decimal} note={t("photo_lat_lon")} />
      <Fact name={t("dms")} text={wgs84.dms} />
      {wgs84.alt_m === null ? null : <Fact name={t("height")} text={`${round(wgs84.alt_m, 1)} m`} />}
      {cgcs2000 ? (
        <Fact
          name={t("cgcs2000")} note={t("photo_zone", { zone: cgcs2000.zone, meridian: cgcs2000.meridian_deg })}
          text={`X ${round(cgcs2000.x_north_m, 2)}  Y ${round(cgcs2000.y_east_m, 2)}`}
        />
      ) : null}
      <dt>GCJ-02</dt>
      <dd>
        {gcj02 ? (
          <>
            <Value text={`${round(gcj02.lat, 6)}, ${round(gcj02.lon, 6)}`} name="GCJ-02" /> <strong class="display-only">{t("display_only")}</strong>
          </>
        ) : (
          <button type="button" class="button little" disabled={gcj02Asked.value} onClick={() => void askGcj02()}>{t("photo_show_gcj02")}</button>
        )}
      </dd>
    </dl>
  );
}

function Value({ text, name }: { text: string; name: string }) {
  return <><span class="number wrap">{text}</span> <CopyButton text={text} what={name} /></>;
}

interface FactProps {
  name: string;
  text: string;
  note?: string;
}

function Fact({ name, text, note }: FactProps) {
  return (
    <>
      <dt>{name}</dt>
      <dd><Value text={text} name={name} />{note ? <span class="soft small note-line">{note}</span> : null}</dd>
    </>
  );
}
