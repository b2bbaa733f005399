import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { completion } from '../commands/completion.ts';
import { createScreen } from '../testing/run-here.ts';
import { messageOf } from './message-of.ts';
import { createProgram } from './program.ts';
import { run } from './run.ts';
import { openTerminal } from './terminal.ts';
import { withSubcommands } from './with-subcommands.ts';

it.each([
  [['qury'], "unknown command 'qury'\n(Did you mean query?)"],
  [['query', 'revenue', '--wher', 'a=b'], "unknown option '--wher'\n(Did you mean --where?)"],
  [['keys', 'create', '--role', 'king', '--name', 'x'], 'Allowed choices are viewer, analyst, employee, manager, executive, admin'],
  [['keys', 'create', '--role', 'viewer'], "required option '--name <name>' not specified"],
  [['query'], "missing required argument 'metrics'"],
])('%j is a mistake that is told', async (argv, message) => {
  const { written, invocation } = createScreen();
  expect(await run(argv, invocation)).toBe(2);
  expect(written.err).toContain(message);
});

it('help and version are no mistakes, and every command has examples', async () => {
  const { written, invocation } = createScreen();
  expect(await run(['query', '--help'], invocation)).toBe(0);
  expect(written.out).toContain('sophia query revenue win_rate --by user.office');
  expect(await run(['--version'], invocation)).toBe(0);
});

it('completes commands and options in every shell', async () => {
  const { written, invocation } = createScreen();
  const program = createProgram(invocation, () => undefined);
  for (const shell of ['bash', 'zsh', 'fish'] as const) await completion(invocation, shell, {}, program);
  for (const command of withSubcommands(program).slice(1)) expect(written.out).toContain(command.name());
  expect(written.out).toContain('--as-of');
  expect(written.out).toContain("-a 'bash zsh fish'");
  const asked = createScreen();
  expect(await run(['completion', 'zsh', '--json'], asked.invocation)).toBe(0);
  expect(JSON.parse(asked.written.out)).toEqual({ shell: 'zsh', script: expect.stringContaining('compdef _sophia sophia') });
});

it('a data folder that cannot be, and a file that cannot be read, are told without a stack', async () => {
  const { written, invocation } = createScreen();
  const folder = join(import.meta.filename, 'data');
  expect(await run(['start', '--port', '0', '--data-dir', folder], invocation)).toBe(1);
  expect(written.err).toMatch(/The data folder .* cannot be used: ENOTDIR.*\n {2}Something on the way is no folder/);
  const unreadable = { ...invocation, environment: { SOPHIA_CONFIG: join(import.meta.filename, 'sophia.yaml') } };
  expect(await run(['config'], unreadable)).toBe(2);
  expect(written.err).toMatch(/sophia: The configuration file of SOPHIA_CONFIG cannot be read: ENOTDIR: not a directory/);
  expect(written.err).not.toContain('    at ');
});

it('what the server refuses is told with its code, and a fault of the program with where it is', async () => {
  const { written, invocation } = createScreen();
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  // It listens at a port.
  const { port } = busy.address() as AddressInfo;
  const folder = await mkdtemp(join(tmpdir(), 'sophia-program-'));
  expect(await run(['start', '--port', String(port), '--data-dir', join(folder, 'data')], invocation)).toBe(1);
  expect(written.err).toContain(`Something listens at 127.0.0.1:${port} already`);
  expect(written.err).toContain('  address_in_use: docs/reference/errors.md#address_in_use\n');
  busy.close();
  // An address for documentation: no machine has it. And one that is none.
  for (const host of ['203.0.113.1', '999.1.1.1']) {
    expect(await run(['start', '--port', '0', '--host', host, '--data-dir', join(folder, 'data')], invocation)).toBe(2);
    expect(written.err).toContain(`sophia: This process cannot listen at ${host}:0 (`);
    expect(written.err).toMatch(/ {2}invalid_configuration: .*\n$/);
  }
  await rm(folder, { recursive: true });
  const out = (): void => {
    throw new TypeError('of the program');
  };
  expect(await run(['completion', 'bash'], { ...invocation, terminal: { ...invocation.terminal, out } })).toBe(1);
  expect(written.err).toMatch(/sophia: TypeError: of the program\n {4}at .*program\.test\.ts/);
});

it('a file may be called like an option, behind --', async () => {
  const { written, invocation } = createScreen();
  expect(await run(['import', '--mapping', 'a', '--mapping', 'b', '--', '--json'], invocation)).toBe(2);
  expect([written.out, written.err]).toEqual(['', expect.stringContaining('A file has one mapping')]);
});

it('what was thrown is put in words', () => {
  expect([messageOf(new Error('a disk')), messageOf('a text')]).toEqual(['a disk', 'a text']);
  // As of a platform whose parts do not close.
  const several = new AggregateError([new AggregateError([new Error('A disk.'), 'A text.'], '2 parts'), new Error('A server.')], '2 parts');
  expect(messageOf(several)).toBe('A disk. A text. A server.');
});

