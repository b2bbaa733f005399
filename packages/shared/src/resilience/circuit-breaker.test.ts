import { describe, expect, it } from 'vitest';
import { createTestClock } from '../testing/index.ts';
import { type CircuitState, createCircuitBreaker } from './circuit-breaker.ts';

describe('the circuit breaker', () => {
  const create = () => {
    const clock = createTestClock();
    const states: CircuitState[] = [];
    const breaker = createCircuitBreaker({
      name: 'Redis',
      clock,
      failures: 3,
      coolDown: 1_000,
      maximumCoolDown: 3_000,
      isFailure: (error) => !(error instanceof RangeError),
      onChange: (state) => states.push(state),
    });
    const fail = () => breaker.run(() => Promise.reject(new Error('ill'))).catch((error: Error) => error);
    const succeed = () => breaker.run(async () => 'well');
    return { clock, states, breaker, fail, succeed };
  };

  it('opens after failures in a row, and then calls no more', async () => {
    const { breaker, fail, succeed } = create();
    await fail();
    await fail();
    await succeed();
    await fail();
    await fail();
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
    await expect(succeed()).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1, details: { dependency: 'Redis' } });
  });

  it('lets one call through after the cool-down, whose success closes it', async () => {
    const { clock, states, breaker, fail, succeed } = create();
    for (let index = 0; index < 3; index++) await fail();
    clock.jump(3_600_000);
    await expect(succeed()).rejects.toMatchObject({ code: 'unavailable' });
    clock.advance(1_000);
    const trial = Promise.withResolvers<string>();
    const trying = breaker.run(() => trial.promise);
    await expect(succeed()).rejects.toMatchObject({ code: 'unavailable' });
    trial.resolve('well again');
    await expect(trying).resolves.toBe('well again');
    expect(states).toEqual(['open', 'half_open', 'closed']);
    await expect(succeed()).resolves.toBe('well');
  });

  it('waits longer after each trial that fails, up to the maximum', async () => {
    const { clock, breaker, fail } = create();
    for (let index = 0; index < 3; index++) await fail();
    for (const coolDown of [1_000, 2_000, 3_000, 3_000]) {
      clock.advance(coolDown - 1);
      await expect(fail()).resolves.toMatchObject({ code: 'unavailable' });
      clock.advance(1);
      await expect(fail()).resolves.toMatchObject({ message: 'ill' });
      expect(breaker.state).toBe('open');
    }
  });

  it('takes errors of the caller for signs of health', async () => {
    const { clock, breaker, fail } = create();
    const wrong = () => breaker.run(() => Promise.reject(new RangeError('wrong'))).catch(() => undefined);
    await fail();
    await fail();
    await wrong();
    await fail();
    expect(breaker.state).toBe('closed');
    await fail();
    await fail();
    clock.advance(1_000);
    await wrong();
    expect(breaker.state).toBe('closed');
  });

  it('does not count the end of calls that began in an earlier state', async () => {
    const { clock, breaker, fail, succeed } = create();
    const slow = Promise.withResolvers<string>();
    const late = Promise.withResolvers<string>();
    const running = [breaker.run(() => slow.promise), breaker.run(() => late.promise).catch(() => undefined)];
    for (let index = 0; index < 3; index++) await fail();
    slow.resolve('late success');
    await running[0];
    expect(breaker.state).toBe('open');
    clock.advance(1_000);
    await succeed();
    late.reject(new Error('late failure'));
    await running[1];
    expect(breaker.state).toBe('closed');
  });

  it('has usual settings', async () => {
    const breaker = createCircuitBreaker({ name: 'x', clock: createTestClock() });
    for (let index = 0; index < 5; index++) await breaker.run(() => Promise.reject(new Error('ill'))).catch(() => undefined);
    expect(breaker.state).toBe('open');
  });
});
