import type { Call, WorkspaceId } from '@sophia/types';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemPrincipal } from '../system-principal.ts';
import type { AuditEntry } from './audit.ts';
import { createReadBuffer } from './read-buffer.ts';

const call: Call = { principal: systemPrincipal('test', { id: 1 as WorkspaceId, name: 'main' }), via: 'rest', address: '192.0.2.1' };
const read = (object: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  call,
  action: 'read',
  object,
  rows: 2,
  milliseconds: 3,
  ...more,
});

describe('audit entries of reads that wait', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are one with their number where they are identical, of the time of the first', () => {
    const buffer = createReadBuffer(10);
    expect([buffer.tryAdd(read('a'), 0), buffer.tryAdd(read('a'), 1_000), buffer.tryAdd(read('b'), 2_000)]).toEqual([true, true, true]);
    expect(buffer.size).toBe(2);
    expect(buffer.take()).toMatchObject([
      { at: '1970-01-01T00:00:00.000Z', times: 2, rows: 4, milliseconds: 6 },
      { at: '1970-01-01T00:00:02.000Z', times: 1, rows: 2, milliseconds: 3 },
    ]);
    expect([buffer.size, buffer.take()]).toEqual([0, []]);
  });

  it.each<[string, Partial<AuditEntry>]>([
    ['their action', { action: 'query' }],
    ['what came of them', { result: 'forbidden' }],
    ['their details', { details: { format: 'csv' } }],
    ['who asked', { call: { ...call, principal: { ...call.principal, id: 'key:1' } } }],
    ['on whose behalf', { call: { ...call, principal: { ...call.principal, onBehalfOf: 'somebody' } } }],
    ['in which workspace', { call: { ...call, principal: { ...call.principal, workspace: 2 as WorkspaceId } } }],
    ['from where', { call: { ...call, address: '192.0.2.2' } }],
    ['through what', { call: { ...call, via: 'command_line' } }],
  ])('are two where %s differs', (_what, other) => {
    const buffer = createReadBuffer(10);
    buffer.tryAdd(read('a'), 0);
    buffer.tryAdd(read('a', other), 0);
    expect(buffer.size).toBe(2);
  });

  it('wait for room when there is none, and take it in turn', async () => {
    const buffer = createReadBuffer(1);
    expect(buffer.add(read('a'), 0)).toBeUndefined();
    expect(buffer.tryAdd(read('b'), 0)).toBe(false);
    // Identical to one that is there: it needs no room.
    expect(buffer.add(read('a'), 0)).toBeUndefined();
    const waiting = buffer.add(read('b'), 0);
    expect(buffer.take()).toHaveLength(1);
    await waiting;
    expect(buffer.take()).toMatchObject([{ entry: { object: 'b' } }]);
  });

  it('give up after a second, so that nothing is read that is not written down', async () => {
    vi.useFakeTimers();
    const buffer = createReadBuffer(1);
    buffer.tryAdd(read('a'), 0);
    const refused = expect(buffer.add(read('b'), 0)).rejects.toMatchObject({ code: 'overloaded', retryAfter: 1 });
    await vi.advanceTimersByTimeAsync(1_000);
    await refused;
    expect(buffer.take()).toHaveLength(1);
  });
});
