import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import coverage, { type CoverageMapData } from 'istanbul-lib-coverage';
import { addByPlace } from './add-coverage.ts';
import { breaches, type CoveragePolicy, fileCoverages, workspaceCoverages } from './coverage-policy.ts';
import { ROOT } from './run-step.ts';

/**
 * Adds up what the test projects covered (`own`), and what the processes covered that some of them
 * started, prints it by workspace and then every breach of
 * coverage.policy.json. Resolves to the breaches.
 */
export async function checkCoverage(folder: string, own: readonly string[], started: readonly string[]): Promise<string[]> {
  const map = coverage.createCoverageMap();
  for (const data of await covered(folder, own)) map.merge(data);
  for (const data of await covered(folder, started)) addByPlace(map, data);
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

/** None of a project whose tests did not run to their end. */
const covered = async (folder: string, projects: readonly string[]): Promise<CoverageMapData[]> => {
  const read = projects.map((project) => readFile(join(folder, project, 'coverage-final.json'), 'utf8').then(JSON.parse, () => ({})));
  return Promise.all(read);
};
