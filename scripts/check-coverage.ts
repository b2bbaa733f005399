import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import coverage from 'istanbul-lib-coverage';
import { breaches, type CoveragePolicy, fileCoverages, workspaceCoverages } from './coverage-policy.ts';
import { ROOT } from './run-step.ts';

/**
 * Adds up what the test projects covered, prints it by workspace and then every breach of
 * coverage.policy.json. Resolves to the breaches.
 */
export async function checkCoverage(folder: string): Promise<string[]> {
  const map = coverage.createCoverageMap();
  for await (const file of glob('*/coverage-final.json', { cwd: folder })) {
    map.merge(JSON.parse(await readFile(join(folder, file), 'utf8')));
  }
  const policy: CoveragePolicy = JSON.parse(await readFile(`${ROOT}coverage.policy.json`, 'utf8'));
  const files = fileCoverages(map, ROOT);
  const percent = ({ total, covered }: { total: number; covered: number }) =>
    `${(total === 0 ? 100 : Math.floor((covered / total) * 1000) / 10).toFixed(1)} %`.padStart(9);

  console.log(`\n${'coverage'.padEnd(28)}${'lines'.padStart(9)}${'branches'.padStart(11)}`);
  for (const { workspace, lines, branches } of workspaceCoverages(files)) {
    console.log(`  ${workspace.padEnd(26)}${percent(lines)}  ${percent(branches)}`);
  }
  for (const [file, { lines, branches, reason }] of Object.entries({ ...policy.leftOut, ...policy.byChance })) {
    console.log(`  left out in ${file} (lines ${lines}, branches ${branches}): ${reason}`);
  }
  const found = files.length === 0 ? ['no coverage was measured'] : breaches(files, policy);
  for (const breach of found) console.log(`  ${breach}`);
  return found;
}
