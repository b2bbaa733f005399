import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemPrincipal } from '@sophia/auth';
import type { ImportProgress, ImportReport } from '@sophia/catalog';
import { mapSource, openSource, parseMapping } from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';
import type { Call, WorkspaceRef } from '@sophia/types';
import { parse } from 'yaml';
import type { Platform } from './create-platform.ts';

/** The sample that Sophia brings. */
export const SAMPLE_FOLDER = fileURLToPath(new URL('../../../samples/crm/', import.meta.url));

export interface SampleOptions {
  /** Folder of the sample: `sample.yaml`, its data and mappings. */
  readonly folder: string;
  readonly workspace: WorkspaceRef;
  readonly onProgress?: ((file: string, progress: ImportProgress) => void) | undefined;
}

interface SampleManifest {
  readonly name: string;
  readonly reporting_date: string;
  readonly imports: readonly { readonly file: string; readonly mapping: string }[];
}

/** Longest wait until the answers contain the sample, in milliseconds. */
const APPLY_MS = 60_000;

/** Imports the sample into a workspace until the answers contain it. Interrupted, it goes on where it was; finished, it changes nothing. */
export const loadSample = async (
  platform: Platform,
  { folder, workspace, onProgress }: SampleOptions,
): Promise<readonly ImportReport[]> => {
  const { analytics, catalog, auth } = platform;
  const call: Call = { principal: systemPrincipal('sample', workspace), via: 'system' };
  // Written by us and shipped with the code.
  const manifest: SampleManifest = parse(await readFile(join(folder, 'sample.yaml'), 'utf8'), { schema: 'failsafe' });
  const definitions = await catalog.recordTypes.list(call);
  const reports: ImportReport[] = [];
  for (const { file, mapping: mappingFile } of manifest.imports) {
    const mapping = parseMapping(await readFile(join(folder, mappingFile), 'utf8'), mappingFile, definitions);
    const definition = definitions.find(({ name }) => name === mapping.record_type);
    if (definition === undefined)
      throw new SophiaError('unknown_record_type', `${mappingFile} is for ${mapping.record_type}, which is no record type.`);
    const source = await openSource({ kind: 'file', path: join(folder, file) });
    const { items } = await mapSource(source, mapping, definition);
    const running = await catalog.imports.start(
      call,
      {
        name: `sample ${manifest.name}: ${file}`,
        kind: 'file',
        sourceSystem: mapping.source_system,
        idempotency: { route: 'sample', key: `sample:${manifest.name}:${file}` },
        bytesTotal: source.progress().bytesTotal ?? undefined,
        onProgress: (progress) => onProgress?.(file, progress),
      },
      items,
    );
    reports.push(await running.finished);
  }
  await auth.workspaces.configure(call, { reporting_date: manifest.reporting_date });
  for (const { token } of reports) if (token !== null) await analytics.waitForWrite(token, APPLY_MS);
  return reports;
};
