import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadSample, type Platform, SAMPLE_FOLDER } from '@sophia/platform';
import type { WorkspaceRef } from '@sophia/types';
import { ifThere } from '../input/if-there.ts';

/** Says that the sample was begun, and in which workspace, or is there: what people change in it afterwards is theirs. */
const markerOf = (dataDirectory: string): string => join(dataDirectory, 'run', 'sample');

export interface PreparationOptions {
  /** Whether a server starts rather than one command, which makes no workspace where there are others: its name may be mistyped. */
  readonly listens: boolean;
  readonly say: (line: string) => void;
}

/**
 * Makes the configured workspace. The first of all is filled with the sample, also when an earlier start was cut off in the
 * middle of that; any later one is empty.
 */
export const prepareWorkspace = async (platform: Platform, { listens, say }: PreparationOptions): Promise<void> => {
  const { auth, configuration, workspaces } = platform;
  const { workspace: name } = configuration;
  const marker = markerOf(configuration.dataDirectory);
  const isFirst = (await auth.workspaces.all()).length === 0;
  if (isFirst) await makeFirst(platform, marker);
  else if (listens) await makeAnother(platform, name, say);
  await workspaces.refresh();
  const state = (await ifThere(readFile(marker, 'utf8'))) ?? '';
  if (!state.startsWith(LOADING)) return;
  await fillWithSample(platform, await auth.workspaces.ensure(state.slice(LOADING.length)), say);
  await writeFile(marker, 'loaded');
};

const LOADING = 'loading ';

/** Of instances that start at once, the one that makes the workspace fills it; the marker is there before, for whoever is cut off. */
const makeFirst = async ({ auth, configuration: { workspace, sample } }: Platform, marker: string): Promise<void> => {
  if (sample) await writeFile(marker, `${LOADING}${workspace}`);
  if ((await auth.workspaces.make(workspace)) === undefined) await rm(marker, { force: true });
};

const makeAnother = async ({ auth }: Platform, name: string, say: (line: string) => void): Promise<void> => {
  if ((await auth.workspaces.find(name)) !== undefined) return;
  await auth.workspaces.ensure(name);
  say(`made the workspace ${name}, which is empty: others are in this data folder already`);
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
