import type { FieldDefinition } from '@sophia/types';
import { detectNumbers, type NumberDetection } from '../values/detect-number.ts';
import type { ColumnProfile } from './profile-column.ts';
import { suggestValues } from './suggest-values.ts';
import type { SuggestedField } from './write-mapping.ts';

/** How a column is read as the values of a field, which may be the currency of amounts, as far as the sample shows. */
export function suggestColumn(field: FieldDefinition, profile: ColumnProfile, isCurrency: boolean): SuggestedField {
  switch (field.type) {
    case 'date':
    case 'timestamp':
      return suggestInstants(field, profile);
    case 'integer':
    case 'number':
    case 'money':
      return suggestNumbers(field, profile);
    case 'text_list':
      return suggestList(field, profile);
    default:
      return suggestTexts(field, profile, isCurrency);
  }
}

function suggestTexts(field: FieldDefinition, profile: ColumnProfile, isCurrency: boolean): SuggestedField {
  const values = suggestValues(field, profile, isCurrency);
  const notes = values === undefined ? [] : [`what each value of ${profile.column} stands for`];
  return { field: field.name, settings: [['column', profile.column]], values, notes };
}

const HAS_OFFSET = /(Z|[+-]\d{2}(:?\d{2})?)$/;

function suggestInstants(field: FieldDefinition, { column, dates, texts }: ColumnProfile): SuggestedField {
  const settings: [string, string][] = [['column', column]];
  const notes: string[] = [];
  if (dates.kind === 'found' && dates.pattern !== 'iso') settings.push(['format', dates.pattern]);
  if (dates.kind === 'ambiguous') {
    const choices = dates.readings.map(({ pattern, reading }) => `format: ${pattern} (${reading})`).join(' or ');
    notes.push(`${dates.example} can be read in ${dates.readings.length === 2 ? 'two' : 'several'} ways; set ${choices}`);
  }
  if (field.type === 'timestamp' && texts.some((text) => !HAS_OFFSET.test(text))) {
    notes.push('times without an offset; set zone, for example zone: Europe/Berlin');
  }
  return { field: field.name, settings, notes };
}

/** Whether the column's values can be read as the field's in two ways. */
export function isAmbiguous(field: FieldDefinition, profile: ColumnProfile): boolean {
  switch (field.type) {
    case 'date':
    case 'timestamp':
      return profile.dates.kind === 'ambiguous';
    case 'integer':
    case 'number':
    case 'money':
      return numbersFor(field, profile).kind === 'ambiguous';
    default:
      return false;
  }
}

/** Plain decimals of a field of whole numbers may be thousands. */
const numbersFor = ({ type }: FieldDefinition, { texts, numbers }: ColumnProfile): NumberDetection =>
  type === 'integer' && numbers.kind === 'plain' ? detectNumbers(texts, true) : numbers;

function suggestNumbers(field: FieldDefinition, profile: ColumnProfile): SuggestedField {
  const { column, texts } = profile;
  const numbers = numbersFor(field, profile);
  const settings: [string, string][] = [['column', column]];
  const notes: string[] = [];
  if (numbers.kind === 'found') {
    settings.push(['decimal', numbers.format.decimal]);
    if (numbers.percent) settings.push(['unit', 'percent']);
    else if (numbers.format.symbol !== undefined) settings.push(['symbol', numbers.format.symbol]);
  }
  if (numbers.kind === 'ambiguous') {
    const choices = numbers.readings
      .map(({ key, value, reading }) => `${key}: ${key === 'decimal' ? JSON.stringify(value) : value} (${reading})`)
      .join(' or ');
    notes.push(`${numbers.example} can be read in two ways; set ${choices}`);
  }
  if (field.name === 'annual_revenue' && numbers.kind === 'plain' && texts.every((text) => Number(text) < 1_000_000)) {
    settings.push(['unit', 'millions']);
    notes.push('revenues below a million look like millions');
  }
  return { field: field.name, settings, notes };
}

function suggestList(field: FieldDefinition, { column, texts, isNested }: ColumnProfile): SuggestedField {
  const settings: [string, string][] = [['column', column]];
  // A list is an array, or a text that spells one.
  if (isNested || texts.every((text) => text.startsWith('['))) return { field: field.name, settings, notes: [] };
  const separator = [';', '|', ','].find((sign) => texts.some((text) => text.includes(sign)));
  settings.push(['separator', separator ?? ',']);
  return { field: field.name, settings, notes: separator === undefined ? ['each has one item; set what stands between several'] : [] };
}
