import { eventLogContract } from '../event-log.contract.ts';
import { createPostgresHarness } from '../testing/postgres-harness.ts';

eventLogContract('the event log over PostgreSQL', () => createPostgresHarness());
