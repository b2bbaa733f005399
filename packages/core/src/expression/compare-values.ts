import type { JsonValue } from '@sophia/types';
import type { ValueType } from './bound-expression.ts';

/** Less than, equal to or greater than 0 as the first value comes before, with or after the second: canonical values of one type. */
export function compareValues(type: ValueType, a: JsonValue | undefined, b: JsonValue | undefined): number {
  switch (type) {
    case 'integer':
      return order(BigInt(String(a)), BigInt(String(b)));
    case 'number':
      return order(Number(a), Number(b));
    case 'money':
      return order(scaled(String(a)), scaled(String(b)));
    case 'timestamp':
      return order(instantKey(String(a)), instantKey(String(b)));
    case 'text':
      return compareCodePoints(sourceIdOf(a), sourceIdOf(b));
    default:
      return order(String(a), String(b));
  }
}

const order = <T extends bigint | number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** A decimal of at most four digits after the point, in ten-thousandths. */
function scaled(decimal: string): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(`${whole}${fraction.padEnd(4, '0')}`);
}

/** Instants of one length, so that they compare as texts. */
const instantKey = (instant: string): string => `${instant.slice(0, 19)}${(/\.(\d+)/.exec(instant)?.[1] ?? '').padEnd(6, '0')}`;

/** A reference to another source system is an object; as a value it is the source id. */
export function sourceIdOf(value: JsonValue | undefined): string {
  return typeof value === 'object' && value !== null && 'source_id' in value ? String(value.source_id) : String(value);
}

/** Databases order texts by code point; UTF-16 puts what lies beyond the basic plane before U+E000. */
function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const one = a.charCodeAt(index);
    const other = b.charCodeAt(index);
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Surrogates rank above everything else of the basic plane. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit);
