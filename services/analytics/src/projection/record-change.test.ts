import type { LogEvent, Position, WorkspaceId } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { recordChange } from './record-change.ts';
import { warehouseChanges } from './warehouse-changes.ts';

const event = (part: Partial<LogEvent>): LogEvent => ({
  event_version: 1,
  position: 'e.1.1' as Position,
  at: '2026-01-01T00:00:00.000001Z',
  workspace: 1 as WorkspaceId,
  kind: 'record.updated',
  record: { id: '7' as never, source_system: 's', record_type: 'deal', source_id: 'x' },
  version: 2,
  occurred_at: null,
  source_version: null,
  business_priority: null,
  created_at: null,
  actor: { principal: 'test', via: 'system' },
  cause: {},
  data: { a: 2, b: 1 },
  previous: { a: 1, c: 3, b: null },
  original: null,
  ...part,
});

describe('what an event changes', () => {
  it('is the record before and after', () => {
    expect(recordChange(event({}))).toEqual({ recordType: 'deal', before: { a: 1, c: 3 }, after: { a: 2, b: 1 } });
    expect(recordChange(event({ kind: 'record.created', previous: null }))).toEqual({
      recordType: 'deal',
      before: null,
      after: { a: 2, b: 1 },
    });
    expect(recordChange(event({ kind: 'record.deleted', previous: null }))).toEqual({
      recordType: 'deal',
      before: { a: 2, b: 1 },
      after: null,
    });
    expect(recordChange(event({ kind: 'record.erased', data: null }))).toMatchObject({ erased: true, after: null });
    expect(recordChange(event({ kind: 'record.erased', version: null }))).toMatchObject({ erased: true, after: null });
    expect(recordChange(event({ record: null, kind: 'sync.finished' }))).toBeUndefined();
    expect(recordChange(event({ kind: 'workspace.changed' }))).toBeUndefined();
  });

  it('is a row of the warehouse with its tick’s time, a deletion, an erasure or a definition', () => {
    expect(warehouseChanges(event({}))).toMatchObject([
      {
        kind: 'upsert',
        row: { id: '7', version: 2, created_at: '2026-01-01T00:00:00.000001Z', valid_from: 1_767_225_600_000_001n },
      },
    ]);
    expect(warehouseChanges(event({ kind: 'record.created', created_at: '2025-01-01T00:00:00Z', data: null }))).toMatchObject([
      { row: { created_at: '2025-01-01T00:00:00Z', data: {} } },
    ]);
    const told = { occurred_at: '2025-06-01T00:00:00Z', business_priority: 'high' as const };
    expect(warehouseChanges(event(told))).toMatchObject([{ row: told }]);
    expect(warehouseChanges(event({}))).toMatchObject([{ row: { occurred_at: null, business_priority: null } }]);
    const deletion = { kind: 'delete', version: 2, at: 1_767_225_600_000_001n };
    expect(warehouseChanges(event({ kind: 'record.deleted' }))).toMatchObject([deletion]);
    expect(warehouseChanges(event({ kind: 'record.erased' }))).toMatchObject([{ kind: 'erase' }, deletion]);
    expect(warehouseChanges(event({ kind: 'record_type.changed', record: null, data: { name: 'ticket', fields: [] } }))).toMatchObject([
      { kind: 'define', recordType: 'ticket' },
    ]);
    expect(warehouseChanges(event({ kind: 'sync.finished', record: null }))).toEqual([]);
    expect(warehouseChanges(event({ kind: 'workspace.changed' }))).toEqual([]);
    expect(() => warehouseChanges(event({ at: 'yesterday' }))).toThrow('not an instant');
  });
});
