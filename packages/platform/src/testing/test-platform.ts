import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnswerData, type AskOptions, answerData } from '@sophia/analytics';
import { systemPrincipal } from '@sophia/auth';
import type { Observability } from '@sophia/observability';
import { type Configuration, parseConfiguration } from '@sophia/shared';
import type { Call, JsonObject, MetricQuery, Role, WorkspaceRef } from '@sophia/types';
import pg from 'pg';
import { createPlatform, type Platform } from '../create-platform.ts';
import { loadSample, SAMPLE_FOLDER } from '../load-sample.ts';

/** A real platform in a folder of its own, and what tests do with it. */
export interface TestPlatform {
  readonly platform: Platform;
  readonly workspace: WorkspaceRef;
  readonly call: Call;
  as(role: Role, userRecord?: { readonly source_system: string; readonly source_id: string }): Call;
  ask(query: MetricQuery, options?: AskOptions, call?: Call): Promise<AnswerData>;
  /** Writes a record of the source `test`; resolves to the write's token. */
  write(recordType: string, sourceId: string, fields: JsonObject): Promise<string>;
  /** The same, and waits until the warehouse has it, longer than a question would. */
  apply(recordType: string, sourceId: string, fields: JsonObject): Promise<string>;
  /** Runs a statement as the owner of the tables, past all that guards them; resolves to its rows. */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Closes the platform and opens it again on the same folder; `meanwhile` is done in between. */
  restart(meanwhile?: (configuration: Configuration) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface TestPlatformOptions {
  readonly sample?: boolean;
  /** What the environment sets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly observability?: Observability;
}

/** A bound on what never comes, not on slow machines. */
const APPLY_MS = 30_000;

export const openTestPlatform = async ({ sample = false, env = {}, observability }: TestPlatformOptions = {}): Promise<TestPlatform> => {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-platform-'));
  const configuration = parseConfiguration({ env, arguments: { 'data-dir': join(folder, 'data') }, file: 'log:\n  level: error\n' });
  const open = (): Promise<Platform> => createPlatform({ configuration, version: 'test', observability });
  let platform = await open();
  const workspace = await platform.auth.workspaces.ensure('main');
  await platform.workspaces.refresh();
  if (sample) await loadSample(platform, { folder: SAMPLE_FOLDER, workspace });
  const call: Call = { principal: systemPrincipal('test', workspace), via: 'system' };

  const write = async (recordType: string, sourceId: string, fields: JsonObject): Promise<string> => {
    const { token } = await platform.catalog.records.upsert(
      call,
      { recordType, sourceSystem: 'test' },
      { line: 1, source_id: sourceId, fields },
    );
    return token;
  };

  return {
    get platform() {
      return platform;
    },
    workspace,
    call,
    as: (role, userRecord) => ({
      principal: { id: `test:${role}`, name: role, role, workspace: workspace.id, workspaceName: workspace.name, userRecord },
      via: 'rest',
    }),
    ask: async (query, options, caller = call) => answerData(await platform.analytics.ask(caller, query, options)),
    write,
    async apply(recordType, sourceId, fields) {
      const token = await write(recordType, sourceId, fields);
      await platform.analytics.waitForWrite(token, APPLY_MS);
      return token;
    },
    async sql(text, values = []) {
      const owner = new pg.Client({ ...platform.owner });
      await owner.connect();
      try {
        return (await owner.query(text, [...values])).rows;
      } finally {
        await owner.end();
      }
    },
    async restart(meanwhile) {
      await platform.close();
      await meanwhile?.(configuration);
      platform = await open();
    },
    async close() {
      await platform.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
