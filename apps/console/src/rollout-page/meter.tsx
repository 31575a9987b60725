type MeterProps = {
  readonly label: string;
  /** 0..1 */
  readonly share: number;
  readonly valueText: string;
  readonly tone: "harm" | "safe" | "baseline" | "canary";
  /** 0..1, where a mark is drawn across the bar. */
  readonly mark?: number | null;
};

const LENGTH = 1_000;

/** A bar whose value is also there for those who cannot see it. */
export function Meter({ label, share, valueText, tone, mark = null }: MeterProps) {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * LENGTH);
  return (
    <div
      class={`meter meter--${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(filled / 10)}
      aria-valuetext={valueText}
    >
      <svg viewBox={`0 0 ${LENGTH} 10`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="meter-track" width={LENGTH} height="10" />
        <rect class="meter-fill" width={filled} height="10" />
      </svg>
      {mark !== null && <span class="meter-mark" style={{ insetInlineStart: `${mark * 100}%` }} />}
    </div>
  );
}
