// What lies on the map, with what its signs mean.
import type { ComponentChildren } from "preact";

import { t } from "../i18n";
import type { Word } from "../words";
import { online, onlineShown, hiddenLayers, ownLayers, toggleOwn, type Online } from "./map/basemap";
import { layersOn, toggleLayer } from "./map/choices";
import { footprints, photos } from "./state";
import type { Shown } from "./map/style";

const ORDER: readonly Shown[] = ["photos", "unlooked", "searched", "track", "cameras", "ellipses", "labels", "grid"];

export function LayerList() {
  return (
    <div class="stack tight panel-page">
      <h2>{t("map_layers_survey")}</h2>
      <div class="layer-list">
        {ORDER.map((name) => (
          <Check key={name} on={layersOn.value[name]} onChange={() => toggleLayer(name)} swatch={name} count={count(name)}>
            {t(`map_layer_${name}` as Word)}
          </Check>
        ))}
      </div>
      <p class="small soft">{t("map_legend_unlooked")}</p>
      <p class="small soft">{t("map_legend_shapes")}</p>
      <h2>{t("map_layers_base")}</h2>
      <OnlineMaps />
      <div class="layer-list">
        {ownLayers.value.map((layer) => (
          <Check key={layer.id} on={!hiddenLayers.value.has(layer.id)} onChange={() => toggleOwn(layer.id)} swatch="own">{layer.name}</Check>
        ))}
      </div>
      {ownLayers.value.length === 0 && online.value === null ? <p class="small soft">{t("map_no_base")}</p> : null}
    </div>
  );
}

function count(name: Shown): number | null {
  if (name === "searched") return footprints.value.filter((each) => each.properties.searched).length;
  return name === "cameras" ? photos.value.filter((each) => each.at !== null).length : null;
}

interface CheckProps {
  on: boolean;
  onChange: () => void;
  swatch: string;
  count?: number | null;
  children: ComponentChildren;
}

function Check({ on, onChange, swatch, count: number = null, children }: CheckProps) {
  return (
    <label>
      <input type="checkbox" checked={on} onChange={onChange} />
      <i class={`swatch ${swatch}`} />
      <span class="grow">{children}</span>
      {number === null ? null : <span class="number small soft">{number}</span>}
    </label>
  );
}

const ONLINE: Record<Online, Word> = { off: "map_basemap_off", xyz: "map_basemap_online", vec: "map_basemap_vec", img: "map_basemap_img" };

function OnlineMaps() {
  if (online.value === null) return null;
  const choices: Online[] = online.value.kind === "tianditu" ? ["img", "vec", "off"] : ["xyz", "off"];
  return (
    <div class="layer-list" role="radiogroup" aria-label={t("map_basemap_online")}>
      {choices.map((each) => (
        <label key={each}>
          <input type="radio" name="online-map" checked={onlineShown.value === each} onChange={() => { onlineShown.value = each; }} />
          <span class="grow">{t(ONLINE[each])}</span>
        </label>
      ))}
    </div>
  );
}
