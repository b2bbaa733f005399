/**
 * `./sophia dev`: runs `sophia start` with the arguments, and anew on each change of what it is made of. The next process
 * stands by with the packages of others loaded, and loads the rest while the one before it closes.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { glob } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ROOT } from './run-step.ts';
import type { Instruction, Loaded } from './standby.ts';

const WATCHED = ['{packages,services,apps}/*/{src,migrations}', 'samples'];
const STANDBY = fileURLToPath(new URL('standby.ts', import.meta.url));
/** Milliseconds in which changes are one: an editor writes beside and renames. */
const SETTLE = 30;
/** Milliseconds for which a server that was just started has the processor for itself. */
const HEADSTART = 1_500;

interface Process {
  readonly child: ChildProcess;
  /** Its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

let packages: readonly string[] = [];
let standby: Process | undefined;
let stop: NodeJS.Signals | undefined;
let moved = Promise.withResolvers<string>();

/** In a process group of its own: what the terminal tells all is passed on, once. */
const standBy = (): Process => {
  const child = fork(STANDBY, ['start', ...process.argv.slice(2)], { detached: true });
  child.on('message', (loaded: Loaded) => {
    ({ packages } = loaded);
  });
  const started = { child, ended: once(child, 'exit').then(([code]) => code as number | null) };
  instruct(started, { packages });
  return started;
};

/** One that has ended is told nothing. */
const instruct = ({ child }: Process, instruction: Instruction): void => void child.send(instruction, () => undefined);

const say = (line: string): void => void process.stderr.write(`sophia dev: ${line}\n`);

/** Resolves when something has changed, or Sophia is to stop. */
const untilMoved = async (server: Process): Promise<void> => {
  const spare = setTimeout(() => {
    standby ??= standBy();
  }, HEADSTART);
  let isOver = false;
  void server.ended.then((code) => {
    if (!isOver) say(`Sophia has ended (${code ?? 'by a signal'}) and starts anew on the next change`);
  });
  const what = await moved.promise;
  isOver = true;
  clearTimeout(spare);
  if (stop !== undefined) return;
  await sleep(SETTLE);
  moved = Promise.withResolvers();
  say(`${what} changed`);
};

/** What is no part of the server: tests, and what editors keep. */
const isBeside = (name: string): boolean => /^\.|~$|\.test\.ts$/.test(name);

for await (const folder of glob(WATCHED, { cwd: ROOT })) {
  watch(ROOT + folder, { recursive: true }, (_, name) => {
    if (name !== null && !isBeside(basename(name))) moved.resolve(`${folder}/${name}`);
  });
}

let server = standBy();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stop !== undefined) server.child.kill(signal);
    stop = signal;
    moved.resolve(signal);
  });
}
instruct(server, 'load');
instruct(server, 'run');
for (;;) {
  await untilMoved(server);
  if (stop !== undefined) break;
  const next = standby ?? standBy();
  standby = undefined;
  instruct(next, 'load');
  server.child.kill();
  await server.ended;
  server = next;
  instruct(server, 'run');
}
standby?.child.kill();
server.child.kill(stop);
// What is watched would keep it.
process.exit((await server.ended) ?? 1);
