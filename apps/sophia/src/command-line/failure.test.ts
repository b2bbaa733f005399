import { describe, expect, it } from 'vitest';
import { createScreen, runHere } from '../testing/run-here.ts';
import { openStandIn } from '../testing/stand-in.ts';
import { failureOf } from './failure.ts';
import { run } from './run.ts';

describe('with --json a failure is JSON on standard output too', () => {
  it.each([
    ['keys --json', { detail: 'sophia keys needs a command: create, list, revoke.', exit: 2 }],
    ['--json', { detail: expect.stringMatching(/^sophia needs a command: start, status, keys, /), exit: 2 }],
    ['qury --json', { detail: "unknown command 'qury'\n(Did you mean query?)", exit: 2 }],
    ['completion cmd --json', { detail: expect.stringContaining('Allowed choices are bash, zsh, fish.'), exit: 2 }],
    [
      'config --json --workspace A?',
      { code: 'invalid_configuration', exit: 2, hint: expect.stringContaining('docs/reference/errors.md#') },
    ],
    ['reset --json --data-dir /proc/self/status', { detail: expect.stringContaining('ENOTDIR'), exit: 1 }],
  ])('%s', async (line, problem) => {
    const { code, out } = await runHere(line.split(' '));
    expect([code, JSON.parse(out)]).toEqual([problem.exit, { problem: expect.objectContaining(problem) }]);
  });

  it('a fault of the program with what it is, people are told where', async () => {
    const { written, invocation } = createScreen();
    const broken = { ...invocation, environment: new Proxy({}, { get: () => expect.unreachable() }) };
    expect(await run(['config', '--json'], broken)).toBe(1);
    expect(JSON.parse(written.out)).toEqual({ problem: { detail: expect.any(String), exit: 1 } });
    expect(written.err).toContain('    at ');
  });
});

it('what the system refuses is told with a way out, where one is known', () => {
  const refused = (code: string) => failureOf(Object.assign(new Error(`${code}: no, open 'x'`), { code, syscall: 'open' }));
  expect(refused('EACCES')).toEqual({
    exit: 'failed',
    message: "EACCES: no, open 'x'",
    hint: expect.stringContaining('This user may not'),
  });
  expect(refused('EIO')).toEqual({ exit: 'failed', message: "EIO: no, open 'x'", hint: undefined });
});

describe('what a file or a server says is not obeyed by the terminal', () => {
  const answering = async (status: number, body: object, argv: readonly string[], terminal = {}) => {
    const standIn = await openStandIn((_request, response) =>
      response
        .writeHead(status, { 'content-type': status < 300 ? 'application/json' : 'application/problem+json' })
        .end(JSON.stringify(body)),
    );
    try {
      return await runHere(argv, { environment: { SOPHIA_URL: standIn.url }, terminal });
    } finally {
      await standIn.close();
    }
  };

  it('in an error, which keeps its lines', async () => {
    const problem = { status: 400, code: 'mapping_invalid', title: '', detail: 'da\u001b]0;owned\u0007y\nand \u202emore', instance: '' };
    const { err } = await answering(400, problem, ['metrics', 'list']);
    expect(err).toBe('sophia: da\ufffd]0;owned\ufffdy\nand \ufffdmore\n  mapping_invalid: docs/reference/errors.md#mapping_invalid\n');
    expect((await runHere(['\u001b[31m'])).err).toContain("unknown command '\ufffd[31m'");
  });

  it('in a confirmation', async () => {
    const made = { key: { id: 'K1' }, text: 'sophia_x' };
    const { err } = await answering(200, made, ['keys', 'create', '--role', 'viewer', '--name', '\u001b[31mred']);
    expect(err).toContain('Key K1 (\ufffd[31mred, viewer)');
  });

  it('in CSV and in what is said of sources; a file gets it as it is', async () => {
    const source = { source_system: 'c\u001bm', last_record_at: null, last_sync_at: null, lag_seconds: null, state: 'fresh' };
    const answer = {
      columns: [{ name: 'name', type: 'text' }],
      rows: [['\u001b[31mred'], [null], [1]],
      freshness: { complete_to: '2026-11-20T12:00:00Z', position: '', state: 'complete', sources: [source] },
      cache: { tier: 'none', age_ms: 0 },
    };
    const ask = (columns: number | undefined) => answering(200, answer, ['query', 'x', '--csv'], { columns });
    expect((await ask(undefined)).out).toBe('name\r\n\u001b[31mred\r\n\r\n1\r\n');
    expect(await ask(80)).toMatchObject({ out: 'name\r\n\ufffd[31mred\r\n\r\n1\r\n', err: expect.stringContaining('c\ufffdm fresh') });
  });
});
