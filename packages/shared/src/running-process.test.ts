import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identifyByPs, identifyProcess, isRunning, sendSignal, waitForEnd } from './running-process.ts';

test('a process is known by its number and its beginning', async () => {
  const own = await identifyProcess(process.pid);
  expect(own).toEqual({ pid: process.pid, started: expect.stringMatching(/^\d+$/), program: expect.any(String) });
  expect(await identifyProcess(process.pid)).toEqual(own);
  expect(await isRunning({ pid: process.pid, started: 'another time' })).toBe(false);
});

test('one that has ended is no longer there', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const identity = await identifyProcess(child.pid ?? 0);
  if (identity === undefined) throw new Error('It did not run.');
  expect(await waitForEnd([identity], 0)).toBe(false);
  const ended = once(child, 'exit');
  sendSignal(identity.pid, 'SIGKILL');
  expect(await waitForEnd([identity], 20_000)).toBe(true);
  await ended;
  sendSignal(identity.pid, 'SIGKILL');
  expect(await identifyProcess(identity.pid)).toBeUndefined();
});

test('where the system has no /proc, ps tells', async () => {
  const own = await identifyByPs(process.pid);
  expect(own?.started).toMatch(/\d\d:\d\d:\d\d \d{4}$/);
  expect(own?.program).toBe((await identifyProcess(process.pid))?.program);
  expect(await identifyByPs(2 ** 22 + 1)).toBeUndefined();
});
