// The upload of a layer: one file, declared with the layer itself.

import { signal } from "@preact/signals";
import { ApiError, get, post, remove } from "../api";
import type { Layer, LayerKind, StoredFile } from "../types";
import type { Place } from "./places";
import { register } from "./uploads";
import { Upload } from "./upload";

export interface NewLayer {
  name: string;
  kind: LayerKind;
}

/** The one that goes on at this moment, whatever page is shown. */
export const layerUpload = signal<Upload | null>(null);

async function fileOf(id: string): Promise<StoredFile> {
  const { layers } = await get<{ layers: Layer[] }>("/api/layers");
  const file = layers.find((layer) => layer.id === id)?.file;
  if (!file) throw new ApiError(404, "not_found", "there is no such layer");
  return file;
}

/** `begun`: the id of a layer whose upload was broken off. */
function placeOfLayer(layer: NewLayer, begun: string | null): Place {
  let id = begun;
  return {
    declare: async ([told]) => {
      if (!told) return [];
      if (id === null) {
        const made = await post<Layer>("/api/layers", { ...layer, ...told });
        id = made.id;
        return made.file ? [made.file] : [];
      }
      const file = await fileOf(id);
      return [file.sha256 === told.sha256 ? file : { ...file, state: "refused", reason: "layer_other_file" }];
    },
    look: async () => (id === null ? [] : [await fileOf(id)]),
    forget: async () => (id === null ? undefined : remove(`/api/layers/${id}`)),
  };
}

/** Send a file as a layer, or go on with one. */
export function uploadLayer(layer: NewLayer, file: File, begun: string | null): Upload {
  const upload = new Upload(placeOfLayer(layer, begun));
  upload.add([{ path: file.name, size: file.size, file }]);
  layerUpload.value = upload;
  register("/layers", upload);
  return upload;
}
