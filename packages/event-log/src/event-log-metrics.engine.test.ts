import { createTestObservability } from '@sophia/observability/testing';
import { systemClock } from '@sophia/shared';
import { expect, test } from 'vitest';
import { observeEventLog } from './event-log-metrics.ts';
import { nextTick } from './testing/conditions.ts';
import { createLedger } from './testing/ledger.ts';
import { createPostgresHarness } from './testing/postgres-harness.ts';

test('the lag of each group, what stands aside and the age of the newest tick are metrics', async () => {
  const { eventLog, database, close } = await createPostgresHarness();
  const { metrics } = createTestObservability();
  observeEventLog(metrics, eventLog, systemClock);
  await createLedger(database, eventLog).change([1, 2, 3]);
  const member = await eventLog.consume('group', () => Promise.resolve());
  await member.close();
  await nextTick(eventLog);

  const text = await metrics.render();
  for (const name of ['lag_events', 'lag_seconds', 'set_aside_events', 'members']) {
    expect(text).toMatch(new RegExp(`^sophia_event_log_${name}\\{group="group"\\} [\\d.]+$`, 'm'));
  }
  expect(text).toMatch(/^sophia_event_log_members\{group="group"\} 0$/m);
  expect(text).toMatch(/^sophia_event_log_tick_age_seconds -?[\d.e-]+$/m);
  expect(text).toMatch(/^sophia_event_log_oldest_writer_seconds 0$/m);
  await close();
});
