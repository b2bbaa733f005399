import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform({ env: { SOPHIA_AUDIT_BUFFER: '100' } });
});
afterAll(() => test.close());

it('while the audit of reads is full no answer is given out of memory, and none is audited that was not given', async () => {
  const { analytics, auth, owner } = test.platform;
  const query = { metrics: ['revenue'] };
  await analytics.ask(test.call, query);
  analytics.remember(test.call, '?q', query);
  await auth.audit.flush();
  const writer = new pg.Client({ ...owner });
  await writer.connect();
  await writer.query('begin');
  await writer.query('lock table audit_entry in access exclusive mode');
  // Reads from different addresses are entries of their own.
  let given = 0;
  while (analytics.peek({ ...test.call, via: 'rest', address: `192.0.2.${given}` }, '?q') !== undefined) given += 1;
  expect(given).toBeGreaterThanOrEqual(100);
  for (let again = 0; again < 3; again += 1)
    expect(analytics.peek({ ...test.call, via: 'rest', address: `198.51.100.${again}` }, '?q')).toBeUndefined();
  await writer.query('rollback');
  await writer.end();
  await auth.audit.flush();
  await auth.audit.flush();
  const { entries } = await auth.audit.list(test.call, { action: 'query', limit: 1000 });
  expect(entries.filter(({ via }) => via === 'rest')).toHaveLength(given);
});
