import { beforeAll, expect, it } from 'vitest';
import { dialects } from '../dialects/dialects.ts';
import { useDuckdb } from '../testing/use-duckdb.ts';
import { formatDay } from './calendar.ts';
import { dayAt } from './time-zone.ts';

/** The years around now that are looked at: move them on, and what is known with them, when DuckDB or Node is renewed. */
const YEARS = { from: '2026-01-01', to: '2029-01-01' };

/**
 * Days by which the two differ: bounds, today and `as_of` are told by Node's time zones, groups by those that DuckDB
 * has built in. What is added here belongs into docs/reference/metric-queries.md.
 */
const KNOWN: readonly string[] = [
  'America/Inuvik from 2026-11-02 to 2027-03-14',
  'America/Inuvik from 2027-11-08 to 2028-03-12',
  // On to the end of what is looked at.
  'America/Inuvik from 2028-11-06 to 2029-01-01',
];

const connection = useDuckdb();
beforeAll(async () => {
  await connection().run("set TimeZone = 'UTC'");
});

const dayOf = (instant: string): string =>
  dialects.duckdb.operation('day_of', 'date', [instant], { timeZone: () => '$1', weekStart: 'monday', grain: undefined });

/** The day in a zone of the first second of each day, and of the one before it: as DuckDB has it, beside those instants. */
const MIDNIGHTS = `
  with
    days as (select unnest(generate_series(timestamp '${YEARS.from}', timestamp '${YEARS.to}', interval 1 day)) as utc),
    midnights as (select utc - (timezone($1, timezone('UTC', utc)) - utc) as midnight from days),
    instants as (select unnest([midnight - interval 1 second, midnight]) as instant from midnights)
  select epoch_ms(instant), ${dayOf('instant')} - date '1970-01-01' from instants order by instant`;

/** Days from midnight to midnight on which Node gives another day than DuckDB, those that follow each other as one. */
const differencesOf = async (zone: string): Promise<readonly string[]> => {
  const rows = (await connection().runAndReadAll(MIDNIGHTS, [zone])).getRows();
  const ranges: { readonly from: number; to: number }[] = [];
  for (const [instant, day] of rows) {
    if (dayAt(Number(instant), zone) === Number(day)) continue;
    const last = ranges.at(-1);
    if (last === undefined || Number(day) - last.to > 1) ranges.push({ from: Number(day), to: Number(day) });
    else last.to = Number(day);
  }
  return ranges.map(({ from, to }) => `${zone} from ${formatDay(from)} to ${formatDay(to)}`);
};

it('days begin in DuckDB when they begin in Node, in all zones but where it is known', async () => {
  const differences: string[] = [];
  for (const zone of Intl.supportedValuesOf('timeZone')) differences.push(...(await differencesOf(zone)));
  expect(differences).toEqual(KNOWN);
});
