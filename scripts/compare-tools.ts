/**
 * Measures the tools that could do the work of ours, on this repository's own code, in a temporary
 * folder: `node scripts/compare-tools.ts [transpile] [check] [test] [install]`. Prints a Markdown
 * table for each: the median wall time of the rounds, and the CPU time (user and system) of that round,
 * which other work on the machine moves less.
 */
import { spawn } from 'node:child_process';
import { cp, glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from './run-step.ts';

const ROUNDS = 3;
/** Whose unit tests both runners run. */
const TESTED = 'packages/core';
const RIVALS = {
  esbuild: '0.28.2',
  '@swc/core': '1.16.22',
  '@swc/jest': '0.2.39',
  jest: '30.5.2',
  pnpm: '12.21.0',
  'typescript-5': 'npm:typescript@5.9.3',
};

interface Contestant {
  readonly name: string;
  readonly command: string;
  /** Done before each round, not measured. */
  readonly before?: string;
}

const folder = await mkdtemp(join(tmpdir(), 'sophia-tools-'));
const bin = `${folder}/rivals/node_modules/.bin`;
try {
  const wanted = process.argv.slice(2);
  const asked = (name: string) => wanted.length === 0 || wanted.includes(name);
  await installRivals();
  await copySources();
  await describeMachine();
  if (asked('transpile')) await compare('TypeScript to JavaScript, every file', await transpilers());
  if (asked('check')) await compare('Type check', checkers());
  if (asked('test')) await compare(`Unit tests of ${TESTED}`, await testRunners());
  if (asked('install')) await compare('Install from a lock file', await installers());
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function compare(title: string, contestants: readonly Contestant[]): Promise<void> {
  console.log(`\n### ${title}\n\n| tool | seconds | CPU seconds |\n|---|---|---|`);
  for (const { name, command, before } of contestants) {
    const rounds: { wall: number; cpu: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      if (before !== undefined) await shell(before);
      rounds.push(await shell(command));
    }
    const median = rounds.sort((a, b) => a.wall - b.wall)[Math.floor(ROUNDS / 2)];
    if (median !== undefined) console.log(`| ${name} | ${median.wall.toFixed(2)} | ${median.cpu.toFixed(2)} |`);
  }
}

/** Runs a command line with Bash's own stop watch, and fails with what it printed. */
async function shell(command: string): Promise<{ wall: number; cpu: number }> {
  const child = spawn('bash', ['-c', `TIMEFORMAT='%R %U %S'; cd ${folder}; time { ( ${command} ) >${folder}/output 2>&1; }; exit $?`], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, PATH: `${ROOT}.tools/bin:${process.env.PATH}`, NODE_COMPILE_CACHE: '', npm_config_update_notifier: 'false' },
  });
  let times = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    times += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`${command}\n${await readFile(`${folder}/output`, 'utf8')}`);
  const [wall = 0, user = 0, system = 0] = times.trim().split(' ').map(Number);
  return { wall, cpu: user + system };
}

async function installRivals(): Promise<void> {
  await mkdir(`${folder}/rivals`);
  await writeFile(`${folder}/rivals/package.json`, JSON.stringify({ private: true, dependencies: RIVALS }));
  await shell('cd rivals && npm install --no-audit --no-fund');
}

/** The sources beside the installed packages that they import. */
async function copySources(): Promise<void> {
  for (const part of ['packages', 'services', 'apps', 'samples']) {
    await cp(`${ROOT}${part}`, `${folder}/code/${part}`, { recursive: true, verbatimSymlinks: true });
  }
  await symlink(`${ROOT}node_modules`, `${folder}/code/node_modules`);
  for (const file of ['package.json', 'tsconfig.json', 'vitest.config.ts']) await cp(ROOT + file, `${folder}/code/${file}`);
}

async function describeMachine(): Promise<void> {
  let files = 0;
  let lines = 0;
  for await (const path of glob('{packages,services,apps}/*/src/**/*.ts', { cwd: ROOT })) {
    files++;
    lines += (await readFile(ROOT + path, 'utf8')).split('\n').length;
  }
  const memory = Math.round(totalmem() / 2 ** 30);
  console.log(
    `${availableParallelism()} cores, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.version}; ${files} files, ${lines} lines`,
  );
}

async function transpilers(): Promise<Contestant[]> {
  const each = (load: string, transform: string) => `
    import { readFileSync, globSync } from 'node:fs';
    ${load}
    for (const file of globSync('code/{packages,services,apps}/*/src/**/*.ts')) { const code = readFileSync(file, 'utf8'); ${transform}; }`;
  const programs = {
    none: each('', ''),
    node: each("import { stripTypeScriptTypes } from 'node:module';", 'stripTypeScriptTypes(code)'),
    esbuild: each("import { transformSync } from './rivals/node_modules/esbuild/lib/main.js';", "transformSync(code, { loader: 'ts' })"),
    swc: each(
      "import swc from './rivals/node_modules/@swc/core/index.js';",
      "swc.transformSync(code, { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' } })",
    ),
  };
  for (const [name, program] of Object.entries(programs)) await writeFile(`${folder}/transpile-${name}.mjs`, program);
  const emit = '--noEmit false --incremental false --noCheck --rewriteRelativeImportExtensions --outDir ../out --rootDir .';
  return [
    { name: 'reading the files only', command: 'node transpile-none.mjs' },
    { name: "Node's type stripping", command: 'node --disable-warning=ExperimentalWarning transpile-node.mjs' },
    { name: 'esbuild, API', command: 'node transpile-esbuild.mjs' },
    {
      name: 'esbuild, command',
      command: `${bin}/esbuild 'code/packages/*/src/**/*.ts' 'code/services/*/src/**/*.ts' 'code/apps/*/src/**/*.ts' --outdir=out --log-level=error`,
    },
    { name: 'SWC, API', command: 'node transpile-swc.mjs' },
    { name: 'tsc 7, no check', command: `cd code && ${ROOT}node_modules/.bin/tsc -p . ${emit}`, before: 'rm -rf out' },
  ];
}

