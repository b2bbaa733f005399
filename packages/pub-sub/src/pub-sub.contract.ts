import { setTimeout as delay } from 'node:timers/promises';
import { waitUntil } from '@sophia/database/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PubSub } from './pub-sub.ts';

export interface PubSubHarness {
  create(): Promise<PubSub>;
  /** Another process's view of the same bus; the same one again where a bus is within one process. */
  secondInstance(): Promise<PubSub>;
  readonly faults: {
    /** Cuts all ways to the bus, once. */
    cut(): void;
    /** Whether new ways are refused. */
    refuse(refused: boolean): void;
  };
  /** What subscribers threw. */
  failures(): readonly unknown[];
  close(): Promise<void>;
}

/** P1: wake-ups. A bus within one process has nothing that could be cut. */
export function pubSubContract(
  name: string,
  createHarness: () => Promise<PubSubHarness>,
  { canBeCut }: { readonly canBeCut: boolean },
): void {
  describe(name, () => {
    let harness: PubSubHarness;
    let here: PubSub;
    let there: PubSub;
    beforeAll(async () => {
      harness = await createHarness();
      here = await harness.create();
      there = await harness.secondInstance();
    });
    afterAll(() => harness?.close());

    let topics = 0;
    const newTopic = () => `topic ${++topics}`;
    const collect = async (bus: PubSub, topic: string) => {
      const received: string[] = [];
      const subscription = await bus.subscribe(topic, (payload) => received.push(payload));
      return { received, close: () => subscription.close() };
    };

    test('P1: a message reaches every subscriber of its topic, in every process, once', async () => {
      const [topic, other] = [newTopic(), newTopic()];
      const subscribers = [await collect(here, topic), await collect(here, topic), await collect(there, topic)];
      const stranger = await collect(there, other);
      await here.publish(topic, 'from here');
      await there.publish(topic, 'from there');
      await waitUntil('both have come', () => subscribers.every(({ received }) => received.length === 2));
      await here.publish(other, 'last');
      await waitUntil('the last one has come', () => stranger.received.length === 1);
      for (const { received } of subscribers) expect(received).toEqual(['from here', 'from there']);
      expect(stranger.received).toEqual(['last']);
    });

    test('P1: a publisher’s messages arrive in its order, none twice, however quickly they come', async () => {
      const topic = newTopic();
      const [near, far] = [await collect(here, topic), await collect(there, topic)];
      const payloads = Array.from({ length: 1_000 }, (_, index) => `message ${index}`);
      const published: Promise<void>[] = [];
      for (const [index, payload] of payloads.entries()) {
        published.push(here.publish(topic, payload));
        // Some fall into the moment in which others are under way.
        if (index % 100 === 99) await delay(index % 7);
      }
      await Promise.all(published);
      await waitUntil('all have come', () => near.received.length >= 1_000 && far.received.length >= 1_000);
      expect(near.received).toEqual(payloads);
      expect(far.received).toEqual(payloads);
    });

    test('P1: publishing does not wait for subscribers, and never calls them within', async () => {
      const topic = newTopic();
      const received: string[] = [];
      await here.subscribe(topic, (payload) => received.push(payload));
      const publishing = here.publish(topic, 'wake up');
      expect(received).toEqual([]);
      await publishing;
      await waitUntil('it has come', () => received.length === 1);
    });

    test('P1: a subscriber that fails harms no other, and is told of', async () => {
      const topic = newTopic();
      const failure = new Error('the subscriber failed');
      await here.subscribe(topic, () => {
        throw failure;
      });
      const { received } = await collect(here, topic);
      await here.publish(topic, 'still comes');
      await waitUntil('it has come', () => received.length === 1);
      expect(harness.failures()).toContain(failure);
    });

    test('P1: a closed subscription receives nothing more, also of what is on its way', async () => {
      const topic = newTopic();
      const [closed, open] = [await collect(here, topic), await collect(here, topic)];
      const publishing = here.publish(topic, 'on its way');
      await closed.close();
      await publishing;
      await waitUntil('it has come', () => open.received.length === 1);
      await closed.close();
      await open.close();
      expect(closed.received).toEqual([]);
      const again = await collect(here, topic);
      await here.publish(topic, 'again');
      await waitUntil('it has come', () => again.received.length === 1);
      expect([closed.received, open.received]).toEqual([[], ['on its way']]);
    });

    test('P1: payloads have at most 4,000 bytes and may hold any text', async () => {
      const topic = `${'t'.repeat(198)}ä`;
      const { received } = await collect(there, topic);
      const payloads = ['ä'.repeat(2_000), '', 'line\nline', `it's "quoted" \\ {a,b}`, '😀'];
      for (const payload of payloads) await here.publish(topic, payload);
      await waitUntil('all have come', () => received.length === payloads.length);
      expect(received).toEqual(payloads);
    });

    test.each([
      ['a payload that is too large', 'topic', 'ä'.repeat(2_001)],
      ['a payload with a zero', 'topic', '\0'],
      ['a topic whose name is too long', 't'.repeat(201), ''],
      ['a topic with a line end', 'a\nb', ''],
    ])('P1: %s is refused', async (_, topic, payload) => {
      await expect(here.publish(topic, payload)).rejects.toBeInstanceOf(RangeError);
    });

    if (canBeCut) {
      test('P1: after a cut messages come again; meanwhile publishers are told', async () => {
        const topic = newTopic();
        const [near, far] = [await collect(here, topic), await collect(there, topic)];
        for (let round = 0; round < 3; round++) {
          harness.faults.refuse(true);
          harness.faults.cut();
          await waitUntil('publishers are told', () =>
            here.publish(topic, 'lost').then(
              () => false,
              (error) => error.code === 'unavailable',
            ),
          );
          harness.faults.refuse(false);
          await waitUntil('they come again', async () => {
            await here.publish(topic, `round ${round}`).catch(() => 'lost');
            return [near, far].every(({ received }) => received.includes(`round ${round}`));
          });
        }
      });

      test('P1: a bus that is cut can be closed', async () => {
        const bus = await harness.secondInstance();
        harness.faults.refuse(true);
        harness.faults.cut();
        await waitUntil('it is cut', () =>
          bus.publish('any', 'lost').then(
            () => false,
            () => true,
          ),
        );
        await bus.close();
        harness.faults.refuse(false);
        const goesThrough = async () =>
          (await Promise.allSettled([here.publish('any', ''), there.publish('any', '')])).every(({ status }) => status === 'fulfilled');
        await waitUntil('the others are back', goesThrough);
      });
    }

    test('P1: a closed bus takes nothing and gives nothing', async () => {
      const bus = await harness.secondInstance();
      const topic = newTopic();
      const { received } = await collect(bus, topic);
      const last = bus.publish(topic, 'sent before the end').catch(() => 'lost');
      await bus.close();
      await last;
      await expect(bus.publish(topic, 'too late')).rejects.toMatchObject({ code: 'unavailable' });
      const before = received.length;
      if (bus !== here) await here.publish(topic, 'nobody listens');
      expect(received.length).toBe(before);
    });
  });
}
