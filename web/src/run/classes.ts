// How a class of pollution looks and is called; the server's colours once they are known, the same ones until then.
import { classWord, lang } from "../i18n";
import { survey } from "./state";

const BY_ROOT: Record<string, string> = {
  outfall: "#d55e00",
  dust: "#e69f00",
  smoke: "#7b5ea7",
  "burn-scar": "#8c2d04",
  marker: "#0072b2",
};

export function classColour(label: string): string {
  return survey.peek()?.classes[label]?.colour ?? BY_ROOT[label.split("/")[0] ?? ""] ?? "#3d7f6b";
}

export function className(label: string): string {
  return survey.value?.classes[label]?.[lang.value] ?? classWord(label);
}
