import { expect, it } from 'vitest';
import type { ClientInvocation } from '../command-line/invocation.ts';
import { stylesOf } from '../output/styles.ts';
import { discardSetAside, type SetAsideEvent, tableOf } from './set-aside.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const LAYOUT = { width: undefined, styles: stylesOf({ colour: false }) };
const EVENT: SetAsideEvent = {
  position: 'x.1.0',
  kind: 'record.created',
  record: { source_system: 'crm', record_type: 'deal', source_id: 'D-1' },
  error: 'no money',
  poison: true,
  attempts: 1,
  set_aside_at: '2026-11-20T11:59:00Z',
};

it('events that stand aside are named by their record, or by their kind where they have none', () => {
  const definition = { ...EVENT, position: 'x.2.0', kind: 'record_type.defined', record: null };
  const waiting = { ...EVENT, position: 'x.3.0', poison: false };
  expect(tableOf([EVENT, definition, waiting], NOW, LAYOUT)).toMatchInlineSnapshot(`
    "Position  Type                 Source  Source id  Since     Reason
    ────────  ───────────────────  ──────  ─────────  ────────  ─────────────────────────────────────────
    x.1.0     deal                 crm     D-1        60 s ago  no money
    x.2.0     record_type.defined                     60 s ago  no money
    x.3.0     deal                 crm     D-1        60 s ago  waits behind an earlier one of its record
    "
  `);
});

it('where several instances keep a warehouse each, those that have set an event aside are named', () => {
  expect(tableOf([{ ...EVENT, instances: ['one', 'two'] }, EVENT], NOW, LAYOUT)).toMatchInlineSnapshot(`
    "Position  Type  Source  Source id  Since     Instances  Reason
    ────────  ────  ──────  ─────────  ────────  ─────────  ────────
    x.1.0     deal  crm     D-1        60 s ago  one two    no money
    x.1.0     deal  crm     D-1        60 s ago             no money
    "
  `);
});

it('of several positions of which one fails, those that were discarded before it are told', async () => {
  const [out, err] = [[] as string[], [] as string[]];
  const call = async (_method: string, path: string) => {
    if (path.endsWith('x.3.0')) throw new Error('not there');
    return { discarded: 1 };
  };
  const invocation = {
    api: { call },
    terminal: { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) },
  } as unknown as ClientInvocation;
  await discardSetAside(invocation, ['x.1.0', 'x.2.0'], {});
  expect([out, err]).toEqual([['2 discarded\n'], []]);
  for (const json of [true, false]) {
    await expect(discardSetAside(invocation, ['x.1.0', 'x.2.0', 'x.3.0', 'x.4.0'], { json })).rejects.toThrow('not there');
    expect(err.splice(0)).toEqual(['sophia: discarded before x.3.0 failed: x.1.0, x.2.0\n']);
  }
  await expect(discardSetAside(invocation, ['x.3.0', 'x.1.0'], {})).rejects.toThrow('not there');
  expect([out, err]).toEqual([['2 discarded\n'], []]);
});
