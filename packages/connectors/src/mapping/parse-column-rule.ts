import type { FieldDefinition, FieldType } from '@sophia/types';
import { compileInstantFormat } from '../values/instant-format.ts';
import { isUnit, UNITS } from '../values/units.ts';
import { isZone } from '../values/zone.ts';
import type { ColumnRule } from './mapping.ts';
import { suggestion, type YamlMap } from './yaml-map.ts';

const NUMERIC = ['decimal', 'symbol', 'unit'];
const ALWAYS = ['column', 'values', 'default'];

/** Keys of a column's rule by the type of its field. */
const KEYS: Readonly<Record<FieldType, readonly string[]>> = {
  text: ALWAYS,
  integer: [...ALWAYS, ...NUMERIC],
  number: [...ALWAYS, ...NUMERIC],
  money: [...ALWAYS, ...NUMERIC],
  boolean: ALWAYS,
  date: [...ALWAYS, 'format'],
  timestamp: [...ALWAYS, 'format', 'zone'],
  reference: [...ALWAYS, 'source_system'],
  text_list: [...ALWAYS, 'separator'],
  json: ALWAYS,
};

/** Reads `field: column` or `field: {column, ...}`; undefined where there is nothing to read. */
export function parseColumnRule(parent: YamlMap, key: string, field: FieldDefinition): ColumnRule | undefined {
  const map = parent.isPlain(key) ? undefined : parent.map(key);
  if (map === undefined) {
    const column = parent.requiredText(key);
    return column === '' ? undefined : { column };
  }
  map.allow([...KEYS[field.type], 'constant']);
  const unit = map.text('unit');
  if (unit !== undefined && !isUnit(unit)) map.problem('unit', `there is no unit ${unit}${suggestion(unit, Object.keys(UNITS))}`);
  const values = map.table('values');
  checkValues(map, field, values);
  return {
    column: map.requiredText('column'),
    format: readFormat(map),
    zone: readZone(map),
    decimal: readDecimal(map),
    symbol: map.text('symbol'),
    unit: unit !== undefined && isUnit(unit) ? unit : undefined,
    values,
    default: map.primitive('default'),
    separator: map.text('separator'),
    source_system: map.text('source_system'),
  };
}

/** A value that the field does not allow would reject every row that has it. */
function checkValues(map: YamlMap, field: FieldDefinition, values: ColumnRule['values']): void {
  if (values === undefined && map.has('default'))
    map.problem('default', 'default needs values: it stands for the texts that they leave out');
  const allowed = field.values;
  if (allowed === undefined) return;
  for (const value of [...(values?.values() ?? []), map.primitive('default') ?? null]) {
    if (value !== null && !allowed.includes(String(value))) {
      map.problem('values', `${field.name} cannot be ${value}${suggestion(String(value), allowed)}`);
    }
  }
}

function readFormat(map: YamlMap): string | undefined {
  const format = map.text('format');
  if (format !== undefined && compileInstantFormat(format) === undefined) {
    map.problem('format', `${format} is no date format; one is M/D/YYYY, D.M.YYYY H:mm, iso or epoch_seconds`);
  }
  return format;
}

function readZone(map: YamlMap): string | undefined {
  const zone = map.text('zone');
  if (zone !== undefined && !isZone(zone)) {
    map.problem('zone', `there is no time zone ${zone}${suggestion(zone, Intl.supportedValuesOf('timeZone'))}`);
  }
  return zone;
}

function readDecimal(map: YamlMap): '.' | ',' | undefined {
  const decimal = map.text('decimal');
  if (decimal === undefined || decimal === '.' || decimal === ',') return decimal;
  map.problem('decimal', 'decimal must be "." or ","');
  return undefined;
}
