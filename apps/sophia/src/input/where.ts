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
/** A field and a sign, or a word, of a comparison. */
const FIELD_SIGN = String.raw`[\p{L}_][\p{L}\p{N}_.:-]*\s*(?:[=<>~≠≤≥]|!=|\^=)`;
const FIELD_WORD = String.raw`[\p{L}_][\p{L}\p{N}_.:-]*\s+(?:not\s+)?(?:in\s*\(|between\s|is\s+(?:not\s+)?null\b|i?like\s|contains\s)`;
/** What looks like a second condition; one that is made of words needs a word or sign before it that joins them. */
const SECOND = new RegExp(String.raw`[\s,;&|(]${FIELD_SIGN}|(?:\s(?:and|or)\b|[,;&|])\s*(?:not\b)?[\s(]*${FIELD_WORD}`, 'iu');
/** Has signs of its own: `?a=b&c=d`. */
const URL = /[a-z][a-z\d+.-]*:\/\/\S*/gi;
const OTHER_OPERATOR = /^[=<>!~^]/;
const QUOTED = /^(?:"[^"]*"|'[^']*')$/;
const NULL = /^is\s+(not\s+)?null$/i;
const LIST = /^(not\s+)?in\s*\((.*)\)$/is;
/** Whose ends may hold `and` only in quotes. */
const BETWEEN = /^between\s+("[^"]*"|'[^']*'|(?:(?!\sand\s).)+)\s+and\s+("[^"]*"|'[^']*'|(?:(?!\sand\s).)+)$/is;

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
  const value = (typed: string): string => readValue(typed, text);
  const [, notIn, items] = LIST.exec(rest) ?? [];
  if (items !== undefined) return negated({ field, operator: 'in', values: readItems(items, text).map(value) }, notIn);
  const [, from, to] = BETWEEN.exec(rest) ?? [];
  if (from !== undefined && to !== undefined) return { field, operator: 'between', values: [value(from), value(to)] };
  const found = SIGNS.find(([sign]) => rest.startsWith(sign));
  if (found === undefined) throw unreadable(text);
  const [sign, operator] = found;
  return { field, operator, values: [value(rest.slice(sign.length))] };
};

const negated = (filter: FieldFilter, not: string | undefined): Filter => (not === undefined ? filter : { not: filter });

/** A value as it is meant: what stands in quotes is one to its end, and nothing follows it. */
const readValue = (typed: string, whole: string): string => {
  const value = typed.trim();
  if (QUOTED.test(value)) return value.slice(1, -1);
  const hasQuoted = /^(["']).*\1/s.test(value);
  if (value === '' || hasQuoted || OTHER_OPERATOR.test(value) || SECOND.test(value.replace(URL, ''))) throw unreadable(whole);
  return value;
};

/** Parentheses stand within an item in pairs; others only in quotes. */
const ITEM = /\s*("[^"]*"|'[^']*'|(?:[^,()]|\([^()]*\))*)\s*(,|$)/y;

const readItems = (text: string, whole: string): string[] => {
  const items: string[] = [];
  ITEM.lastIndex = 0;
  for (let more = true; more; ) {
    const match = ITEM.exec(text);
    const [, item = '', comma] = match ?? [];
    if (match === null) throw unreadable(whole);
    items.push(item);
    more = comma === ',';
  }
  return items;
};

const unreadable = (text: string): CommandError => {
  const message = `The condition ${JSON.stringify(text)} cannot be read`;
  return SECOND.test(text)
    ? new CommandError('usage', `${message}: it looks like several.`, SEVERAL)
    : new CommandError('usage', `${message}.`, FORMS);
};

const SEVERAL =
  'Give each a --where (--having) of its own, and all of them hold: --where "user.office = West" --where "product.name = GTX Pro"; one of several values is: user.office in (West, East). A value that looks like a condition stands in quotes, as a whole.';
const FORMS =
  'Write a field, an operator and a value: "product.name=GTX Pro", "deal.amount>=1000"; operators are = != > >= < <= ~ (contains) ^= (starts with), in (a, b), between a and b, is null, and not before in and null. A value with signs of them stands in quotes; --where may be given several times.';
