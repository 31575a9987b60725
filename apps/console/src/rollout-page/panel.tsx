import type { ComponentChildren } from "preact";

type PanelProps = {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
};

/** A titled part of the page, reachable as a landmark. */
export function Panel({ id, title, note = "", class: extra = "", children }: PanelProps) {
  return (
    <section class={`panel ${extra}`} aria-labelledby={`${id}-title`}>
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {note !== "" && <p class="panel-note">{note}</p>}
      </div>
      {children}
    </section>
  );
}
