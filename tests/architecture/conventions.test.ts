import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isProof, ROOT, readSources, readWorkspaces } from './repository.ts';

/** The places that read the environment: configuration, and the edge of the command line. Everything else is given its own. */
const CONFIGURATION =
  /^(packages\/(shared|platform)\/src\/(configuration|config)[\w/-]*\.ts|apps\/sophia\/src\/command-line\/environment\.ts)$/;

const sources = await readSources(await readWorkspaces());
const product = sources.filter(({ path }) => !isProof(path));

describe('files', () => {
  test('are named in kebab-case, after what they hold', () => {
    const odd = sources.filter(({ path }) => {
      const name = basename(path).replace(/(\.(engine|test|contract|d))*\.ts$/, '');
      return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || /^(utils?|helpers?|common|manager|data|misc)$/.test(name);
    });
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  test('are short: half of them under 100 lines, one in twenty over 300', () => {
    const lengths = product.map(({ text }) => text.split('\n').length).sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(100);
    expect(lengths[Math.floor(lengths.length * 0.95)]).toBeLessThanOrEqual(300);
  });
});

describe('core', () => {
  test('is pure: no I/O, no clock, no chance', () => {
    const impure =
      /'node:(fs|net|https?|child_process|timers|worker_threads|os)\b|\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bMath\.random\(|\brandom(UUID|Bytes)\b|\bset(Timeout|Interval|Immediate)\(/;
    expect(product.filter(({ path, text }) => path.startsWith('packages/core/') && impure.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('errors', () => {
  test('are never swallowed: an empty catch says why', () => {
    expect(product.filter(({ text }) => /\bcatch (\(\w+\) )?\{\s*\}/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('the environment', () => {
  test('is read by configuration only', () => {
    const readers = product.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path);
    expect(readers.filter((path) => !CONFIGURATION.test(path))).toEqual([]);
  });
});

describe('the linter', () => {
  const refused = {
    'a blocking read': ["import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x');", 'noSyncMethods'],
    'a blocking process': ["import { execSync } from 'node:child_process';\nexport const text = execSync('x');", 'noSyncMethods'],
    'a blocking compression': ["import * as zlib from 'node:zlib';\nexport const text = zlib.gzipSync('x');", 'noSyncMethods'],
    'a blocking hash': ["import { scryptSync } from 'node:crypto';\nexport const key = scryptSync('a', 'b', 8);", 'noSyncMethods'],
    'a blocking wait': ['Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);', 'noJsRestrictedProperties'],
    printing: ["console.log('x');", 'noConsole'],
    'the environment': ['export const home = process.env.HOME;', 'noProcessEnv'],
    any: ['export const anything = (value: any) => value;', 'noExplicitAny'],
    'a promise that nobody waits for': ['const work = async () => 1;\nwork();', 'noFloatingPromises'],
  } as const satisfies Record<string, readonly [code: string, rule: string]>;

  test('refuses what would stop the event loop or escape a review, on every server path, and nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sophia-lint-'));
    try {
      const file = (name: string) => `services/catalog/src/${name.replaceAll(' ', '-')}.ts`;
      await mkdir(join(folder, 'services/catalog/src'), { recursive: true });
      await copyFile(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
      await writeFile(join(folder, file('plain code')), 'export const double = (value: number): number => value * 2;\n');
      for (const [name, [code]] of Object.entries(refused)) await writeFile(join(folder, file(name)), `${code}\n`);

      const expected = Object.entries(refused).map(([name, [, rule]]) => `${file(name)} ${rule}`);
      expect(await lint(folder)).toEqual(expected.sort());
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** `file rule` of each finding in the folder. */
async function lint(folder: string): Promise<string[]> {
  const biome = join(ROOT, 'node_modules/.bin/biome');
  const report = await new Promise<string>((resolve) => {
    const options = ['lint', '--reporter=json', '--max-diagnostics=none', '--vcs-enabled=false', '.'];
    execFile(biome, options, { cwd: folder, timeout: 30_000, maxBuffer: 1 << 24 }, (_, stdout) => resolve(stdout));
  });
  const { diagnostics }: { diagnostics: { category: string; location: { path: string } }[] } = JSON.parse(report);
  return diagnostics.map(({ category, location }) => `${location.path} ${category.split('/').at(-1)}`).sort();
}
