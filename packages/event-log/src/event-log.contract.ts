import { afterEach, beforeEach, describe } from 'vitest';
import { appendAndReadContract } from './contract/append-and-read.contract.ts';
import { consumerGroupContract } from './contract/consumer-groups.contract.ts';
import { instanceContract } from './contract/instances.contract.ts';
import { positionContract } from './contract/positions.contract.ts';
import { setAsideContract } from './contract/set-aside.contract.ts';
import type { EventLogHarness } from './testing/event-log-harness.ts';

/** Every guarantee of the port, each test named by its number, over one adapter. */
export function eventLogContract(name: string, create: () => Promise<EventLogHarness>): void {
  describe(name, () => {
    let harness: EventLogHarness | undefined;
    const current = () => {
      if (harness === undefined) throw new Error('The harness is made before each test.');
      return harness;
    };
    beforeEach(async () => {
      harness = await create();
    });
    afterEach(async () => {
      await harness?.close();
      harness = undefined;
    });

    appendAndReadContract(current);
    consumerGroupContract(current);
    setAsideContract(current);
    instanceContract(current);
    positionContract(current);
  });
}
