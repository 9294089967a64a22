import type { ComponentChildren } from "preact";
import { sentence } from "../api";

type Tone = "" | "good" | "warn" | "bad";

export function Note({ tone = "", children }: { tone?: Tone; children: ComponentChildren }) {
  return <div class={`note ${tone}`} role={tone === "bad" ? "alert" : "status"}>{children}</div>;
}

/** What went wrong, as a sentence. */
export function Failure({ why }: { why: unknown }) {
  return why ? <Note tone="bad">{sentence(why)}</Note> : null;
}

interface EmptyProps {
  title: string;
  text?: string;
  children?: ComponentChildren;
}

/** Nothing here yet, and what to do about it. */
export function Empty({ title, text, children }: EmptyProps) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {text ? <p>{text}</p> : null}
      {children ? <div class="row">{children}</div> : null}
    </div>
  );
}

export function Badge({ tone = "", children }: { tone?: Tone | "busy"; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}