function checkers(): Contestant[] {
  const tsc = `${ROOT}node_modules/.bin/tsc`;
  const ours = `cd code && ${tsc} -p . --noCheck false --tsBuildInfoFile ../types.tsbuildinfo || true`;
  const old = `cd code && node ../rivals/node_modules/typescript-5/bin/tsc -p . --incremental false --skipLibCheck || true`;
  return [
    { name: 'tsc 7, from nothing', command: ours, before: 'rm -f types.tsbuildinfo' },
    { name: 'tsc 7, nothing changed', command: ours },
    { name: 'tsc 7, one file changed', command: ours, before: "echo '// changed' >>code/packages/types/src/record.ts" },
    { name: 'tsc 7, one thread, from nothing', command: ours.replace('-p .', '-p . --singleThreaded'), before: 'rm -f types.tsbuildinfo' },
    { name: 'tsc 5.9, from nothing', command: old },
  ];
}

/** The same files by both; Jest's `vitest` is a shim over its own globals. A test that looks at the class of an error fails there: modules have a realm of their own. */
async function testRunners(): Promise<Contestant[]> {
  await writeFile(
    `${folder}/rivals/jest-as-vitest.js`,
    [
      "import { jest } from '@jest/globals';",
      "export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from '@jest/globals';",
      'export const vi = Object.assign(Object.create(jest), { setConfig() {} });',
    ].join('\n'),
  );
  const configuration = {
    rootDir: `${folder}/code/${TESTED}`,
    roots: [`${folder}/code/${TESTED}`],
    testMatch: ['**/src/**/*.test.ts'],
    testPathIgnorePatterns: ['engine', 'node_modules/.bun'],
    extensionsToTreatAsEsm: ['.ts'],
    transform: { '\\.ts$': [`${folder}/rivals/node_modules/@swc/jest`, { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' } }] },
    transformIgnorePatterns: ['node_modules/(?!@sophia)'],
    moduleNameMapper: {
      '^vitest$': `${folder}/rivals/jest-as-vitest.js`,
      '^@jest/globals$': `${folder}/rivals/node_modules/@jest/globals`,
    },
    cacheDirectory: `${folder}/jest-cache`,
  };
  await writeFile(`${folder}/rivals/package.json`, JSON.stringify({ private: true, type: 'module', dependencies: RIVALS }));
  await writeFile(`${folder}/jest.config.json`, JSON.stringify(configuration));
  const jest = `node --experimental-vm-modules --disable-warning=ExperimentalWarning rivals/node_modules/jest/bin/jest.js --config jest.config.json || true`;
  const vitest = `cd code && node_modules/.bin/vitest run --project unit ${TESTED}`;
  return [
    { name: 'Vitest', command: `${vitest} --isolate` },
    { name: 'Vitest, files not isolated', command: vitest },
    { name: 'Jest with SWC, empty cache', command: jest, before: 'rm -rf jest-cache' },
    { name: 'Jest with SWC, filled cache', command: jest },
  ];
}

/** pnpm refuses another manager's project, npm does not know `workspace:`. */
function manifestFor(tool: string, text: string): string {
  if (tool === 'bun') return text;
  const plain = text.replace(/^ *"packageManager": .*\n/m, '');
  return tool === 'npm' ? plain.replaceAll('workspace:*', '*') : plain;
}

/** Our manifests in a bare monorepo. `npm ci` fails where a registry lacks a binary of another platform. */
async function installers(): Promise<Contestant[]> {
  for (const tool of ['bun', 'pnpm', 'npm']) {
    for await (const path of glob(
      '{package.json,{packages,services,apps,scripts,tests,bench}/package.json,{packages,services,apps}/*/package.json}',
      { cwd: ROOT },
    )) {
      const text = await readFile(ROOT + path, 'utf8');
      await mkdir(join(folder, tool, dirname(path)), { recursive: true });
      await writeFile(join(folder, tool, path), manifestFor(tool, text));
    }
  }
  await cp(`${ROOT}bun.lock`, `${folder}/bun/bun.lock`);
  const globs = ['packages/*', 'services/*', 'apps/*', 'scripts', 'tests', 'bench'].map((pattern) => `  - ${pattern}\n`).join('');
  await writeFile(`${folder}/pnpm/pnpm-workspace.yaml`, `packages:\n${globs}strictDepBuilds: false\nmanagePackageManagerVersions: false\n`);
  const commands = {
    bun: `cd bun && BUN_INSTALL_CACHE_DIR=${folder}/cache-bun bun install --frozen-lockfile --ignore-scripts`,
    pnpm: `cd pnpm && ${bin}/pnpm install --ignore-scripts --store-dir ${folder}/cache-pnpm --config.cache-dir=${folder}/cache-pnpm-metadata`,
    npm: `cd npm && npm install --ignore-scripts --no-audit --no-fund --cache ${folder}/cache-npm`,
  };
  const clean = (tool: string) => `find ${tool} -name node_modules -prune -exec rm -rf {} +`;
  await shell(commands.pnpm);
  await shell(commands.npm);
  return Object.entries(commands).flatMap(([tool, command]) => [
    { name: `${tool}, empty cache`, command, before: `${clean(tool)}; rm -rf cache-${tool}*` },
    { name: `${tool}, filled cache`, command, before: clean(tool) },
    { name: `${tool}, nothing to do`, command },
  ]);
}
