import { t } from "../i18n";
import { Empty } from "../ui/Note";
import { Head } from "./parts";

export function NotFoundPage() {
  return (
    <>
      <Head title={t("not_found")} />
      <Empty title={t("not_found_title")} text={t("not_found_text")}>
        <a class="button primary" href="/flights">{t("to_flights")}</a>
      </Empty>
    </>
  );
}
