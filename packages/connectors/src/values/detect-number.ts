import { scaleDecimal } from './decimal.ts';
import { distinctTexts } from './distinct-texts.ts';
import { compileNumberFormat, type NumberFormat } from './number-format.ts';
import { UNITS } from './units.ts';

/** How a column's numbers are read. */
export interface NumbersFormat {
  readonly format: NumberFormat;
  /** Whether they are hundredths. */
  readonly percent: boolean;
}

/** One of two ways to read a column. */
export interface NumberReading extends NumbersFormat {
  /** What to set for it in a mapping. */
  readonly key: 'decimal' | 'unit';
  readonly value: string;
  /** What the example then is. */
  readonly reading: string;
}

export type NumberDetection =
  /** Most values are no numbers. */
  | { readonly kind: 'none' }
  /** All are plain decimals: nothing need be read. */
  | { readonly kind: 'plain' }
  | ({ readonly kind: 'found' } & NumbersFormat)
  | { readonly kind: 'ambiguous'; readonly example: string; readonly readings: readonly [NumberReading, NumberReading] };

const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** A currency's sign or code at either end. */
const SYMBOL = /^[(+\-\u2212\s]*(\p{Sc}|[A-Z]{3}\b|%)|(\p{Sc}|\b[A-Z]{3}|%)[)\-\u2212\s]*$/u;

/** Whole numbers, and what a point may make thousands: one to three digits that begin with no zero, then three. */
const THOUSANDS = /^[+-]?(?:\d+|[1-9]\d{0,2}\.\d{3})$/;

/**
 * Finds out how a column's numbers (all values that are not empty) are written. `1,234` alone may be one thousand or
 * little more than one: that is ambiguous, unless the numbers are whole. `1.234` alone is a plain decimal, unless they
 * are whole: then it may be a thousand, and `2.000` too. Percentages beside numbers without the sign are ambiguous.
 */
export function detectNumbers(values: Iterable<string>, whole: boolean): NumberDetection {
  const texts = distinctTexts(values);
  if (texts.length === 0) return { kind: 'none' };
  if (texts.every((text) => PLAIN.test(text)) && !(whole && mayBeThousands(texts))) return { kind: 'plain' };
  const symbol = commonSymbol(texts);
  const [point, comma] = [judge(texts, { decimal: '.', symbol }), judge(texts, { decimal: ',', symbol })];
  const best = comma.read > point.read ? comma : point;
  if (best.read < texts.length / 2) return { kind: 'none' };
  const bare = symbol === '%' ? findBare(texts, best) : undefined;
  const percent = symbol === '%' && bare === undefined;
  const contested = point.read === comma.read ? findContested(texts, point, comma, percent) : undefined;
  const chosen = contested !== undefined && point.fractions > comma.fractions ? comma : best;
  // Whole numbers decide, except between thousands and a decimal point that nothing but the point tells apart.
  const isDecided = whole && (chosen === point || symbol !== undefined);
  if (contested !== undefined && !isDecided) return contested;
  return bare ?? { kind: 'found', format: chosen.format, percent };
}

/** What is left to ask of percentages when it is decided how they are written. */
export function detectShares(values: Iterable<string>, format: NumberFormat): Ambiguous | undefined {
  const texts = distinctTexts(values);
  return format.symbol === '%' ? findBare(texts, judge(texts, format)) : undefined;
}

const mayBeThousands = (texts: readonly string[]): boolean =>
  texts.some((text) => text.includes('.')) && texts.every((text) => THOUSANDS.test(text));

/** Numbers that can be read in two ways. */
export type Ambiguous = Extract<NumberDetection, { kind: 'ambiguous' }>;

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

/** A number that a decimal point and a decimal comma make two of. */
function findContested(texts: readonly string[], point: Judgement, comma: Judgement, percent: boolean): Ambiguous | undefined {
  for (const example of texts) {
    const [first, second] = [point.reader(example), comma.reader(example)];
    if (first !== undefined && second !== undefined && first !== second) {
      return {
        kind: 'ambiguous',
        example,
        readings: [
          { key: 'decimal', value: '.', reading: first, format: point.format, percent },
          { key: 'decimal', value: ',', reading: second, format: comma.format, percent },
        ],
      };
    }
  }
  return undefined;
}

/** Among percentages a number without the sign, which may be one too or the share itself; a zero is the same either way. */
function findBare(texts: readonly string[], { reader, format }: Judgement): Ambiguous | undefined {
  for (const example of texts) {
    const reading = example.includes('%') ? undefined : reader(example);
    const scaled = reading === undefined ? undefined : scaleDecimal(reading, UNITS.percent);
    if (reading !== undefined && scaled !== undefined && Number(scaled) !== 0) {
      const { decimal } = format;
      return {
        kind: 'ambiguous',
        example,
        readings: [
          { key: 'unit', value: 'percent', reading: scaled, format, percent: true },
          { key: 'decimal', value: decimal, reading, format: { decimal }, percent: false },
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
