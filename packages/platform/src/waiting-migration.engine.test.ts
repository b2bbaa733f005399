import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfiguration } from '@sophia/shared';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPlatform } from './create-platform.ts';
import { openTwoPlatforms, type TwoPlatforms } from './testing/two-platforms.ts';

let two: TwoPlatforms;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-upgrade-'));
  two = await openTwoPlatforms();
});
afterAll(async () => {
  await two.close();
  await rm(folder, { recursive: true });
});

it('an instance that starts says for whom its migration waits, while the others go on', async () => {
  const { one } = two;
  const { database } = one.platform.configuration;
  // It may be applied again.
  await one.sql("delete from migration where module = 'event_log' and number = 4");
  const holder = new pg.Client({ ...one.platform.owner });
  await holder.connect();
  await holder.query('begin; lock table migration in share mode');
  const said: string[] = [];
  const configuration = { ...parseConfiguration({ arguments: { 'data-dir': folder }, file: 'log:\n  level: error\n' }), database };
  const platform = await createPlatform({
    configuration,
    version: 'test',
    say(line) {
      said.push(line);
      void one.apply('deal', 'first', { name: 'meanwhile' }).then(() => holder.end());
    },
  });
  await platform.close();
  expect(said[0]).toMatch(/^The migration event_log\/0004_keep_ticks_of_groups waits for pid \d+/);
});
