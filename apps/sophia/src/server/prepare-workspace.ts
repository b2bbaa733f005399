import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSample, type Platform, SAMPLE_FOLDER } from '@sophia/platform';
import type { WorkspaceRef } from '@sophia/types';

/** Says that the sample was begun or is there: what people change in it afterwards is theirs. */
const markerOf = (dataDirectory: string): string => join(dataDirectory, 'run', 'sample');

/** Makes the configured workspace; a new one is filled with the sample, also when an earlier start was cut off in the middle of that. */
export const prepareWorkspace = async (platform: Platform, say: (line: string) => void): Promise<void> => {
  const { auth, configuration, workspaces } = platform;
  const marker = markerOf(configuration.dataDirectory);
  const isNew = (await auth.workspaces.find(configuration.workspace)) === undefined;
  if (isNew && configuration.sample) await writeFile(marker, 'loading');
  const workspace = await auth.workspaces.ensure(configuration.workspace);
  await workspaces.refresh();
  const state = await readFile(marker, 'utf8').catch(() => '');
  if (state !== 'loading') return;
  await fillWithSample(platform, workspace, say);
  await writeFile(marker, 'loaded');
};

const fillWithSample = async (platform: Platform, workspace: WorkspaceRef, say: (line: string) => void): Promise<void> => {
  say(`filling workspace ${workspace.name} with the sample`);
  for (const report of await loadSample(platform, { folder: SAMPLE_FOLDER, workspace })) {
    const repairs = Object.entries(report.repairs).map(([rule, count]) => `${rule} ${count}`);
    const { read, created, updated, unchanged, rejected } = report;
    say(`  ${report.name}: ${read} read = ${created} created + ${updated} updated + ${unchanged} unchanged + ${rejected} rejected`);
    if (repairs.length > 0) say(`    repaired: ${repairs.join(', ')}`);
  }
};
