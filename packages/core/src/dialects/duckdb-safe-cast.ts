import type { ValueType } from '../expression/bound-expression.ts';
import { isNumeric } from '../expression/coerce.ts';

/**
 * A value that a column of another type holds as the type would take it from the catalog's JSON, where numbers say what their
 * text says; else null: the patterns are those of `normalize-*.ts`. Beside that a truth is 1 or 0, a day is an instant at its
 * midnight in UTC, every value has a text, and one that is no list is a list of its text.
 */
export function safeCast(sql: string, from: ValueType, to: ValueType): string {
  if (from === to) return sql;
  switch (to) {
    case 'integer':
      return from === 'number' ? wholeOf(sql) : numberCast(sql, from, 'bigint', asInteger);
    case 'number':
      return from === 'integer' ? `cast(${sql} as double)` : numberCast(sql, from, 'double', asNumber);
    case 'money':
      return numberCast(sql, from, 'decimal(18,4)', asMoney);
    case 'boolean':
      return asBoolean(sql, from);
    case 'date':
      return asDate(sql, from);
    case 'timestamp':
      return asTimestamp(sql, from);
    case 'text':
      return asText(sql, from);
    case 'text_list':
      return asList(sql, from);
    case 'json':
      return asJson(sql, from);
  }
}

const isText = (type: ValueType): boolean => type === 'text' || type === 'json';

function numberCast(sql: string, from: ValueType, type: string, ofText: (text: string) => string): string {
  if (from === 'boolean') return `cast(${sql} as ${type})`;
  return isNumeric(from) || isText(from) ? ofText(asText(sql, from)) : `cast(null as ${type})`;
}

/** Longest text of a number that is one; amounts have no longest. */
const isShort = (text: string): string => `length(${text}) <= 400`;

const asInteger = (text: string): string =>
  `case when ${isShort(text)} and ${matches(text, '[+-]?\\d+(\\.0*)?')} then try_cast(split_part(${text}, '.', 1) as bigint) end`;

/** A double is rarely beyond 2^53, and then the number that its text says. */
const wholeOf = (sql: string): string =>
  `case when ${sql} <> trunc(${sql}) then null when abs(${sql}) < 9007199254740992 then try_cast(${sql} as bigint) else ${asInteger(asText(sql, 'number'))} end`;

/** Zero has no sign. */
const asNumber = (text: string): string =>
  `case when ${isShort(text)} and ${matches(text, '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?')} and isfinite(try_cast(${text} as double)) then try_cast(${text} as double) + 0 end`;

const asMoney = (text: string): string =>
  `case when ${matches(text, '[+-]?(0*\\d{1,14}(\\.\\d{1,4}0*)?|\\.\\d{1,4}0*)')} then try_cast(${text} as decimal(18,4)) end`;

function asBoolean(sql: string, from: ValueType): string {
  if (isNumeric(from)) return `case when ${sql} in (0, 1) then ${sql} = 1 end`;
  if (!isText(from)) return 'cast(null as boolean)';
  const word = `lower(${asText(sql, from)})`;
  return `case when ${word} in ('true', 't', 'yes', 'y', '1') then true when ${word} in ('false', 'f', 'no', 'n', '0') then false end`;
}

function asDate(sql: string, from: ValueType): string {
  const day = `try_cast(${from === 'timestamp' ? sql : `left(${asText(sql, from)}, 10)`} as date)`;
  if (from === 'timestamp') return `case when ${day} = ${sql} then ${day} end`;
  if (!isText(from)) return 'cast(null as date)';
  const midnight = '[Tt ]00:00(:00(\\.0+)?)?([Zz]|[+-]00(:?00)?)?';
  return `case when ${matches(asText(sql, from), `\\d{4}-\\d{2}-\\d{2}(${midnight})?`)} and year(${day}) > 0 then ${day} end`;
}

function asTimestamp(sql: string, from: ValueType): string {
  if (from === 'date') return `cast(${sql} as timestamp)`;
  if (!isText(from)) return 'cast(null as timestamp)';
  const text = asText(sql, from);
  const offset = ' ?([Zz]|[+-]([01]\\d|2[0-3])(:?[0-5]\\d)?)';
  const instant = `\\d{4}-\\d{2}-\\d{2}[Tt ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d([.,]\\d{1,30})?)?${offset}`;
  // DuckDB reads seconds always, six digits of them behind a point, and capital letters.
  const withSeconds = `regexp_replace(replace(upper(${text}), ',', '.'), '^(.{16})([^:])', '\\1:00\\2')`;
  const other = inUtc(`regexp_replace(${withSeconds}, '^(.{10}).(.{8}(\\.\\d{1,6})?)\\d* ?', '\\1 \\2')`);
  return `case when ${text} < '0001' then null when ${matches(text, CANONICAL_INSTANT)} then ${inUtc(text)} when ${matches(text, instant)} and year(${other}) between 1 and 9999 then ${other} end`;
}

