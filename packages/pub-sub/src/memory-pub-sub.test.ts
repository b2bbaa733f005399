import { createMemoryPubSub } from './memory-pub-sub.ts';
import { type PubSubHarness, pubSubContract } from './pub-sub.contract.ts';

const createHarness = async (): Promise<PubSubHarness> => {
  const failures: unknown[] = [];
  const open = () => createMemoryPubSub({ logger: { error: (details: { err: unknown }) => failures.push(details.err) } });
  const bus = open();
  let instances = 0;
  return {
    create: async () => bus,
    // It is within one process: its second instance is itself, and a third one, to be closed, another bus.
    secondInstance: async () => (instances++ === 0 ? bus : open()),
    faults: { cut: neverCalled, refuse: neverCalled },
    failures: () => failures,
    close: () => bus.close(),
  };
};

pubSubContract('the bus in memory', createHarness, { canBeCut: false });

function neverCalled(): never {
  throw new Error('A bus within one process cannot be cut.');
}
