/** Makes a value of PostgreSQL's text form. */
export type ValueParser = (text: string) => unknown;

/** The parser for a type's OID; types without one of their own stay text (int8, numeric, date, uuid, xid8, pg_lsn ...). */
export function parserFor(typeOid: number): ValueParser {
  return PARSERS.get(typeOid) ?? asText;
}

/** `2026-11-21 05:31:38.1234+00` as `2026-11-21T05:31:38.123400Z`; what has no such form (infinity, years before Christ) stays as it is. */
function parseTimestamptz(text: string): string {
  const length = text.length;
  if (text.charCodeAt(10) !== SPACE || !text.endsWith('+00')) return text;
  // Seconds end at 19; a fraction has one to six digits, without trailing zeros.
  const fraction = length === 22 ? '' : text.slice(20, -3);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}${'000000'.slice(fraction.length)}Z`;
}

/** The elements of a one-dimensional array literal: `{1,null,"a,\"b"}`. */
function parseArray(text: string, parse: ValueParser): unknown[] {
  const values: unknown[] = [];
  let index = 1;
  while (index < text.length - 1) {
    if (text[index] === '"') {
      let value = '';
      index++;
      for (; text[index] !== '"'; index++) {
        if (text[index] === '\\') index++;
        value += text[index];
      }
      index += 2;
      values.push(parse(value));
    } else {
      const comma = text.indexOf(',', index);
      const end = comma === -1 ? text.length - 1 : comma;
      const value = text.slice(index, end);
      values.push(value === 'NULL' ? null : parse(value));
      index = end + 1;
    }
  }
  return values;
}

const SPACE = 32;
const asText: ValueParser = (text) => text;
const asBoolean: ValueParser = (text) => text === 't';
const asBytes: ValueParser = (text) => Buffer.from(text.slice(2), 'hex');
const asArrayOf =
  (parse: ValueParser): ValueParser =>
  (text) =>
    parseArray(text, parse);

// OIDs of PostgreSQL's built-in types never change (catalog/pg_type.dat).
const PARSERS: ReadonlyMap<number, ValueParser> = new Map<number, ValueParser>([
  [16, asBoolean],
  [17, asBytes],
  [21, Number],
  [23, Number],
  [26, Number],
  [114, JSON.parse],
  [700, Number],
  [701, Number],
  [1184, parseTimestamptz],
  [3802, JSON.parse],
  [1000, asArrayOf(asBoolean)],
  [1001, asArrayOf(asBytes)],
  [1005, asArrayOf(Number)],
  [1007, asArrayOf(Number)],
  [1009, asArrayOf(asText)],
  [1015, asArrayOf(asText)],
  [1016, asArrayOf(asText)],
  [1022, asArrayOf(Number)],
  [1182, asArrayOf(asText)],
  [1185, asArrayOf(parseTimestamptz)],
  [1231, asArrayOf(asText)],
  [3807, asArrayOf(JSON.parse)],
]);
