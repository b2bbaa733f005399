import { describe, expect, it } from 'vitest';
import { withDeadline } from './deadline.ts';

describe('withDeadline', () => {
  it('gives what the work gives, or throws what it throws', async () => {
    await expect(withDeadline(10_000, async () => 'done')).resolves.toBe('done');
    await expect(withDeadline(10_000, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    const throwsAtOnce = () => {
      throw new Error('at once');
    };
    await expect(withDeadline(10_000, throwsAtOnce)).rejects.toThrow('at once');
  });

  it('gives up work that does not end, and says what it waited for', async () => {
    const endless = withDeadline(5, () => new Promise(() => undefined), { what: 'the warehouse' });
    await expect(endless).rejects.toMatchObject({
      code: 'deadline_exceeded',
      retryAfter: 1,
      message: 'No answer within 5 ms from the warehouse.',
    });
  });

  it('aborts the signal that the work looks at', async () => {
    const seen = Promise.withResolvers<unknown>();
    const work = withDeadline(5, ({ signal }) => {
      signal.addEventListener('abort', () => seen.resolve(signal.reason));
      return seen.promise;
    });
    await expect(work).rejects.toMatchObject({ code: 'deadline_exceeded' });
    await expect(seen.promise).resolves.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('a signal that is asked for after the end is aborted already', async () => {
    let late: (() => AbortSignal) | undefined;
    const work = withDeadline(5, (deadline) => {
      late = () => deadline.signal;
      return new Promise(() => undefined);
    });
    await expect(work).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(late?.().aborted).toBe(true);
  });

  it('ends with the signal of the caller', async () => {
    const caller = new AbortController();
    const work = withDeadline(
      10_000,
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      {
        signal: caller.signal,
      },
    );
    caller.abort(new Error('gone'));
    await expect(work).rejects.toThrow('gone');
    await expect(withDeadline(10_000, async () => 1, { signal: caller.signal })).rejects.toThrow('gone');
  });

  it('leaves nothing behind on the signal of the caller', async () => {
    const caller = new AbortController();
    let aborted = false;
    await withDeadline(
      10_000,
      async ({ signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
      },
      { signal: caller.signal },
    );
    caller.abort();
    expect(aborted).toBe(false);
  });
});
