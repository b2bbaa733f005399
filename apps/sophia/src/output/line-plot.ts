import { padText, textWidth } from './text-width.ts';

export interface LinePlotOptions {
  /** Columns of the terminal for the axis and the line. */
  readonly width: number;
  /** What a value of the axis is called. */
  readonly label: (value: number) => string;
}

/** A line as it is drawn, and where its columns begin and how many they are. */
export interface LinePlot {
  readonly text: string;
  readonly margin: number;
  readonly columns: number;
}

/** Steps of the axis above the least value. */
const STEPS = 12;

/**
 * Draws values from left to right over an axis from the least to the greatest of them, of which there is at least one.
 * Where a value is not there the line is broken.
 */
export const plotLine = (values: readonly (number | null)[], { width, label }: LinePlotOptions): LinePlot => {
  const numbers = values.filter((value) => value !== null);
  const [least, greatest] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  const steps = least === greatest ? 0 : STEPS;
  const stepOf = (value: number): number => (steps === 0 ? 0 : Math.round(((value - least) / (greatest - least)) * steps));
  const labels = Array.from({ length: steps + 1 }, (_, step) =>
    label(step === steps ? greatest : least + (step * (greatest - least)) / steps),
  );
  const labelWidth = Math.max(...labels.map(textWidth));
  const margin = labelWidth + 2;
  const columns = columnsOf(fitted(values, Math.max(2, width - margin)).map((value) => (value === null ? null : stepOf(value))));
  const lines = labels.map((text, step) => {
    const drawn = columns.map((column) => column.get(step) ?? ' ').join('');
    return `${padText(text, labelWidth, 'left')} ┤${drawn}`.trimEnd();
  });
  return { text: lines.reverse().join('\n'), margin, columns: columns.length };
};

/**
 * At most so many values. Few are repeated. Of many each two columns hold the least and the greatest of theirs, in the order
 * in which they come: no peak is lost, but a gap that is narrower than that.
 */
const fitted = (values: readonly (number | null)[], count: number): readonly (number | null)[] => {
  if (values.length <= count) {
    const times = Math.floor(count / values.length);
    return values.flatMap((value) => Array.from({ length: times }, () => value));
  }
  const pairs = Math.floor(count / 2);
  const begin = (pair: number): number => Math.floor((pair * values.length) / pairs);
  return Array.from({ length: pairs }, (_, pair) => extremesOf(values.slice(begin(pair), begin(pair + 1)))).flat();
};

const extremesOf = (values: readonly (number | null)[]): readonly (number | null)[] => {
  const numbers = values.filter((value) => value !== null);
  if (numbers.length === 0) return [null, null];
  const [least, greatest] = [Math.min(...numbers), Math.max(...numbers)];
  return numbers.indexOf(least) <= numbers.indexOf(greatest) ? [least, greatest] : [greatest, least];
};

/** What stands in each column, by step: the way there from the step before. */
const columnsOf = (steps: readonly (number | null)[]): readonly ReadonlyMap<number, string>[] =>
  steps.map((step, index) => {
    if (step === null) return new Map();
    const before = steps[index - 1] ?? step;
    if (before === step) return new Map([[step, '─']]);
    const [end, start] = step > before ? ['╭', '╯'] : ['╰', '╮'];
    const between = Array.from({ length: Math.abs(step - before) - 1 }, (_, above) => Math.min(step, before) + 1 + above);
    return new Map([[step, end], [before, start], ...between.map((each): [number, string] => [each, '│'])]);
  });
