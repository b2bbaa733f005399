import { access } from 'node:fs/promises';
import { test } from 'vitest';
import { createPostgresHarness } from '../contract/postgres-harness.ts';
import { databaseContract } from '../database.contract.ts';
import { binariesIn } from '../embedded/postgres-binaries.ts';

databaseContract('the PostgreSQL that npm brings', () => createPostgresHarness());

const oldest = '/usr/lib/postgresql/15/bin';
const isInstalled = await access(oldest).then(
  () => true,
  () => false,
);
if (isInstalled) databaseContract('the oldest PostgreSQL that is supported', () => createPostgresHarness(binariesIn(oldest, '15')));
else if (process.env.CI !== undefined) test('PostgreSQL 15 is installed', () => Promise.reject(new Error(`${oldest} is missing.`)));
else process.stderr.write(`PostgreSQL 15 is not in ${oldest}: its contract is not run.\n`);
