import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { GROWING_ROWS, GROWTH_SIZES, type Growth, growthTable, measureGrowth, parseSizes } from './growth.ts';
import { ProgramMissing } from './processes.ts';
import { type BenchResult, type BenchRow, type BenchSize, measure, show } from './protocol.ts';
import { ROWS } from './rows.ts';

/**
 * Runs the named benchmarks (all: none named), prints a table; with --check exits with 1 below a gate, or with --growth above linear.
 * What cannot be run is told in one line, with 2.
 */
const main = async (): Promise<number> => {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const refuse = (error: unknown): number => {
    const detail = error instanceof Error ? error.message : String(error);
    say(`sophia bench: ${detail}`);
    // What reads results reads this instead, as from every other command.
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ problem: { detail, exit: 2 } })}\n`);
    return 2;
  };
  let asked: ReturnType<typeof readArguments>;
  try {
    asked = readArguments();
  } catch (error) {
    return refuse(error);
  }
  try {
    return await run(asked, say);
  } catch (error) {
    if (error instanceof ProgramMissing) return refuse(error);
    throw error;
  }
};

const readArguments = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      check: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      records: { type: 'string' },
      growth: { type: 'boolean', default: false },
      sizes: { type: 'string' },
    },
  });
  const sizes = values.sizes === undefined ? GROWTH_SIZES : parseSizes(values.sizes);
  const rows = chosen(positionals.length === 0 && values.growth ? GROWING_ROWS.map(String) : positionals);
  return { values, sizes, rows };
};

const run = async ({ values, sizes, rows }: ReturnType<typeof readArguments>, say: (line: string) => void): Promise<number> => {
  const size: BenchSize = {
    smoke: values.smoke,
    rounds: Number(values.rounds ?? (values.smoke ? 1 : 5)),
    seconds: Number(values.seconds ?? (values.smoke ? 1 : 4)),
    ...(values.records === undefined ? {} : { records: Number(values.records) }),
  };
  const targets = JSON.parse(await readFile(new URL('./targets.json', import.meta.url), 'utf8'));
  say(
    `machine: ${os.cpus().length} x ${os.cpus()[0]?.model ?? 'unknown'}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  if (values.growth) return growth(rows, sizes, { size, check: values.check, json: values.json, say });
  const results: BenchResult[] = [];
  for (const row of rows) {
    say(`${row.number} ${row.name}: ${row.what}, against ${row.reference}`);
    results.push(await measure(row, size, say));
  }
  process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : table(results, targets));
  const missed = results.filter(({ number, ratio }) => ratio < (targets[number]?.gate ?? 0));
  if (!values.check || missed.length === 0) return 0;
  say(`below the gate: ${missed.map(({ number, name }) => `${number} ${name}`).join(', ')}`);
  return 1;
};

interface GrowthOptions {
  readonly size: BenchSize;
  readonly check: boolean;
  readonly json: boolean;
  readonly say: (line: string) => void;
}

/** Prints how the cost of rows grows with their records; with `check`, 1 where it grows faster than they. */
const growth = async (rows: readonly BenchRow[], sizes: readonly number[], { size, check, json, say }: GrowthOptions): Promise<number> => {
  const growths: Growth[] = [];
  for (const row of rows) {
    say(`${row.number} ${row.name}: ${row.what}, as the records grow`);
    growths.push(...(await measureGrowth(row, sizes, size, say)));
  }
  process.stdout.write(json ? `${JSON.stringify({ sizes, growths }, null, 2)}\n` : growthTable(sizes, growths));
  return check && growths.some(({ isSuperlinear }) => isSuperlinear) ? 1 : 0;
};

const chosen = (names: readonly string[]): readonly BenchRow[] => {
  if (names.length === 0) return ROWS;
  return names.map((name) => {
    const row = ROWS.find((candidate) => candidate.name === name || String(candidate.number) === name);
    if (row === undefined)
      throw new Error(`no benchmark "${name}": there are ${ROWS.map((each) => `${each.number} ${each.name}`).join(', ')}`);
    return row;
  });
};

const table = (results: readonly BenchResult[], targets: Record<string, { gate: number; stretch: number }>): string => {
  const lines = [['row', 'ratio', 'least', 'greatest', 'gate', 'stretch', 'ours', 'reference', 'unit', 'CPU µs/op', 'peak MB', 'more']];
  for (const result of results) {
    const target = targets[result.number];
    lines.push([
      `${result.number} ${result.name}`,
      result.ratio.toFixed(3),
      result.least.toFixed(3),
      result.greatest.toFixed(3),
      String(target?.gate ?? ''),
      String(target?.stretch ?? ''),
      show(result.ours),
      show(result.reference),
      result.unit,
      result.cpuMicroseconds === undefined ? '' : show(result.cpuMicroseconds),
      result.peakMemory === undefined ? '' : String(Math.round(result.peakMemory / 2 ** 20)),
      result.figures.map(({ name, value, unit }) => `${name} ${show(value)} ${unit}`).join('; '),
    ]);
  }
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
};

process.exitCode = await main();
