import { expect, it } from 'vitest';
import { stylesOf } from '../output/styles.ts';
import { runHere } from '../testing/run-here.ts';
import { openStandIn } from '../testing/stand-in.ts';
import { type SetAsideEvent, tableOf } from './set-aside.ts';

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
  const server = await openStandIn(({ url }, response) => {
    const isThere = url?.endsWith('x.3.0') !== true;
    response
      .writeHead(isThere ? 200 : 404, { 'content-type': isThere ? 'application/json' : 'application/problem+json' })
      .end(JSON.stringify(isThere ? { discarded: 1 } : { code: 'not_found', status: 404, title: 'Not found', detail: 'not there' }));
  });
  const discard = (...argv: string[]) =>
    runHere(['set-aside', 'discard', ...argv], { environment: { SOPHIA_URL: server.url, SOPHIA_KEY: 'x' } });
  expect(await discard('x.1.0', 'x.2.0')).toEqual({ code: 0, out: '2 discarded\n', err: '' });
  for (const json of [['--json'], []]) {
    const { code, err } = await discard('x.1.0', 'x.2.0', 'x.3.0', 'x.4.0', ...json);
    expect([code, err]).toEqual([3, expect.stringMatching(/^sophia: discarded before x\.3\.0 failed: x\.1\.0, x\.2\.0\n.*not there/)]);
  }
  const first = await discard('x.3.0', 'x.1.0');
  expect([first.code, first.out, first.err]).toEqual([3, '', expect.stringContaining('not there')]);
  expect(first.err).not.toContain('discarded before');
  await server.close();
});
