/** One measured run of one side. */
export interface Sample {
  readonly operations: number;
  readonly seconds: number;
  /** CPU microseconds of the measured program per operation, where it is a process of its own. */
  readonly cpuMicroseconds?: number | undefined;
  /** Peak resident memory of the measured program in bytes. */
  readonly peakMemory?: number | undefined;
  /** Seconds of each part, where the work has parts that are compared one by one: the round's ratio is then the median over them. */
  readonly parts?: Readonly<Record<string, number>> | undefined;
}

export interface Contest {
  /** Runs the reference for about `seconds`, or its whole work once. */
  reference(seconds: number): Promise<Sample>;
  ours(seconds: number): Promise<Sample>;
  /** Figures printed beside the ratio. */
  figures?(): Promise<readonly Figure[]>;
  close(): Promise<void>;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** One row of the table of targets. */
export interface BenchRow {
  /** Its number in the table. */
  readonly number: number;
  readonly name: string;
  readonly what: string;
  readonly reference: string;
  readonly unit: string;
  prepare(size: BenchSize): Promise<Contest>;
}

export interface BenchSize {
  /** A short round that only shows that the benchmark works. */
  readonly smoke: boolean;
  /** Seconds of one run of one side. */
  readonly seconds: number;
  readonly rounds: number;
  /** How many records bulk runs take; their own number unless told. */
  readonly records?: number | undefined;
}

export interface BenchResult {
  readonly number: number;
  readonly name: string;
  readonly unit: string;
  /** Rate of ours divided by that of the reference: the median over the rounds, the least and the greatest. */
  readonly ratio: number;
  readonly least: number;
  readonly greatest: number;
  readonly ours: number;
  readonly reference: number;
  readonly cpuMicroseconds: number | undefined;
  readonly peakMemory: number | undefined;
  readonly figures: readonly Figure[];
}

/** Alternates reference, ours, ours, reference in each round, so that a drift of the machine's speed falls on both alike. */
export const measure = async (row: BenchRow, size: BenchSize, report: (line: string) => void): Promise<BenchResult> => {
  const contest = await row.prepare(size);
  try {
    const rounds: Round[] = [];
    const samples: Sample[] = [];
    if (!size.smoke) {
      await contest.reference(size.seconds / 4);
      await contest.ours(size.seconds / 4);
    }
    for (let round = 1; round <= size.rounds; round += 1) {
      const before = await contest.reference(size.seconds);
      const ours = [await contest.ours(size.seconds), await contest.ours(size.seconds)];
      const after = await contest.reference(size.seconds);
      const done = compareRound([before, after], ours);
      rounds.push(done);
      samples.push(...ours);
      report(
        `  round ${round}/${size.rounds}: ${done.ratio.toFixed(3)} (ours ${show(done.ours)}, reference ${show(done.reference)} ${row.unit})`,
      );
    }
    const ratios = rounds.map(({ ratio }) => ratio);
    return {
      number: row.number,
      name: row.name,
      unit: row.unit,
      ratio: median(ratios),
      least: Math.min(...ratios),
      greatest: Math.max(...ratios),
      ours: median(rounds.map(({ ours }) => ours)),
      reference: median(rounds.map(({ reference }) => reference)),
      cpuMicroseconds: medianOf(samples.map(({ cpuMicroseconds }) => cpuMicroseconds)),
      peakMemory: medianOf(samples.map(({ peakMemory }) => peakMemory)),
      figures: [...partFigures(rounds), ...((await contest.figures?.()) ?? [])],
    };
  } finally {
    await contest.close();
  }
};

interface Round {
  readonly ratio: number;
  readonly reference: number;
  readonly ours: number;
  /** Ratio of each part. */
  readonly parts: Readonly<Record<string, number>>;
}

const compareRound = (references: readonly Sample[], ours: readonly Sample[]): Round => {
  const seconds = (samples: readonly Sample[], name: string): number => samples.reduce((sum, { parts }) => sum + (parts?.[name] ?? 0), 0);
  const names = Object.keys(ours[0]?.parts ?? {});
  const parts = Object.fromEntries(names.map((name) => [name, seconds(references, name) / seconds(ours, name)]));
  const rates = { reference: rate(references), ours: rate(ours) };
  return { ...rates, ratio: names.length === 0 ? rates.ours / rates.reference : median(Object.values(parts)), parts };
};

const partFigures = (rounds: readonly Round[]): readonly Figure[] =>
  Object.keys(rounds[0]?.parts ?? {}).map((name) => ({
    name,
    value: median(rounds.map(({ parts }) => parts[name] ?? Number.NaN)),
    unit: 'of the reference',
  }));

const rate = (samples: readonly Sample[]): number =>
  samples.reduce((sum, { operations }) => sum + operations, 0) / samples.reduce((sum, { seconds }) => sum + seconds, 0);

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
};

const medianOf = (values: readonly (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
};

/** A figure with three significant digits at least: `12,345` or `0.123`. */
export const show = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));
