// A button with a small panel below it that closes when one looks away.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface MenuProps {
  label: string;
  children: ComponentChildren;
}

export function Menu({ label, children }: MenuProps) {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const shut = (event: Event): void => {
      const menu = box.current;
      if (menu?.open && !(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
    };
    document.addEventListener("pointerdown", shut);
    document.addEventListener("focusin", shut);
    return () => {
      document.removeEventListener("pointerdown", shut);
      document.removeEventListener("focusin", shut);
    };
  }, []);
  return (
    <details ref={box} class="menu" onKeyDown={closeByKey}>
      <summary class="button little">{label}</summary>
      <div class="menu-body">{children}</div>
    </details>
  );
}

function closeByKey(event: KeyboardEvent & { currentTarget: HTMLDetailsElement }): void {
  if (event.key !== "Escape" || !event.currentTarget.open) return;
  event.stopPropagation();
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary")?.focus();
}
