import { FieldFailure, isInexactAmount, type Normalized } from '@sophia/core';
import type { FieldDefinition, JsonValue } from '@sophia/types';
import { parseJsonText } from '../read/parse-object.ts';
import { scaleDecimal } from '../values/decimal.ts';
import { compileInstantFormat } from '../values/instant-format.ts';
import { compileNumberFormat } from '../values/number-format.ts';
import { UNITS } from '../values/units.ts';
import { compileZone } from '../values/zone.ts';
import { comparable } from './comparable.ts';
import type { ColumnRule } from './mapping.ts';

export type ValueReader = (value: JsonValue) => Normalized<JsonValue>;

/**
 * Compiles how a column's values are read as those of its field. Undefined where they go through as they are: the record
 * type's validator judges every value in the end. The JSON of a table stands in its cells as text; a text that is a
 * member of an object is that text.
 */
export function compileValue(rule: ColumnRule, field: FieldDefinition, isTable: boolean): ValueReader | undefined {
  if (rule.values !== undefined) return valueTable(rule.values, rule, field);
  switch (field.type) {
    case 'date':
      return dateReader(rule);
    case 'timestamp':
      return timestampReader(rule);
    case 'integer':
    case 'number':
    case 'money':
      return numberReader(rule, field);
    case 'text_list':
      return rule.separator === undefined ? undefined : listReader(rule.separator);
    case 'reference':
      return rule.source_system === undefined ? undefined : referenceReader(rule.source_system);
    case 'json':
      return isTable ? jsonReader(rule) : undefined;
    default:
      return undefined;
  }
}

const where = (rule: ColumnRule): string => `in the column ${rule.column}`;

function valueTable(table: ReadonlyMap<string, JsonValue>, rule: ColumnRule, field: FieldDefinition): ValueReader {
  const expected = `expected one of ${[...table.keys()].join(', ')} ${where(rule)} for ${field.name}`;
  const unknown = new FieldFailure('value_not_mapped', `${expected}; a repair gives what it stands for${exampleOf(table)}`);
  return (value) => {
    const found = table.get(comparable(value).trim());
    return found === undefined ? (rule.default ?? unknown) : (found ?? undefined);
  };
}

function exampleOf(table: ReadonlyMap<string, JsonValue>): string {
  const meaning = [...table.values()].find((value) => value !== null);
  return meaning === undefined ? '' : `, such as ${meaning}`;
}

function dateReader(rule: ColumnRule): ValueReader | undefined {
  const format = rule.format === undefined || rule.format === 'iso' ? undefined : compileInstantFormat(rule.format);
  if (format === undefined) return undefined;
  const failure = new FieldFailure(
    'invalid_date',
    `expected a day written as ${rule.format} ${where(rule)}; a repair gives it as 2017-03-01`,
  );
  return remembering((text) => format.read(text) ?? failure);
}

function timestampReader(rule: ColumnRule): ValueReader | undefined {
  const format = compileInstantFormat(rule.format ?? 'iso');
  if (format === undefined || ((rule.format ?? 'iso') === 'iso' && rule.zone === undefined)) return undefined;
  const toUtc = rule.zone === undefined ? undefined : compileZone(rule.zone);
  const expected = `expected a time written as ${format.pattern} ${where(rule)}`;
  const failure = new FieldFailure('invalid_timestamp', `${expected}; a repair gives it as 2017-03-01T10:00:00Z`);
  return remembering((text) => {
    const time = format.read(text);
    if (time === undefined) return failure;
    return toUtc?.(time) ?? time; // A time that has its own offset is no local time.
  });
}

/** Texts shorter than this are copied out of the block that they stand in; a longer one that is kept keeps the whole block. */
const MAX_KEPT_LENGTH = 12;
const MAX_KEPT = 5000;

/** Dates repeat: what was read is looked up. */
function remembering(read: (text: string) => Normalized<string>): ValueReader {
  const kept = new Map<string, Normalized<string>>();
  return (value) => {
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string') return value;
    let result = kept.get(text);
    if (result !== undefined) return result;
    const trimmed = text.trim();
    result = trimmed === '' ? undefined : read(trimmed);
    if (text.length <= MAX_KEPT_LENGTH) {
      if (kept.size >= MAX_KEPT) kept.clear();
      kept.set(text, result);
    }
    return result;
  };
}

const NUMBER_CODES = { integer: 'invalid_integer', number: 'invalid_number', money: 'invalid_money' } as const;

function numberReader(rule: ColumnRule, field: FieldDefinition): ValueReader | undefined {
  if (rule.decimal === undefined && rule.symbol === undefined && rule.unit === undefined) {
    return rule.rejectsPoints === true ? pointless(rule) : undefined;
  }
  const symbol = rule.symbol ?? (rule.unit === 'percent' ? '%' : undefined);
  const plain = compileNumberFormat({ decimal: rule.decimal ?? '.', symbol });
  const scale = rule.unit === undefined ? undefined : UNITS[rule.unit];
  const code = field.type === 'integer' || field.type === 'number' ? NUMBER_CODES[field.type] : NUMBER_CODES.money;
  const example = rule.decimal === ',' ? '1.234,50' : '1,234.50';
  const expected = `expected a number written like ${example} ${where(rule)}`;
  const failure = new FieldFailure(code, `${expected}; a repair gives it plain, as ${field.type === 'integer' ? '12500' : '12500.5'}`);
  const isMoney = field.type === 'money';
  const inexact = new FieldFailure(
    'too_many_digits',
    `expected at most 15 digits in a JSON number ${where(rule)}; send the amount as a string`,
  );
  return (value) => {
    if (typeof value === 'string' && value.trim() === '') return undefined;
    if (isMoney && typeof value === 'number' && isInexactAmount(value)) return inexact;
    const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? plain(value) : undefined;
    if (text === undefined) return failure;
    return scale === undefined ? text : (scaleDecimal(text, scale) ?? failure);
  };
}

/** What a point may make thousands. */
const THOUSANDS = /^\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*$/;

/** The sample's values had no point, so nothing tells what it stands for. */
function pointless(rule: ColumnRule): ValueReader {
  const expected = `expected a whole number without a point ${where(rule)}, as in the rows before`;
  const failure = new FieldFailure('invalid_integer', `${expected}: set decimal to "," where it makes thousands, else to "."`);
  return (value) => (typeof value === 'string' && THOUSANDS.test(value) ? failure : value);
}

const listReader =
  (separator: string): ValueReader =>
  (value) =>
    typeof value === 'string' ? value.split(separator) : value;

/** Without an id there is no reference. */
const referenceReader =
  (system: string): ValueReader =>
  (value) => {
    if (typeof value !== 'string' && typeof value !== 'number') return value;
    return String(value).trim() === '' ? undefined : { source_system: system, source_id: value };
  };

function jsonReader(rule: ColumnRule): ValueReader {
  const failure = new FieldFailure('invalid_json', `expected JSON ${where(rule)}`);
  return (value) => (typeof value === 'string' ? (parseJsonText(value) ?? failure) : value);
}