/** As most are, which are cast as they are: several times quicker. */
const CANONICAL_INSTANT = '\\d{4}-\\d{2}-\\d{2}T([01]\\d|2[0-3]):\\d{2}:\\d{2}(\\.\\d{1,6})?Z';

const inUtc = (text: string): string => `cast(try_cast(${text} as timestamptz) as timestamp)`;

/** The value as the catalog writes it: what a source sends as text later on is the same text. */
function asText(sql: string, from: ValueType): string {
  const text = `cast(${sql} as varchar)`;
  switch (from) {
    case 'text':
      return sql;
    case 'number':
      // JSON has the digits and exponents of JavaScript but for 2.0 and 1e21; a cast to varchar has 1e-05 too.
      return `regexp_replace(regexp_replace(cast(to_json(${sql}) as varchar), '\\.0$', ''), 'e(\\d)', 'e+\\1')`;
    case 'money':
      return `rtrim(rtrim(${text}, '0'), '.')`;
    case 'timestamp':
      return `replace(${text}, ' ', 'T') || 'Z'`;
    case 'text_list':
      return `cast(to_json(${sql}) as varchar)`;
    case 'json':
      return `case when starts_with(${sql}, '"') then ${textIn(sql)} else ${text} end`;
    default:
      return text;
  }
}

/** Of a JSON text the text in it, in its canonical form. */
function textIn(json: string): string {
  const text = `${json} ->> '$'`;
  const trimmed = `regexp_replace(${text}, '^${WHITESPACE}+|${WHITESPACE}+$', '', 'g')`;
  return `case when ${matches(text, IS_CANONICAL)} then ${text} else nullif(nfc_normalize(${trimmed}), '') end`;
}

/** Printable ASCII without spaces at its ends. */
const IS_CANONICAL = '[!-~]([ -~]*[!-~])?';

/** What JavaScript trims. */
const WHITESPACE = '[\\s\\v\\p{Z}\\x{FEFF}]';

function asList(sql: string, from: ValueType): string {
  const text = asText(sql, from);
  const single = `case when ${text} is not null then [${text}] end`;
  if (!isText(from)) return single;
  // DuckDB takes a comma behind the last item, JSON.parse does not.
  const json = `case when starts_with(${text}, '[') and not regexp_matches(${text}, ',\\s*\\]$') then try_cast(${text} as json) end`;
  return `case when json_type(${json}) = 'ARRAY' then ${textsOf(json)} else ${single} end`;
}

/** The texts and numbers of a JSON array, the empty ones left out; null where it has anything else. */
function textsOf(json: string): string {
  // Bound for a constant that is null, json_extract has no list.
  const items = `cast(json_extract(${json}, '$[*]') as json[])`;
  const text = `case json_type(item) when 'VARCHAR' then ${textIn('item')} when 'DOUBLE' then ${asText('cast(item as double)', 'number')} when 'NULL' then null else cast(item as varchar) end`;
  const texts = `list_filter(list_transform(${items}, lambda item: ${text}), lambda item: item is not null)`;
  const others = `list_filter(${items}, lambda item: json_type(item) in ('ARRAY', 'OBJECT', 'BOOLEAN'))`;
  return `case when len(${others}) = 0 then ${texts} end`;
}

/** As the catalog has it: amounts, instants and whole numbers beyond 2^53 are texts. */
function asJson(sql: string, from: ValueType): string {
  switch (from) {
    case 'integer':
      return `case when ${sql} between -9007199254740991 and 9007199254740991 then to_json(${sql}) else to_json(cast(${sql} as varchar)) end`;
    case 'number':
      return `cast(${asText(sql, from)} as json)`;
    case 'money':
    case 'timestamp':
      return `to_json(${asText(sql, from)})`;
    default:
      return `to_json(${sql})`;
  }
}

const matches = (text: string, pattern: string): string => `regexp_full_match(${text}, '${pattern}')`;
