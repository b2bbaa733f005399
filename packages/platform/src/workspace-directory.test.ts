import type { Workspace } from '@sophia/auth';
import { createObservability } from '@sophia/observability';
import type { WorkspaceId } from '@sophia/types';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { followWorkspaces } from './workspace-directory.ts';

const EVERY = 2_000;
const reporting = { timeZone: 'UTC', weekStart: 'monday' } as const;
const named = (name: string): readonly Workspace[] => [{ id: 1 as WorkspaceId, name, created_at: '2026-01-01T00:00:00Z', settings: {} }];

const written: string[] = [];
const { logger } = createObservability({
  service: 'test',
  version: 'test',
  logLevel: 'warn',
  destination: { write: (line) => written.push(line) },
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  written.length = 0;
});

/** A table of workspaces whose answers come when they are let go. */
const createTable = () => {
  const asked: PromiseWithResolvers<readonly Workspace[]>[] = [];
  const followers: ((id: WorkspaceId) => Promise<void>)[] = [];
  return {
    asked,
    follow: (callback: (id: WorkspaceId) => Promise<void>) => void followers.push(callback),
    changed: () => Promise.all(followers.map((callback) => callback(1 as WorkspaceId))),
    all: () => {
      const answer = Promise.withResolvers<readonly Workspace[]>();
      asked.push(answer);
      return answer.promise;
    },
  };
};

const follow = async () => {
  const table = createTable();
  const following = followWorkspaces({ workspaces: table, reporting, logger });
  await vi.advanceTimersByTimeAsync(0);
  table.asked[0]?.resolve(named('first'));
  return { ...table, directory: await following };
};

it('a read that fails is told, and the names stay as they were until the next one', async () => {
  const { asked, directory } = await follow();
  await vi.advanceTimersByTimeAsync(EVERY);
  asked[1]?.reject(new Error('the database is away'));
  await vi.advanceTimersByTimeAsync(EVERY);
  expect(written.join('')).toContain('the workspaces could not be read');
  expect(directory.name(1 as WorkspaceId)).toBe('first');
  asked[2]?.resolve(named('second'));
  await directory.close();
  expect(directory.name(1 as WorkspaceId)).toBe('second');
});

it('reads do not overlap: a slow one is waited for, and whoever asks meanwhile sees what was there after they asked', async () => {
  const { asked, directory } = await follow();
  await vi.advanceTimersByTimeAsync(3 * EVERY);
  expect(asked).toHaveLength(2);
  const refreshed = directory.refresh();
  expect(asked).toHaveLength(2);
  asked[1]?.resolve(named('second'));
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(3);
  asked[2]?.resolve(named('third'));
  await refreshed;
  expect(directory.name(1 as WorkspaceId)).toBe('third');
  await directory.close();
});

it('a workspace that another process has just made is called by its number, with the calendar of the installation', async () => {
  const { directory } = await follow();
  expect(directory.name(2 as WorkspaceId)).toBe('2');
  expect(directory.calendar(2 as WorkspaceId)).toEqual({ reportingDate: undefined, ...reporting });
  await directory.close();
});

it('a change is read at once, and a read that fails harms nobody who made one', async () => {
  const { asked, changed, directory } = await follow();
  const change = changed();
  await vi.advanceTimersByTimeAsync(0);
  asked[1]?.resolve(named('second'));
  await change;
  expect(directory.name(1 as WorkspaceId)).toBe('second');
  const another = changed();
  await vi.advanceTimersByTimeAsync(0);
  asked[2]?.reject(new Error('the database is away'));
  await another;
  expect(written.join('')).toContain('the workspaces could not be read');
  await directory.close();
});
