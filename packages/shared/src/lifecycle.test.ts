import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closingOnFailure, createLifecycle, type LifecycleEvent, waitForStopSignal } from './lifecycle.ts';

describe('the lifecycle', () => {
  const recorder = () => {
    const log: string[] = [];
    const component = (name: string, close: () => Promise<void> | void = () => undefined) => ({
      name,
      async close() {
        await close();
        log.push(`closed ${name}`);
      },
    });
    return { log, component };
  };

  it('starts in order and closes in reverse', async () => {
    const { log, component } = recorder();
    const events: LifecycleEvent[] = [];
    const lifecycle = createLifecycle({ onEvent: (event) => events.push(event) });
    const database = await lifecycle.start('database', () => component('database'));
    expect(database.name).toBe('database');
    await lifecycle.start('server', async () => component('server'));
    expect(lifecycle.signal.aborted).toBe(false);
    await Promise.all([lifecycle.close(), lifecycle.close()]);
    expect(lifecycle.signal.aborted).toBe(true);
    expect(log).toEqual(['closed server', 'closed database']);
    expect(events.map(({ kind, component: name }) => `${kind} ${name}`)).toEqual([
      'starting database',
      'started database',
      'starting server',
      'started server',
      'closing server',
      'closed server',
      'closing database',
      'closed database',
    ]);
  });

  it('closes what was started when a start fails, and throws its error', async () => {
    const { log, component } = recorder();
    const lifecycle = createLifecycle();
    await lifecycle.start('database', () => component('database'));
    const failing = lifecycle.start('server', () => Promise.reject(new Error('the port is taken')));
    await expect(failing).rejects.toThrow('the port is taken');
    expect(log).toEqual(['closed database']);
    await expect(lifecycle.start('late', () => component('late'))).rejects.toThrow('Sophia is closing.');
  });

  it('throws the error of the start, not that of the closing that it led to', async () => {
    const lifecycle = createLifecycle();
    const broken = { close: () => Promise.reject(new Error('does not close')) };
    await lifecycle.start('broken', () => broken);
    await expect(lifecycle.start('server', () => Promise.reject(new Error('does not start')))).rejects.toThrow('does not start');
  });

  it('closes a component that is there only after its deadline', async () => {
    const { log, component } = recorder();
    const lifecycle = createLifecycle();
    const slow = Promise.withResolvers<ReturnType<typeof component>>();
    const starting = lifecycle.start('slow', () => slow.promise, { startDeadline: 5 });
    await expect(starting).rejects.toMatchObject({ code: 'deadline_exceeded' });
    slow.resolve(component('slow'));
    await expect.poll(() => log).toEqual(['closed slow']);
  });

  it('closes a component that is there in the moment in which another fails to start', async () => {
    const { log, component } = recorder();
    const lifecycle = createLifecycle();
    const [failing, coming] = [Promise.withResolvers<never>(), Promise.withResolvers<ReturnType<typeof component>>()];
    const starts = Promise.allSettled([lifecycle.start('failing', () => failing.promise), lifecycle.start('coming', () => coming.promise)]);
    failing.reject(new Error('the port is taken'));
    coming.resolve(component('coming'));
    const [first, second] = await starts;
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'the port is taken' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'Sophia is closing.' } });
    expect(log).toEqual(['closed coming']);
  });

  it('gives up a start when closing begins', async () => {
    const lifecycle = createLifecycle();
    const starting = lifecycle.start(
      'endless',
      (signal) => new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    await lifecycle.close();
    await expect(starting).rejects.toThrow('Sophia is closing.');
  });

  it('closes the rest when a component fails to close or takes too long, and tells', async () => {
    const { log, component } = recorder();
    const events: LifecycleEvent[] = [];
    const lifecycle = createLifecycle({ onEvent: (event) => events.push(event) });
    await lifecycle.start('first', () => component('first'));
    await lifecycle.start('hanging', () => component('hanging', () => new Promise(() => undefined)), { closeDeadline: 5 });
    await lifecycle.start('broken', () => component('broken', () => Promise.reject(new Error('broken'))));
    const closing = lifecycle.close();
    await expect(closing).rejects.toThrow(AggregateError);
    await expect(closing).rejects.toMatchObject({ errors: [{ message: 'broken' }, { code: 'deadline_exceeded' }] });
    expect(log).toEqual(['closed first']);
    expect(events.filter(({ kind }) => kind === 'failed_to_close').map(({ component: name }) => name)).toEqual(['broken', 'hanging']);
  });
});

describe('what fails between two components', () => {
  it('closes those before it, and is what is told', async () => {
    const log: string[] = [];
    const lifecycle = createLifecycle();
    const failing = closingOnFailure(lifecycle, async () => {
      await lifecycle.start('first', () => ({ close: () => void log.push('closed first') }));
      await lifecycle.start('broken', () => ({ close: () => Promise.reject(new Error('does not close')) }));
      throw new Error('between');
    });
    await expect(failing).rejects.toThrow('between');
    expect(log).toEqual(['closed first']);
    expect(await closingOnFailure(createLifecycle(), async () => 'started')).toBe('started');
  });
});

describe('the signals to stop', () => {
  const received = () => {
    const exits: unknown[] = [];
    const signals = Object.assign(new EventEmitter(), { exit: (code: unknown) => exits.push(code) });
    return { signals: signals as unknown as NodeJS.Process, exits };
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('%s is told once, and a second one ends the process at once', async (signal) => {
    const { signals, exits } = received();
    const stopping = waitForStopSignal(signals);
    signals.emit(signal, signal);
    await expect(stopping).resolves.toBe(signal);
    expect(exits).toEqual([]);
    signals.emit('SIGINT', 'SIGINT');
    expect(exits).toEqual([130]);
  });

  it('are those of this process unless told', () => {
    const before = process.listenerCount('SIGTERM');
    void waitForStopSignal();
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, process.listeners(signal).at(-1) as () => void);
  });
});
