// Every key of the page, those of the verdicts among them.
import { t } from "../i18n";
import { REVIEW_KEYS, VIEWER_KEYS, type KeyLine } from "../photo/help";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import type { Word } from "../words";
import { keysShown } from "./keys";

const MAP_KEYS: readonly KeyLine[] = [
  [["J", "K"], "map_key_next"],
  [["Enter", "O"], "map_key_photo"],
  [["/"], "map_key_search"],
  [["Esc"], "map_key_escape"],
  [["0"], "map_key_fit"],
  [["+", "−"], "map_key_zoom"],
  [["←", "↑", "→", "↓"], "map_key_pan"],
  [["Enter"], "map_key_centre"],
  [["["], "map_key_panel"],
  [["?"], "map_key_help"],
];

export function KeysHelp() {
  if (!keysShown.value) return null;
  const close = (): void => { keysShown.value = false; };
  return (
    <Dialog title={t("map_keys_title")} onClose={close}>
      <div class="keys-columns">
        <Keys title="map_keys_page" lines={MAP_KEYS} />
        <Keys title="photo_keys_review" lines={REVIEW_KEYS} />
        <Keys title="photo_keys_viewer" lines={VIEWER_KEYS} />
      </div>
      <div class="actions"><Button onClick={close}>{t("close")}</Button></div>
    </Dialog>
  );
}

function Keys({ title, lines }: { title: Word; lines: readonly KeyLine[] }) {
  return (
    <section>
      <h3>{t(title)}</h3>
      <dl class="keys-help">
        {lines.map(([keys, word]) => (
          <div key={word}><dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt><dd>{t(word)}</dd></div>
        ))}
      </dl>
    </section>
  );
}
