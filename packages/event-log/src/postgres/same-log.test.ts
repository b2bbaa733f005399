import { SophiaError } from '@sophia/shared';
import { expect, test } from 'vitest';
import { until } from '../testing/conditions.ts';
import { watchSameLog } from './same-log.ts';
import { logWentBack } from './tick-book.ts';

test('that it cannot be looked is said once, until it can again; what was found, or a session that is lost, is told elsewhere', async () => {
  const refused = new SophiaError('database_error', 'permission denied for table tick');
  const lines: string[] = [];
  let looks = 0;
  let isOpen = true;
  let outcome: SophiaError | undefined;
  const watch = watchSameLog({
    look: async () => {
      looks++;
      if (outcome !== undefined) throw outcome;
    },
    session: {
      query: async () => [],
      get isOpen() {
        return isOpen;
      },
    },
    logger: { warn: () => void lines.push('warn'), info: () => void lines.push('info') },
    intervalMs: 1,
  });
  const lookTwice = async () => {
    const before = looks;
    await until(() => looks >= before + 3, 'two whole looks');
    return lines.splice(0);
  };
  expect(await lookTwice()).toEqual([]);
  outcome = refused;
  expect(await lookTwice()).toEqual(['warn']);
  outcome = undefined;
  expect(await lookTwice()).toEqual(['info']);
  outcome = logWentBack(1);
  expect(await lookTwice()).toEqual([]);
  isOpen = false;
  outcome = refused;
  expect(await lookTwice()).toEqual([]);
  isOpen = true;
  expect(await lookTwice()).toEqual(['warn']);
  await watch.close();
});
