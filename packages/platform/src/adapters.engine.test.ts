import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestObservability } from '@sophia/observability/testing';
import { parseConfiguration } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type Position, type WorkspaceId } from '@sophia/types';
import { afterEach, expect, it, vi } from 'vitest';
import { openWarehouse } from './adapters.ts';

afterEach(() => void vi.useRealTimers());

/** Files of this process may not grow beyond so many bytes, as if the disk were full. Linux alone can set that for a process that runs. */
const limitFiles = (bytes: string) => promisify(execFile)('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);

it.runIf(process.platform === 'linux')('upkeep of the warehouse that fails is told in the log', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-upkeep-'));
  const observability = createTestObservability();
  // Upkeep is due half a minute after a batch.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const configuration = parseConfiguration({ env: {}, arguments: { 'data-dir': folder }, file: '' });
  const warehouse = await openWarehouse(configuration, observability.logger, new AbortController().signal);
  try {
    const fields = BUILTIN_RECORD_TYPES.find(({ name }) => name === 'deal')?.fields ?? [];
    const define = { kind: 'define', recordType: 'deal', workspace: 1 as WorkspaceId, fields } as const;
    const completeTo = '2026-01-01T00:00:00.000000Z';
    await warehouse.apply({ changes: [define], cursor: 'e.1.0' as Position, tick: 1, completeTo, endOfTick: true });
    await limitFiles('4096');
    vi.advanceTimersByTime(30_000);
    vi.useRealTimers();
    await expect
      .poll(() => observability.lines(), { timeout: 20_000 })
      .toContainEqual(
        expect.objectContaining({ level: 'warn', msg: 'the upkeep of the warehouse failed; it is tried again', err: expect.anything() }),
      );
  } finally {
    await limitFiles('unlimited');
    await warehouse.close();
    await rm(folder, { recursive: true, force: true });
  }
});
