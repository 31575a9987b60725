const PATHS = {
  pass: "M3.5 8.5l3 3 6-7",
  fail: "M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6",
  inconclusive: "M8 4.5V8l2.3 1.5M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z",
  invalid: "M3.7 12.3l8.6-8.6M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z",
  back: "M6.5 3.5L3 7l3.5 3.5M3 7h6.5a3.5 3.5 0 0 1 0 7H8",
  forward: "M8 13V3.5M4 7.2L8 3.2l4 4",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  resume: "M5 3.2v9.6l7.5-4.8z",
  stop: "M4 4h8v8H4z",
  info: "M8 7.2v4M8 4.7v.1M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8z",
  warning: "M8 6v3.5M8 11.6v.1M8 2l6.5 11.5h-13z",
  escalated: "M3 13c0-2.6 2-4.2 4.5-4.2M7.5 8a2.5 2.5 0 1 1 0-5 2.5 2.5 0 0 1 0 5zM10 11.5h4.5M12.5 9.5l2 2-2 2",
} as const;

export type IconName = keyof typeof PATHS;

/** A line drawing beside a word; never the only bearer of a meaning. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function PerchMark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        class="mark-bird"
        d="M8 21c0-7.5 4.4-12.5 10-12.5 3.6 0 6.2 2.3 6.6 5.3l3.9 1.2-3.9 1.7C24.2 21.5 20.5 25 15.5 25h-11c2.2-.6 3.5-2 3.5-4z"
      />
      <circle class="mark-eye" cx="20.3" cy="13.2" r="1.4" />
      <path class="mark-branch" d="M3 27.5h26" />
    </svg>
  );
}
