import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { watchInterruption } from './interruption.ts';

it.each(['SIGINT', 'SIGTERM'])('the first %s ends what is asked, the second the process, and none once it is over', (signal) => {
  const exits: (number | string | null | undefined)[] = [];
  const emitter = new EventEmitter();
  const target = Object.assign(emitter, { exit: (code?: number | string | null) => void exits.push(code) });
  // A process, as far as signals and its end go.
  const interruption = watchInterruption(target as unknown as NodeJS.Process);
  expect(interruption.signal.aborted).toBe(false);
  emitter.emit(signal, signal);
  expect([interruption.signal.aborted, exits]).toEqual([true, []]);
  emitter.emit(signal, signal);
  expect(exits).toEqual([130]);
  interruption.close();
  expect(emitter.listenerCount(signal)).toBe(0);
});
