import { type BenchRow, type BenchSize, type Contest, median, type Sample, show } from './protocol.ts';

/** Records at which the cost of a row is measured, unless told. */
export const GROWTH_SIZES: readonly number[] = [10_000, 1_000_000, 10_000_000];
/** Rows whose cost must not grow faster than their records. */
export const GROWING_ROWS: readonly number[] = [2, 6];

/** How the cost of one kind of operation grows. */
export interface Growth {
  readonly name: string;
  /** Microseconds of an operation, for each size. */
  readonly costs: readonly number[];
  /** The power of the records that the cost grows by, from each size to the next: 0 is level, 1 is linear. */
  readonly powers: readonly number[];
  readonly isSuperlinear: boolean;
}

/** What a machine's noise may add to a power: 10 % in ten-fold records is 0.04, twice the cost is 0.3. */
const TOLERANCE = 0.1;

/** Measures the row at each size, smallest first; a row with parts has a growth for each of them. */
export const measureGrowth = async (
  row: BenchRow,
  sizes: readonly number[],
  size: BenchSize,
  report: (line: string) => void,
): Promise<readonly Growth[]> => {
  const costs: ReadonlyMap<string, number>[] = [];
  for (const records of sizes) {
    const contest = await row.prepare({ ...size, records });
    try {
      const found = await costsOf(row, contest, size);
      costs.push(found);
      report(`  ${records.toLocaleString('en')} records: ${[...found].map(([name, cost]) => `${name} ${show(cost)} µs`).join('; ')}`);
    } finally {
      await contest.close();
    }
  }
  return [...(costs[0]?.keys() ?? [])].map((name) =>
    growthOf(
      name,
      sizes,
      costs.map((each) => each.get(name) ?? Number.NaN),
    ),
  );
};

const costsOf = async (row: BenchRow, contest: Contest, size: BenchSize): Promise<ReadonlyMap<string, number>> => {
  // What is read for the first time comes from the disk.
  if (!size.smoke) await contest.ours(size.seconds / 4);
  const samples: Sample[] = [];
  for (let round = 0; round < size.rounds; round += 1) samples.push(await contest.ours(size.seconds));
  const names = Object.keys(samples[0]?.parts ?? {});
  if (names.length === 0) {
    return new Map([[row.name, median(samples.map(({ seconds, operations }) => (seconds * 1e6) / operations))]]);
  }
  return new Map(names.map((name) => [name, median(samples.map(({ parts }) => (parts?.[name] ?? Number.NaN) * 1e6))]));
};

/** Costs are microseconds at each of the sizes. */
export const growthOf = (name: string, sizes: readonly number[], costs: readonly number[]): Growth => {
  const powers = sizes.slice(1).map((records, index) => {
    const grown = (costs[index + 1] ?? Number.NaN) / (costs[index] ?? Number.NaN);
    return Math.log(grown) / Math.log(records / (sizes[index] ?? Number.NaN));
  });
  return { name, costs, powers, isSuperlinear: powers.some((power) => power > 1 + TOLERANCE) };
};

/** A table with the cost of an operation at each size, and the power of the records that it grows by. */
export const growthTable = (sizes: readonly number[], growths: readonly Growth[]): string => {
  const head = ['operation', ...sizes.map((records) => `µs at ${records.toLocaleString('en')}`), 'power', ''];
  const lines = growths.map(({ name, costs, powers, isSuperlinear }) => [
    name,
    ...costs.map(show),
    powers.map((power) => power.toFixed(2)).join(', '),
    isSuperlinear ? 'superlinear' : '',
  ]);
  return `${[head, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
};

/** Sizes as they are given: `10000,1000000`. */
export const parseSizes = (text: string): readonly number[] => {
  const sizes = text.split(',').map(Number);
  const isGrowing = sizes.every((size, index) => Number.isInteger(size) && size > (sizes[index - 1] ?? 0));
  if (sizes.length > 1 && isGrowing) return sizes;
  throw new Error(
    `--sizes is ${JSON.stringify(text)}; allowed are at least two whole numbers, each greater than the one before: 10000,1000000`,
  );
};
