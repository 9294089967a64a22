// Text to the clipboard, also on an intranet without https, where the browser's own way is closed.

export async function copyText(text: string): Promise<boolean> {
  try {
    if (!navigator.clipboard) return copyBySelection(text);
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  const before = document.activeElement;
  const place = before?.closest("dialog") ?? document.body; // what is outside of an open dialog cannot be selected
  field.value = text;
  field.readOnly = true;
  field.className = "only-heard";
  place.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}
