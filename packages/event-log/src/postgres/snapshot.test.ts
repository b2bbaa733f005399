import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contains, parseSnapshot } from './snapshot.ts';

test('a snapshot contains what had ended: all below its minimum, none from its maximum, between them who was not running', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.uniqueArray(fc.nat(30)), fc.nat(10), (minimum, distances, rest) => {
      const running = distances.map((distance) => minimum + distance).sort((a, b) => a - b);
      const maximum = (running[running.length - 1] ?? minimum) + 1 + rest;
      const snapshot = parseSnapshot(`${minimum}:${maximum}:${running.join(',')}`);
      const ended = Array.from({ length: maximum + 20 }, (_, transaction) => transaction).filter((transaction) =>
        contains(snapshot, transaction),
      );
      expect(ended).toEqual(
        Array.from({ length: maximum }, (_, transaction) => transaction).filter((transaction) => !running.includes(transaction)),
      );
    }),
  );
});
