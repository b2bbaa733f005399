import { describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { createTestClock } from '../testing/index.ts';
import { createEventLoopDelay } from './event-loop-delay.ts';
import { createLoadShedder, type LoadShedder } from './load-shedding.ts';

describe('load shedding', () => {
  it('refuses what would be too much at once', () => {
    const shedder = createLoadShedder({ maximumConcurrency: 2, maximumDelay: 100, delay: { current: () => 0 } });
    shedder.enter();
    shedder.enter();
    expect(() => shedder.enter()).toThrow(
      expect.objectContaining({ code: 'overloaded', message: expect.stringContaining('2 requests in hand') }),
    );
    shedder.leave();
    shedder.enter();
    expect([shedder.active, shedder.shed]).toEqual([2, 1]);
  });

  it('refuses while the event loop is late with work in hand', () => {
    let late = 150;
    const shedder = createLoadShedder({ maximumConcurrency: 10, maximumDelay: 100, delay: { current: () => late } });
    shedder.enter();
    expect(() => shedder.enter()).toThrow(expect.objectContaining({ code: 'overloaded', message: expect.stringContaining('150 ms late') }));
    late = 100;
    shedder.enter();
    expect(shedder.active).toBe(2);
  });
});

describe('shedding among several', () => {
  const enterTimes = (shedder: LoadShedder, count: number, party?: string): void => {
    for (let entered = 0; entered < count; entered++) shedder.enter(party);
  };

  it('lets in who has few calls in hand while another has many, up to an eighth beyond the limit', () => {
    const shedder = createLoadShedder({ maximumConcurrency: 16, maximumDelay: 100, delay: { current: () => 0 } });
    enterTimes(shedder, 16, 'many');
    expect(() => shedder.enter('many')).toThrow('16 requests in hand');
    enterTimes(shedder, 2, 'few');
    expect(() => shedder.enter('few')).toThrow('18 requests in hand');
    expect(() => shedder.enter('other')).toThrow('18 requests in hand');
    shedder.leave('few');
    shedder.enter('other');
    expect(shedder.active).toBe(18);
  });

  it('lets them in while the event loop is late, as long as they have few', () => {
    const shedder = createLoadShedder({ maximumConcurrency: 100, maximumDelay: 100, delay: { current: () => late } });
    let late = 0;
    enterTimes(shedder, 16, 'many');
    late = 150;
    expect(() => shedder.enter('many')).toThrow('150 ms late');
    enterTimes(shedder, 2, 'few');
    expect(() => shedder.enter('few')).toThrow('150 ms late');
    enterTimes(shedder, 1);
    for (let left = 0; left < 9; left++) shedder.leave('many');
    expect(() => shedder.enter('other')).toThrow('150 ms late');
  });

  it('refuses all alike where nobody has many more than the others', () => {
    const shedder = createLoadShedder({ maximumConcurrency: 100, maximumDelay: 100, delay: { current: () => late } });
    let late = 0;
    for (const party of ['a', 'b', 'c']) enterTimes(shedder, 7, party);
    late = 150;
    expect(() => shedder.enter('d')).toThrow('150 ms late');
    late = 0;
    for (let left = 0; left < 7; left++) shedder.leave('a');
    expect(shedder.active).toBe(14);
  });
});

describe('the delay of the event loop', () => {
  it('is how late the probe that is due is, though it could not run yet', () => {
    const clock = createTestClock();
    const delay = createEventLoopDelay({ clock, interval: 1_000_000 });
    expect(delay.current()).toBe(0);
    clock.advance(1_000_050);
    expect(delay.current()).toBe(50);
    delay.close();
  });

  it('falls again when the loop runs', async () => {
    const clock = createTestClock();
    const delay = createEventLoopDelay({ clock, interval: 1 });
    clock.advance(501);
    expect(delay.current()).toBe(500);
    await expect.poll(() => delay.current()).toBe(0);
    delay.close();
  });

  it('is measured on the clock of the system', async () => {
    const delay = createEventLoopDelay({ clock: systemClock });
    expect(delay.current()).toBeGreaterThanOrEqual(0);
    delay.close();
  });
});
