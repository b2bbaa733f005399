import { AsyncLocalStorage } from 'node:async_hooks';
import { createTestObservability } from '@sophia/observability/testing';
import { expect, test } from 'vitest';
import { createAuditWriter } from './audit-writer.ts';
import { type PendingEntry, pending } from './entry-values.ts';

const entry = pending({ call: {}, action: 'read', object: 'x', milliseconds: 1 } as never, '2026-11-20T12:00:00Z');

test('what is written is of no request, whoever woke it', async () => {
  const request = new AsyncLocalStorage<string>();
  const contexts: unknown[] = [];
  let reads: PendingEntry[] = [entry];
  const writer = createAuditWriter({
    takeReads: () => reads.splice(0),
    commit: async () => {
      await Promise.resolve();
      contexts.push(request.getStore());
    },
    observability: createTestObservability(),
  });
  await request.run('one', () => writer.write(entry));
  reads = [entry];
  request.run('another', () => writer.wake(true));
  await writer.flush();
  reads = [entry];
  request.run('a third', () => writer.wake(false));
  await writer.close();
  expect(contexts.length).toBeGreaterThan(2);
  expect(new Set(contexts)).toEqual(new Set([undefined]));
});
