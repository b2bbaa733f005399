/**
 * `./sophia test`: proves everything, step by step, and sums up. With arguments it is Vitest on the
 * tests that they select (`./sophia test packages/cache`, `./sophia test unit`, `./sophia test --changed`).
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { checkCoverage } from './check-coverage.ts';
import { prepareEngines } from './engines.ts';
import { ROOT, runStep } from './run-step.ts';
import { failuresOf, sumOf, type Totals, totalsOf, type VitestReport } from './test-totals.ts';
import { vitestArguments } from './vitest-arguments.ts';

const CI = (process.env.CI ?? '') !== '';
const REPORTS = `${ROOT}.cache/test`;

const CHECKS = {
  types: ['tsc', '-p', '.'],
  lint: ['biome', 'check', '--error-on-warnings', '.'],
  boundaries: ['turbo', 'boundaries'],
  unused: ['knip'],
} as const;

/**
 * Vitest's projects, quickest first, and whose code counts as covered: that of the tests' own process, or
 * of the processes that they start. Never both at once: Vitest adds counts up by their place in the text,
 * and what it runs itself has another text than what Node runs.
 */
const PROJECTS = { architecture: 'none', unit: 'own', engine: 'own', e2e: 'started' } as const;
type Covers = (typeof PROJECTS)[keyof typeof PROJECTS];

interface Step extends Totals {
  readonly name: string;
  readonly seconds: number;
  /** What failed and why, where that is known test by test. */
  readonly failures?: readonly string[];
}

const words = process.argv.slice(2);
const asJson = words.includes('--json');
/** What people read leaves standard output to the JSON that was asked for. */
const say = asJson ? console.error : console.log;
const SHOWN = { shown: true, aside: asJson };

process.exitCode = words.every((word) => word === '--json') ? await testAll() : await testSelected();

async function testSelected(): Promise<number> {
  const report = `${REPORTS}/selected.json`;
  const reported = asJson ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
  if (asJson) await rm(report, { force: true });
  const { exitCode } = await runStep('vitest', ['run', ...vitestArguments(words, Object.keys(PROJECTS)), ...reported], SHOWN);
  if (!asJson) return exitCode;
  const written = await readReport(report);
  console.log(JSON.stringify({ ...totalsOf(written, exitCode), failures: failuresOf(written, ROOT) }));
  return exitCode;
}

async function testAll(): Promise<number> {
  await rm(REPORTS, { recursive: true, force: true });
  await mkdir(REPORTS, { recursive: true });
  const steps: Step[] = [];
  for (const [name, [program, ...args]] of Object.entries(CHECKS)) steps.push(await checkStep(name, program, args));
  steps.push(await enginesStep());
  for (const [name, covers] of Object.entries(PROJECTS)) steps.push(await projectStep(name, covers));
  steps.push(await coverageStep());

  const total = sumOf(steps);
  if (CI && total.skipped > 0) say(`\n${total.skipped} skipped tests have failed: with CI set, every engine must be there`);
  // Here once more, and not only where it happened: whoever keeps but the end of the output has it.
  for (const { name, failures = [] } of steps) for (const failure of failures) say(`\n${name} test failed: ${failure}`);
  say(`\n${'step'.padEnd(14)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'skipped'.padStart(9)}${'seconds'.padStart(9)}`);
  for (const { name, passed, failed, skipped, seconds } of [...steps, { name: 'all', ...total, seconds: performance.now() / 1000 }]) {
    say(
      `${name.padEnd(14)}${`${passed}`.padStart(8)}${`${failed}`.padStart(8)}${`${skipped}`.padStart(9)}${seconds.toFixed(1).padStart(9)}`,
    );
  }
  const failed = total.failed + (CI ? total.skipped : 0);
  if (asJson) console.log(JSON.stringify({ steps, total: { ...total, failed } }));
  await writeFile(`${REPORTS}/totals`, `${total.passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

async function checkStep(name: string, program: string, args: readonly string[]): Promise<Step> {
  const { exitCode, seconds, output } = await runStep(program, args, { shown: false });
  say(`${name}: ${exitCode === 0 ? 'ok' : 'failed'} (${seconds.toFixed(1)} s)`);
  if (exitCode !== 0) say(output);
  return { name, seconds, ...verdict(exitCode === 0) };
}

/** On a person's machine what is missing is told and its tests are skipped; in CI it fails. */
async function enginesStep(): Promise<Step> {
  const started = performance.now();
  const missing = await prepareEngines();
  for (const { engine, reason } of missing) say(`not here: ${engine}, so its tests are ${CI ? 'failed' : 'skipped'} (${reason})`);
  const seconds = (performance.now() - started) / 1000;
  if (missing.length === 0) say(`engines: ok (${seconds.toFixed(1)} s)`);
  return { name: 'engines', seconds, ...verdict(missing.length === 0 || !CI) };
}

async function projectStep(name: string, covers: Covers): Promise<Step> {
  say(`\n${name} tests`);
  const report = `${REPORTS}/${name}.json`;
  const { exitCode, seconds } = await runStep(
    'vitest',
    [
      'run',
      `--project=${name}`,
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...(covers === 'none' ? [] : ['--coverage', `--coverage.reportsDirectory=${REPORTS}/coverage/${name}`]),
      ...(covers === 'started' ? ['--coverage.autoAttachSubprocess'] : []),
    ],
    SHOWN,
  );
  const written = await readReport(report);
  return { name, seconds, ...totalsOf(written, exitCode), failures: failuresOf(written, ROOT) };
}

/** None where the run ended before there was one. */
function readReport(path: string): Promise<VitestReport | undefined> {
  return readFile(path, 'utf8').then(JSON.parse, () => undefined);
}

async function coverageStep(): Promise<Step> {
  const started = performance.now();
  const found = await checkCoverage(`${REPORTS}/coverage`, projectsThat('own'), projectsThat('started'));
  return { name: 'coverage', seconds: (performance.now() - started) / 1000, ...verdict(found.length === 0) };
}

function projectsThat(cover: Covers): string[] {
  return Object.entries(PROJECTS).flatMap(([name, covers]) => (covers === cover ? [name] : []));
}

function verdict(passed: boolean): Totals {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}
