import type { FieldFilter, Filter, FilterOperator } from '@sophia/types';
import { CommandError } from '../command-line/command-error.ts';

const FIELD = /^\s*([\p{L}_][\p{L}\p{N}_.:-]*)\s*/u;
const SIGNS: readonly (readonly [sign: string, operator: FilterOperator])[] = [
  ['!=', 'ne'],
  ['<>', 'ne'],
  ['==', 'eq'],
  ['>=', 'gte'],
  ['<=', 'lte'],
  ['^=', 'starts_with'],
  ['=', 'eq'],
  ['>', 'gt'],
  ['<', 'lt'],
  ['~', 'contains'],
];
/** A value that looks like another operator, or like a second condition: in quotes it is a value. */
const NO_VALUE = /^[=<>!~^]|\s(and|or)\s+(not\s+)?[\p{L}_][\p{L}\p{N}_.]*\s*([=<>~]|!=|\^=)/iu;
const NULL = /^is\s+(not\s+)?null$/i;
const LIST = /^(not\s+)?in\s*\((.*)\)$/is;
const BETWEEN = /^between\s+(.+?)\s+and\s+(.+)$/is;

/**
 * A condition as it is typed: `deal.amount >= 1000`, `product.name in (GTX Pro, "MG, Special")`,
 * `deal.close_date between 2017-01-01 and 2017-03-31`, `company.name is null`. Values may stand in quotes.
 */
export const parseWhere = (text: string): Filter => {
  const [head, field] = FIELD.exec(text) ?? [];
  if (head === undefined || field === undefined) throw unreadable(text);
  const rest = text.slice(head.length).trim();
  const [, isNot] = NULL.exec(rest) ?? [];
  if (NULL.test(rest)) return negated({ field, operator: 'is_null' }, isNot);
  const [, notIn, items] = LIST.exec(rest) ?? [];
  if (items !== undefined) return negated({ field, operator: 'in', values: parseList(items, text) }, notIn);
  const [, from, to] = BETWEEN.exec(rest) ?? [];
  if (from !== undefined && to !== undefined) return { field, operator: 'between', values: [unquoted(from), unquoted(to)] };
  const found = SIGNS.find(([sign]) => rest.startsWith(sign));
  if (found === undefined) throw unreadable(text);
  const [sign, operator] = found;
  const value = rest.slice(sign.length).trim();
  if (value === '' || NO_VALUE.test(value.replace(/^(["']).*\1$/s, ''))) throw unreadable(text);
  return { field, operator, values: [unquoted(value)] };
};

const negated = (filter: FieldFilter, not: string | undefined): Filter => (not === undefined ? filter : { not: filter });

const unquoted = (text: string): string => {
  const value = text.trim();
  const [quote] = value;
  return value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote) ? value.slice(1, -1) : value;
};

const ITEM = /\s*("[^"]*"|'[^']*'|[^,]*)\s*(,|$)/y;

const parseList = (text: string, whole: string): string[] => {
  const values: string[] = [];
  ITEM.lastIndex = 0;
  for (let more = true; more; ) {
    const match = ITEM.exec(text);
    const [, item = '', comma] = match ?? [];
    if (match === null || item.trim() === '') throw unreadable(whole);
    values.push(unquoted(item));
    more = comma === ',';
  }
  return values;
};

const unreadable = (text: string): CommandError =>
  new CommandError(
    'usage',
    `The condition ${JSON.stringify(text)} cannot be read.`,
    'Write a field, an operator and a value: "product.name=GTX Pro", "deal.amount>=1000"; operators are = != > >= < <= ~ (contains) ^= (starts with), in (a, b), between a and b, is null, and not before in and null. A value with signs of them stands in quotes; --where may be given several times.',
  );
