import { compileNumberFormat, type NumberFormat } from './number-format.ts';

export interface NumberReading {
  readonly decimal: '.' | ',';
  readonly reading: string;
}

export type NumberDetection =
  /** Most values are no numbers. */
  | { readonly kind: 'none' }
  /** All are plain decimals: nothing need be read. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'found'; readonly format: NumberFormat; readonly percent: boolean }
  | { readonly kind: 'ambiguous'; readonly example: string; readonly readings: readonly [NumberReading, NumberReading] };

const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** A currency's sign or code at either end. */
const SYMBOL = /^[(+\-\u2212\s]*(\p{Sc}|[A-Z]{3}\b|%)|(\p{Sc}|\b[A-Z]{3}|%)[)\-\u2212\s]*$/u;
const MAX_VALUES = 5000;

/**
 * Finds out how a column's numbers (all values that are not empty) are written. `1,234` alone may be one thousand or
 * little more than one: that is ambiguous, unless the numbers are whole. `1.234` alone is a plain decimal.
 */
export function detectNumbers(values: Iterable<string>, whole: boolean): NumberDetection {
  const texts = distinct(values);
  if (texts.length === 0) return { kind: 'none' };
  if (texts.every((text) => PLAIN.test(text))) return { kind: 'plain' };
  const symbol = commonSymbol(texts);
  const percent = symbol === '%';
  const [point, comma] = [judge(texts, { decimal: '.', symbol }), judge(texts, { decimal: ',', symbol })];
  const best = comma.read > point.read ? comma : point;
  if (best.read < texts.length / 2) return { kind: 'none' };
  const example = point.read === comma.read ? findContested(texts, point.reader, comma.reader) : undefined;
  if (example === undefined) return { kind: 'found', format: best.format, percent };
  if (whole) return { kind: 'found', format: point.fractions <= comma.fractions ? point.format : comma.format, percent };
  return { kind: 'ambiguous', ...example };
}

interface Judgement {
  readonly format: NumberFormat;
  readonly reader: (text: string) => string | undefined;
  /** How many it reads, and how many of these are not whole. */
  readonly read: number;
  readonly fractions: number;
}

function judge(texts: readonly string[], format: NumberFormat): Judgement {
  const reader = compileNumberFormat(format);
  const readings = texts.map(reader).filter((reading) => reading !== undefined);
  return { format, reader, read: readings.length, fractions: readings.filter((reading) => reading.includes('.')).length };
}

type Contested = Pick<Extract<NumberDetection, { kind: 'ambiguous' }>, 'example' | 'readings'>;

function findContested(texts: readonly string[], point: Judgement['reader'], comma: Judgement['reader']): Contested | undefined {
  for (const example of texts) {
    const [first, second] = [point(example), comma(example)];
    if (first !== undefined && second !== undefined && first !== second) {
      return {
        example,
        readings: [
          { decimal: '.', reading: first },
          { decimal: ',', reading: second },
        ],
      };
    }
  }
  return undefined;
}

/** The one symbol that stands at any number: with two, numbers would be mixed up that are not the same. */
function commonSymbol(texts: readonly string[]): string | undefined {
  const symbols = new Set<string>();
  for (const text of texts) {
    const [, before, behind] = SYMBOL.exec(text) ?? [];
    const symbol = before ?? behind;
    if (symbol !== undefined) symbols.add(symbol);
  }
  const [only] = symbols;
  return symbols.size === 1 ? only : undefined;
}

function distinct(values: Iterable<string>): readonly string[] {
  const texts = new Set<string>();
  for (const value of values) {
    const text = value.trim();
    if (text !== '') texts.add(text);
    if (texts.size === MAX_VALUES) break;
  }
  return [...texts];
}
