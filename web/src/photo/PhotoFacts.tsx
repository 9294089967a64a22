import { round } from "../format";
import { t } from "../i18n";
import { photos } from "../run/state";
import { Time } from "../ui/Time";
import { originalUrl } from "./calls";
import { CopyButton } from "./CopyButton";
import type { PhotoDetail } from "./types";

/** What is known of a photo: when, which file, and where the camera was. */
export function PhotoFacts({ photo }: { photo: PhotoDetail }) {
  const listed = photos.value.find((each) => each.k === photo.k);
  return (
    <details class="photo-facts" open>
      <summary>{t("photo_facts")}</summary>
      {listed && !listed.searched ? <p class="note warn small">{t("photo_not_searched", { why: listed.reason || "–" })}</p> : null}
      <dl class="facts small">
        <dt>{t("photo_file")}</dt><dd class="wrap">{photo.source === photo.frame_id ? photo.source : `${photo.source} · ${photo.frame_id}`}</dd>
        <dt>{t("photo_time")}</dt><dd><Time at={photo.t} twoLines /></dd>
        <dt>{t("photo_size")}</dt><dd class="number">{photo.width_px} × {photo.height_px}</dd>
        {photo.sha256 ? <><dt>SHA-256</dt><dd class="mono">{photo.sha256.slice(0, 12)}… <CopyButton text={photo.sha256} what="SHA-256" /></dd></> : null}
        <Pose pose={photo.pose} />
      </dl>
      <a class="small" href={originalUrl(photo.k)} download>{t("photo_original")}</a>
    </details>
  );
}

function Pose({ pose }: { pose: PhotoDetail["pose"] }) {
  if (!pose) return <><dt>{t("photo_camera_looks")}</dt><dd>{t("photo_no_pose")}</dd></>;
  const number = (key: string): number | null => (typeof pose[key] === "number" ? pose[key] : null);
  const [lat, lon, alt] = [number("lat_deg"), number("lon_deg"), number("alt_m")];
  const [yaw, pitch, roll] = [number("yaw_deg"), number("pitch_deg"), number("roll_deg")];
  return (
    <>
      {lat !== null && lon !== null ? <><dt>{t("photo_camera_at")}</dt><dd class="number">{round(lat, 7)}, {round(lon, 7)}</dd></> : null}
      {alt !== null ? <><dt>{t("photo_camera_height")}</dt><dd class="number">{round(alt, 1)} m</dd></> : null}
      {yaw !== null && pitch !== null && roll !== null ? (
        <>
          <dt>{t("photo_camera_looks")}</dt>
          <dd class="number">{t("photo_camera_angles", { yaw: round(yaw, 1), pitch: round(pitch, 1), roll: round(roll, 1) })}</dd>
        </>
      ) : null}
      <Sources of={pose["sources"]} />
    </>
  );
}

function Sources({ of }: { of: unknown }) {
  if (typeof of !== "object" || of === null) return null;
  const said = [...new Set(Object.values(of).filter((each): each is string => typeof each === "string"))];
  return said.length ? <><dt>{t("photo_pose_from")}</dt><dd class="wrap">{said.join("；")}</dd></> : null;
}
