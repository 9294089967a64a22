// Two handles on one line: from and to. Each is a slider of the browser's own kind, so that keys and touch work.

interface RangeProps {
  legend: string;
  from: string; // what the lower handle is called
  to: string;
  min: number;
  max: number;
  step: number;
  value: readonly [number, number];
  say: (value: number) => string;
  onInput: (value: readonly [number, number]) => void;
}

export function RangeSlider({ legend, from, to, min, max, step, value: [low, high], say, onInput }: RangeProps) {
  const part = (value: number): number => (max > min ? (100 * (value - min)) / (max - min) : 0);
  const read = (event: Event): number => Number((event.currentTarget as HTMLInputElement).value);
  const shared = { type: "range", min, max, step } as const;
  return (
    <fieldset class="range">
      <legend>
        {legend} <span class="number soft">{say(low)} – {say(high)}</span>
      </legend>
      <div class="range-line" style={{ "--from": `${part(low)}%`, "--to": `${part(high)}%` }}>
        <input {...shared} value={low} aria-label={from} aria-valuetext={say(low)} onInput={(e) => onInput([Math.min(read(e), high), high])} />
        <input {...shared} value={high} aria-label={to} aria-valuetext={say(high)} onInput={(e) => onInput([low, Math.max(read(e), low)])} />
      </div>
    </fieldset>
  );
}
