import { createPostgresDatabase } from '@sophia/database/postgres';
import { createObservability } from '@sophia/observability';
import { systemSleep } from '@sophia/shared';
import { createPostgresEventLog } from '../postgres/index.ts';
import { type MemberInstructions, TICKER } from './member-instructions.ts';

/** A member of a consumer group in a process of its own, made to be killed. */
process.once('message', async ({ app, log, group }: MemberInstructions) => {
  const { logger } = createObservability({ service: 'member', version: '0', logLevel: 'error' });
  const pool = { minimum: 1, maximum: 4 };
  const deliveries = await createPostgresDatabase({ connection: log, role: 'log', pool });
  const eventLog = await createPostgresEventLog({
    app: await createPostgresDatabase({ connection: app, role: 'app', pool }),
    log: deliveries,
    logger,
    ticker: TICKER,
  });
  await eventLog.consume(
    group,
    async ({ events }, { transaction }) => {
      for (const { position, data } of events) {
        await deliveries.query(transaction, NOTE, [group, position, data?.key, data?.version, process.pid]);
      }
      // A moment in which the effects are there and the cursor has not moved.
      await systemSleep(events.length === 0 ? 0 : 5);
    },
    { batchSize: 20 },
  );
  process.send?.('ready');
});
process.on('disconnect', () => process.exit());

const NOTE = {
  name: 'test_note',
  text: 'insert into test_effect (group_name, position, key, version, process) values ($1, $2, $3, $4, $5)',
};
