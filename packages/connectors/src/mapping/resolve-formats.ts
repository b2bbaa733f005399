import { SophiaError } from '@sophia/shared';
import type { FieldDefinition, FieldType, RecordTypeDefinition } from '@sophia/types';
import type { SourceRow } from '../read/source-row.ts';
import { type Scale, scaleDecimal } from '../values/decimal.ts';
import { detectDates } from '../values/detect-date.ts';
import { type Ambiguous, detectNumbers, detectShares, type NumbersFormat } from '../values/detect-number.ts';
import { UNITS } from '../values/units.ts';
import { compileCells } from './compile-cells.ts';
import type { ColumnRule, FieldRule, Mapping } from './mapping.ts';

/** A column that can be read in two or more ways, for a person to decide. */
export interface FormatQuestion {
  readonly column: string;
  readonly field: string;
  /** A value of the column. */
  readonly example: string;
  /** What to set in the mapping, and what the example then is. */
  readonly choices: readonly { readonly key: 'format' | 'decimal' | 'unit'; readonly value: string; readonly reading: string }[];
}

/** Asks a person: the `value` of a choice. */
export type AskFormat = (question: FormatQuestion) => Promise<string>;

const NUMERIC: ReadonlySet<FieldType> = new Set(['integer', 'number', 'money']);

/**
 * Sets the formats that the mapping leaves open, from a sample of rows: those of dates, times and numbers. What can be read
 * in two ways is asked where there is someone to ask. Errors: `ambiguous_date_format`, `ambiguous_number_format`.
 */
export async function resolveFormats(
  mapping: Mapping,
  definition: RecordTypeDefinition,
  columns: readonly string[] | undefined,
  sample: readonly SourceRow[],
  ask?: AskFormat,
): Promise<Mapping> {
  const resolve = async (rule: ColumnRule, field: FieldDefinition): Promise<ColumnRule> => {
    if (!isOpen(rule, field)) return rule;
    return resolveRule(rule, field, columnValues(mapping, rule.column, columns, sample), ask);
  };
  const fields: FieldRule[] = [];
  for (const rule of mapping.fields) {
    const field = definition.fields.find((each) => each.name === rule.field);
    fields.push(rule.kind === 'constant' || field === undefined ? rule : { ...rule, rule: await resolve(rule.rule, field) });
  }
  const occurredAt = mapping.occurred_at;
  return {
    ...mapping,
    fields,
    occurred_at: occurredAt === undefined ? undefined : await resolve(occurredAt, { name: 'occurred_at', type: 'timestamp' }),
  };
}

function isOpen(rule: ColumnRule, { type }: FieldDefinition): boolean {
  if (rule.values !== undefined) return false;
  if (type === 'date' || type === 'timestamp') return rule.format === undefined;
  return NUMERIC.has(type) && rule.decimal === undefined;
}

interface ColumnValues {
  readonly texts: readonly string[];
  /** JSON numbers: how they are written is known, but not what their unit is. */
  readonly numbers: readonly number[];
}

/** The column's texts and numbers, repaired as the mapping says. */
function columnValues(
  mapping: Mapping,
  column: string,
  columns: readonly string[] | undefined,
  sample: readonly SourceRow[],
): ColumnValues {
  const cells = compileCells(mapping, [column], columns);
  const values = sample.map((row) => (row.errors === undefined ? cells(row.values).values[0] : undefined));
  return { texts: values.filter((value) => typeof value === 'string'), numbers: values.filter((value) => typeof value === 'number') };
}

async function resolveRule(
  rule: ColumnRule,
  field: FieldDefinition,
  values: ColumnValues,
  ask: AskFormat | undefined,
): Promise<ColumnRule> {
  return NUMERIC.has(field.type) ? resolveNumber(rule, field, values, ask) : resolveDate(rule, field, values.texts, ask);
}

async function resolveDate(
  rule: ColumnRule,
  field: FieldDefinition,
  texts: readonly string[],
  ask: AskFormat | undefined,
): Promise<ColumnRule> {
  const found = detectDates(texts);
  if (found.kind === 'none') return rule;
  if (found.kind === 'found') return { ...rule, format: found.pattern };
  const choices = found.readings.map(({ pattern, reading }) => ({ key: 'format' as const, value: pattern, reading }));
  const { value } = await decide(rule.column, field.name, found.example, choices, ask, 'ambiguous_date_format');
  return { ...rule, format: value };
}

async function resolveNumber(
  rule: ColumnRule,
  field: FieldDefinition,
  { texts, numbers }: ColumnValues,
  ask: AskFormat | undefined,
): Promise<ColumnRule> {
  const found = detectNumbers(texts, field.type === 'integer');
  if (found.kind === 'none' || found.kind === 'plain') return withoutPoints(rule, field, texts);
  const choose = (question: Ambiguous) =>
    decide(rule.column, field.name, question.example, question.readings, ask, 'ambiguous_number_format');
  let chosen: NumbersFormat = found.kind === 'found' ? found : found.readings[0];
  let isAsked = rule.unit !== undefined;
  if (found.kind === 'ambiguous') {
    if (field.type === 'integer' && rule.unit !== undefined && areWhole(texts, UNITS[rule.unit])) return rule;
    const isOfUnit = found.readings.some(({ key }) => key === 'unit');
    // Where the unit is set, the sign says nothing.
    if (!(isOfUnit && isAsked)) chosen = await choose(found);
    isAsked ||= isOfUnit;
  }
  const { decimal } = chosen.format;
  const shares = isAsked
    ? undefined
    : detectShares([...texts, ...numbers.map((each) => String(each).replace('.', decimal))], chosen.format);
  return withNumbers(rule, shares === undefined ? chosen : await choose(shares));
}

/** Whole numbers without a point in the sample: the first one that comes later may make thousands. */
const withoutPoints = (rule: ColumnRule, { type }: FieldDefinition, texts: readonly string[]): ColumnRule =>
  type === 'integer' && texts.length > 0 && !texts.some((text) => text.includes('.')) ? { ...rule, rejectsPoints: true } : rule;

/** Decimals are as usual as thousands where the unit leaves none of them: `7.500` hours. */
const areWhole = (texts: readonly string[], unit: Scale): boolean =>
  texts.every((text) => text.trim() === '' || /^-?\d+$/.test(`${scaleDecimal(text.trim(), unit)}`));

const withNumbers = (rule: ColumnRule, { format, percent }: NumbersFormat): ColumnRule => ({
  ...rule,
  decimal: format.decimal,
  symbol: rule.symbol ?? format.symbol,
  unit: rule.unit ?? (percent ? 'percent' : undefined),
});

type Choice = FormatQuestion['choices'][number];

/** The choice that a person takes. */
async function decide<Given extends Choice>(
  column: string,
  field: string,
  example: string,
  given: readonly Given[],
  ask: AskFormat | undefined,
  code: 'ambiguous_date_format' | 'ambiguous_number_format',
): Promise<Given> {
  const choices = given.map(({ key, value, reading }) => ({ key, value, reading }));
  const question: FormatQuestion = { column, field, example, choices };
  const answer = await ask?.(question);
  const chosen = given.find(({ value }) => value === answer);
  if (chosen !== undefined) return chosen;
  const readings = choices.map(({ key, value, reading }) => `${reading} (${key}: ${JSON.stringify(value)})`).join(' or ');
  const message = `The column ${column} can be read in ${choices.length === 2 ? 'two' : 'several'} ways: ${JSON.stringify(example)} is ${readings}. Set it for ${field} in the mapping.`;
  throw new SophiaError(code, message, { details: { ...question } });
}
