import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { toastError } from "./Toast";

type Kind = "primary" | "danger" | "quiet" | "";

export interface ButtonProps {
  children: ComponentChildren;
  kind?: Kind;
  little?: boolean;
  type?: "button" | "submit";
  disabled?: boolean;
  busy?: boolean;
  label?: string;
  title?: string;
  /** While what it returns is pending the button waits; what it throws is shown. */
  onClick?: () => unknown;
}

export function Button({ children, kind = "", little, type = "button", disabled, busy, label, title, onClick }: ButtonProps) {
  const [waiting, setWaiting] = useState(false);
  const idle = !(waiting || busy);
  async function act(): Promise<void> {
    setWaiting(true);
    try {
      await onClick?.();
    } catch (why) {
      toastError(why);
    } finally {
      setWaiting(false);
    }
  }
  return (
    <button
      type={type}
      class={`button ${kind} ${little ? "little" : ""}`}
      disabled={Boolean(disabled) || !idle}
      aria-busy={!idle}
      aria-label={label}
      title={title}
      onClick={onClick ? () => void act() : undefined}
    >
      {children}
    </button>
  );
}
