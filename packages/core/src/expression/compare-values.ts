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
      return order(codePoints(sourceIdOf(a)), codePoints(sourceIdOf(b)));
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
function sourceIdOf(value: JsonValue | undefined): string {
  return typeof value === 'object' && value !== null && 'source_id' in value ? String(value.source_id) : String(value);
}

/** Warehouses order texts by code point, JavaScript by UTF-16 unit: those differ from the surrogates on. */
function codePoints(text: string): string {
  if (!/[\ud800-\udfff\ue000-\uffff]/.test(text)) return text;
  return Array.from(text, (character) => (character.codePointAt(0) ?? 0).toString(16).padStart(6, '0')).join('');
}
