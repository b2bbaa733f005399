import { createTestClock } from '@sophia/shared/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimiter } from './rate-limiter.ts';

describe('the rate limiter', () => {
  it('lets a burst through, then the rate', () => {
    const clock = createTestClock(0);
    const limiter = createRateLimiter({ clock, limits: { requestsPerSecond: 10, burst: 3 } });
    const take = () => limiter.take('ann').allowed;
    expect([take(), take(), take(), take()]).toEqual([true, true, true, false]);
    expect(limiter.take('bob')).toMatchObject({ allowed: true, limit: 10, remaining: 2, reset: 0 });
    clock.advance(100);
    expect([take(), take()]).toEqual([true, false]);
    clock.advance(60_000);
    expect(limiter.take('ann')).toMatchObject({ allowed: true, remaining: 2 });
  });

  it('says how long to wait', () => {
    const clock = createTestClock(0);
    const limiter = createRateLimiter({ clock, limits: { requestsPerSecond: 1, burst: 1 } });
    expect(limiter.take('ann')).toMatchObject({ allowed: true, remaining: 0, reset: 1 });
    expect(limiter.take('ann')).toMatchObject({ allowed: false, remaining: 0, reset: 1 });
  });

  it('never lets more through than burst and rate allow', () => {
    const steps = fc.array(fc.oneof(fc.constant('take' as const), fc.integer({ min: 0, max: 500 })), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 100 }), steps, (burst, requestsPerSecond, sequence) => {
        const clock = createTestClock(0);
        const limiter = createRateLimiter({ clock, limits: { requestsPerSecond, burst } });
        let allowed = 0;
        for (const step of sequence) {
          if (step !== 'take') clock.advance(step);
          else if (limiter.take('ann').allowed) allowed++;
        }
        expect(allowed).toBeLessThanOrEqual(burst + (clock.monotonic() * requestsPerSecond) / 1_000 + 1e-6);
      }),
    );
  });
});