describe('the terminal', () => {
  const openStreams = (isTTY: boolean) => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()].map((stream) => Object.assign(stream, { isTTY }));
    const exits: number[] = [];
    if (stdout === undefined || stderr === undefined) throw new Error('two were made');
    return { stdout, stderr, stdin: Object.assign(new PassThrough(), { isTTY }), exit: (code: number) => void exits.push(code), exits };
  };

  it.each([
    [true, {}, { columns: 80, colour: true, interactive: true }],
    [true, { NO_COLOR: '' }, { colour: true }],
    [true, { NO_COLOR: '1' }, { columns: 80, colour: false }],
    [true, { TERM: 'dumb' }, { colour: false }],
    [false, {}, { columns: undefined, colour: false, interactive: false }],
  ])('that is one: %s, with %j', (isTTY, environment, expected) => {
    expect(openTerminal(openStreams(isTTY), environment)).toMatchObject(expected);
  });

  it('is as wide as its window is when a line of progress is shown, wherever results go', () => {
    const streams = openStreams(false);
    const { errColumns } = openTerminal(streams, {});
    expect(errColumns()).toBe(80);
    Object.assign(streams.stderr, { columns: 40 });
    expect(errColumns()).toBe(40);
  });

  it('whose reader has read enough gets no more; a disk that is full ends the command', () => {
    const streams = openStreams(false);
    const terminal = openTerminal(streams, {});
    streams.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    streams.stderr.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    terminal.out('a result\n');
    terminal.err('a word\n');
    expect([streams.exits, streams.stderr.read()?.toString()]).toEqual([[], 'a word\n']);
    streams.stdout.emit('error', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
    expect([streams.exits, streams.stderr.read()?.toString()]).toEqual([
      [1],
      'sophia: The results cannot be written: ENOSPC: no space left on device, write\n',
    ]);
  });
});

const COMPLETED = [
  ['sophia qu', 'query'],
  ['sophia set-aside ', 'list replay discard help'],
  ['sophia hel', 'help'],
  ['sophia help ke', 'keys'],
  ['sophia help keys ', ''],
  ['sophia keys help cr', 'create'],
  ['sophia query hel', ''],
  ['sophia query revenue --b', '--by'],
  ['sophia query list --b', '--by'],
  ['sophia keys create --role a', 'analyst admin'],
  ['sophia --data-dir x keys cr', 'create'],
  ['sophia completion ', 'bash zsh fish --data-dir --workspace --json'],
] as const;

/** As bash takes them apart. */
const WITH_EQUALS = [
  ['sophia query revenue --compare =', 'previous_period previous_year'],
  ['sophia query revenue --compare = ', 'previous_period previous_year'],
  ['sophia query revenue --compare = previous_y', 'previous_year'],
  ['sophia query revenue --order = ', ''],
] as const;

const hasZsh = spawnSync('zsh', ['--version']).status === 0;

it.each(hasZsh ? COMPLETED : [])('zsh, where it is there, completes %j with %j', async (line, expected) => {
  const { written, invocation } = createScreen();
  await completion(
    invocation,
    'zsh',
    {},
    createProgram(invocation, () => undefined),
  );
  // As its line editor sets them; only that may call what adds the matches.
  const editor = [`compdef() { : }`, `compadd() { shift; print -r -- \${(M)@:#\${words[CURRENT]}*} }`].join('\n');
  const typed = `words=(${line}${line.endsWith(' ') ? "''" : ''}); CURRENT=$#words; _sophia`;
  const { stdout, stderr } = await promisify(execFile)('zsh', ['-f', '-c', `${editor}\n${written.out}\n${typed}`]);
  expect([stdout.trim(), stderr]).toEqual([expected, '']);
});

it.each([...COMPLETED, ...WITH_EQUALS])('bash completes %j with %j', async (line, expected) => {
  const { written, invocation } = createScreen();
  await completion(
    invocation,
    'bash',
    {},
    createProgram(invocation, () => undefined),
  );
  const typed = `COMP_WORDS=(${line}${line.endsWith(' ') ? "''" : ''}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _sophia; echo "\${COMPREPLY[*]}"`;
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', `${written.out}${typed}`]);
  expect(stdout.trim()).toBe(expected);
});

it('a wrong configuration is told with what is allowed', async () => {
  const { written, invocation } = createScreen();
  expect(await run(['config'], { ...invocation, environment: { SOPHIA_PORT: 'http' } })).toBe(2);
  expect(written.err).toContain('SOPHIA_PORT is "http"; allowed is');
  expect(await run(['config', '--json'], invocation)).toBe(0);
  expect(JSON.parse(written.out)).toContainEqual(expect.objectContaining({ path: 'http.port', value: '8080', origin: 'default' }));
});
