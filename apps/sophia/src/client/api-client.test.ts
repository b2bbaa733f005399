import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runHere, type Surroundings, type Told, WATCHED } from '../testing/run-here.ts';
import { openStandIn } from '../testing/stand-in.ts';
import { unreachable } from './api-client.ts';

/** Runs a command against a server that answers like this. */
const askStandIn = async (answer: RequestListener, argv: readonly string[], { environment, ...surroundings }: Surroundings = {}) => {
  const standIn = await openStandIn(answer);
  try {
    const told: Told = await runHere(argv, { environment: { SOPHIA_URL: standIn.url, ...environment }, ...surroundings });
    return { ...told, asked: standIn.asked };
  } finally {
    await standIn.close();
  }
};
const METRICS = ['metrics', 'list'];

describe('SOPHIA_URL', () => {
  it.each(['', 'localhost:8080', '127.0.0.1:8080', 'ftp://sophia.example.com'])(
    '%j is refused, and how one is written is told',
    async (url) => {
      const { code, err } = await runHere(METRICS, { environment: { SOPHIA_URL: url } });
      expect([code, err]).toEqual([2, expect.stringContaining(`SOPHIA_URL is ${JSON.stringify(url)}, which is no address of HTTP.`)]);
      expect(err).toContain('Write it like http://127.0.0.1:8080');
    },
  );

  it.each(['', '/', '/api/v1', '/api/v1/', '/below', '/below/', '/below/api/v1'])('may end with %j', async (path) => {
    const standIn = await openStandIn((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify({ keys: [{ id: String(request.headers.authorization), name: '', role: '', created_at: '' }] }));
    });
    try {
      const environment = { SOPHIA_URL: `${standIn.url}${path}`, SOPHIA_KEY: 'secret' };
      expect((await runHere(['keys', 'list', '--json'], { environment })).out).toContain('"Bearer secret"');
      expect(standIn.asked).toEqual([`GET ${path.startsWith('/below') ? '/below' : ''}/api/v1/keys?limit=1000`]);
    } finally {
      await standIn.close();
    }
  });

  it.each([
    ['authorization', { SOPHIA_KEY: 'secret\r' }, []],
    ['sophia-workspace', { SOPHIA_WORKSPACE: 'büro' }, []],
    ['sophia-after', {}, ['--after', 'a\nb']],
  ])('what cannot be sent as %s is told before anything is, and a key is not shown', async (header, environment, more) => {
    const { code, err, asked } = await askStandIn((_request, response) => response.end(), ['query', 'revenue', ...more], { environment });
    expect([code, asked]).toEqual([2, []]);
    expect(err).toMatch(new RegExp(`^sophia: The header ${header} would have a character .*\\n {2}They come from SOPHIA_KEY, .*\\n$`));
  });

  it('where nobody listens: where it was looked for is told, and that it may succeed later', async () => {
    const gone = await openStandIn(() => undefined);
    await gone.close();
    const { code, out, err } = await runHere([...METRICS, '--json'], { environment: { SOPHIA_URL: gone.url } });
    expect([code, JSON.parse(out)]).toMatchObject([75, { problem: { detail: expect.stringContaining(gone.url), exit: 75 } }]);
    expect(err).toBe(
      `sophia: Sophia does not answer at ${gone.url}: connect ECONNREFUSED ${gone.url.slice('http://'.length)}\n  SOPHIA_URL says where it is looked for; is it right, and does Sophia run there?\n`,
    );
  });

  it('without SOPHIA_KEY where one is asked for: that is said', async () => {
    const problem = { status: 401, code: 'unauthenticated', title: '', detail: 'A key is missing.', instance: '' };
    const refuse: RequestListener = (_request, response) =>
      void response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    const { code, err } = await askStandIn(refuse, METRICS);
    expect([code, err]).toEqual([5, expect.stringMatching(/^sophia: A key is missing\.\n {2}SOPHIA_KEY is not set: .*\n$/)]);
    const wrong = await askStandIn(refuse, METRICS, { environment: { SOPHIA_KEY: 'x' } });
    expect(wrong.err).toBe('sophia: A key is missing.\n  unauthenticated: docs/reference/errors.md#unauthenticated\n');
  });

  it('https where plain HTTP is spoken is told in one line', async () => {
    const standIn = await openStandIn((_request, response) => response.end());
    const { code, err } = await runHere(METRICS, { environment: { SOPHIA_URL: standIn.url.replace('http:', 'https:') } });
    await standIn.close();
    expect([code, err.split('\n')]).toEqual([75, [expect.stringContaining('Sophia does not answer at https:'), expect.any(String), '']]);
  });

  it('a name with several addresses, none of which answers: the code is told, for the message is empty', () => {
    const error = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(unreachable(error, { url: new URL('http://localhost:8080'), key: undefined }).message).toBe(
      'Sophia does not answer at http://localhost:8080: ECONNREFUSED',
    );
    const here = unreachable(error, { socketPath: 'data/run/admin.sock' });
    expect(here).toMatchObject({ message: 'Sophia does not answer: ECONNREFUSED', hint: expect.stringContaining('Try again') });
  });
});

describe('what stands in between', () => {
  const PAGE = '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><hr>nginx</body></html>';

  it.each([
    [502, { 'content-type': 'text/html' }, PAGE, 75, '502 Bad Gateway, "502 Bad Gateway nginx"'],
    [200, { 'content-type': 'text/html; charset=utf-8' }, '<title>Log in</title>', 1, '200 OK, "Log in"'],
    [302, { location: 'https://login.example.com/' }, '', 1, '302 Found, see https://login.example.com/'],
    [503, {}, '', 75, '503 Service Unavailable'],
    [404, { 'content-type': 'application/json' }, '{"message":"no route"}', 1, '404 Not Found, "{\\"message\\":\\"no route\\"}"'],
  ])('answers %i %j: what it says is told in a line', async (status, headers, body, exit, told) => {
    const { code, out, err } = await askStandIn((_request, response) => response.writeHead(status, headers).end(body), METRICS);
    expect([code, out]).toEqual([exit, '']);
    expect(err).toBe(`sophia: Something else answers in Sophia’s place: ${told}\n  Look at SOPHIA_URL, and at what stands in between.\n`);
  });

  it('cuts an answer off', async () => {
    const { code, err } = await askStandIn((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
      response.write('{"metrics":', () => response.destroy());
    }, METRICS);
    expect([code, err]).toEqual([75, 'sophia: Sophia’s answer was cut off: aborted\n']);
  });

  it('cuts a rebuild off: the warehouse is as it was', async () => {
    const progress = `${JSON.stringify({ progress: { applied: 1200, tick: 5, head: 10 } })}\n${JSON.stringify({ progress: { applied: 0, tick: 0, head: 0 } })}\n`;
    const begin: RequestListener = (_request, response) => void response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const end of ['end', 'destroy'] as const) {
      const { code, err } = await askStandIn(
        (request, response) => {
          begin(request, response);
          response.write(progress, () => void response[end]());
        },
        ['rebuild', 'warehouse'],
        { terminal: { ...WATCHED, colour: false } },
      );
      expect(code).toBe(75);
      expect(err).toContain('1,200 events, 50 %');
      expect(err).toContain('0 events, 100 %');
      expect(err).toContain('sophia: The rebuild was cut off; the warehouse in use stays as it is.\n');
    }
    const problem = { status: 500, code: 'internal_error', title: '', detail: 'The tables differ.', instance: 'request-1' };
    const failed = await askStandIn(
      (request, response) => {
        begin(request, response);
        response.end(`${JSON.stringify({ problem })}\n`);
      },
      ['rebuild', 'warehouse', '--json'],
    );
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.out)).toEqual({ problem });
    expect(failed.err).toBe('sophia: The tables differ.\n  internal_error; the logs tell more under request-1.\n');
  });

  it('cuts a backup off: no half of one stays', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sophia-cut-'));
    const { code, err } = await askStandIn(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/zstd' });
        response.write('half', () => response.destroy());
      },
      ['backup', join(folder, 'a.backup')],
    );
    expect([code, err]).toEqual([1, 'sophia: The backup was cut off: aborted\n']);
    const refused = await askStandIn((_request, response) => response.writeHead(502).end(), ['backup', join(folder, 'b.backup')]);
    expect([refused.code, refused.err]).toEqual([75, expect.stringContaining('502 Bad Gateway')]);
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });

  it('goes while a file is sent: an import that has begun can be gone on with, one that has not cannot', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sophia-gone-'));
    const file = join(folder, 'deals.csv');
    await writeFile(file, 'source_id\n'.repeat(2_000_000));
    const args = ['import', file, '--type', 'deal', '--source-system', 'hand'];
    const begun = { import: { id: '01M7YQ6SDE6TZEDKRYDVCVNCDQ', origin: 'new', last_state: null } };
    const progress = { progress: { read: 1, rejected: 0, rows_per_second: 1, seconds_left: null } };
    const seen = Promise.withResolvers<void>();
    let written = '';
    const err = (text: string): void => {
      written += text;
      if (written.includes('rows/s')) seen.resolve();
    };
    const after = await askStandIn(
      (request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        // It reads no more, so that the sender waits; it goes when its lines have come.
        request.once('data', () => request.pause());
        response.write(`${JSON.stringify(begun)}\n${JSON.stringify(progress)}\n`);
        seen.promise.then(() => request.destroy());
      },
      args,
      { terminal: { ...WATCHED, colour: false, err } },
    );
    expect(after.code).toBe(75);
    expect(written).toContain(
      'for Sophia went away; what was committed stays.\n  Go on with: sophia import --resume 01M7YQ6SDE6TZEDKRYDVCVNCDQ\n',
    );
    for (const [from, goOn] of [
      [['-', ...args.slice(2)], 'sophia import - --resume 01M7YQ6SDE6TZEDKRYDVCVNCDQ < FILE'],
      [['--singer', '--source-system', 'hand'], 'the tap, from the last state that was printed'],
    ] as const) {
      const piped = await askStandIn(
        (request, response) =>
          void request.resume().once('end', () => {
            response.writeHead(200, { 'content-type': 'application/x-ndjson' });
            response.write(`${JSON.stringify(begun)}\n`, () => response.destroy());
          }),
        ['import', ...from],
        { input: 'source_id\n1\n' },
      );
      expect([piped.code, piped.err]).toEqual([75, expect.stringContaining(`Go on with: ${goOn}\n`)]);
    }
    await writeFile(file, 'source_id\n1\n');
    const before = await askStandIn(
      (request, response) =>
        void request.resume().once('end', () => response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end()),
      args,
    );
    expect([before.code, before.err]).toEqual([75, expect.stringContaining('for Sophia went away; nothing was imported.\n')]);
    await rm(folder, { recursive: true });
  });
});

/** Ends it, once `begun`, as Ctrl-C does. */
const interrupt = async <Result>(command: () => Promise<Result>, begun: Promise<unknown>): Promise<Result> => {
  const before = process.listeners('SIGINT');
  const ending = command();
  await begun;
  const [receive] = process.listeners('SIGINT').filter((each) => !before.includes(each));
  receive?.('SIGINT');
  const ended = await ending;
  expect(process.listeners('SIGINT')).toEqual(before);
  return ended;
};

it('Ctrl-C ends a command that waits', async () => {
  const asked = Promise.withResolvers<void>();
  expect(await interrupt(() => askStandIn(() => asked.resolve(), METRICS), asked.promise)).toMatchObject({
    code: 130,
    out: '',
    err: 'sophia: The command was interrupted.\n',
  });
});

it.each([
  ['what a tap writes', ['import', '--singer', '--source-system', 'desk'], '{"type":"STATE","value":1}\n'],
  ['a pipe', ['import', '-', '--type', 'deal', '--source-system', 'desk'], 'source_id\n1\n'],
])('Ctrl-C, or a refusal, ends an import of %s, though there is more to come: its end is not waited for', async (_what, args, begin) => {
  const asked = Promise.withResolvers<void>();
  const openInput = (): PassThrough => {
    const input = new PassThrough();
    input.write(begin);
    return input;
  };
  const [stopped, refused] = [openInput(), openInput()];
  expect(await interrupt(() => askStandIn(() => asked.resolve(), args, { terminal: { input: stopped } }), asked.promise)).toMatchObject({
    code: 130,
    err: 'sophia: The import was interrupted; nothing was imported.\n',
  });
  const problem = { status: 403, code: 'forbidden', title: '', detail: 'No.', instance: '' };
  const refuse: RequestListener = (_request, response) =>
    void response.writeHead(403, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  expect((await askStandIn(refuse, args, { terminal: { input: refused } })).code).toBe(5);
  expect([stopped.destroyed, refused.destroyed]).toEqual([true, true]);
});

it('an import whose refusal is lost with the connection asks for it again, but not for ever', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'sophia-refused-')), 'deals.csv');
  await writeFile(file, 'source_id\n1\n');
  const args = ['import', file, '--type', 'deal', '--source-system', 'hand'];
  const problem = { status: 422, code: 'mapping_invalid', title: '', detail: 'The mapping is wrong.', instance: '' };
  let times = 0;
  const again = await askStandIn((request, response) => {
    times += 1;
    if (times < 3) return void request.destroy();
    response.writeHead(422, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  }, args);
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('The mapping is wrong.')]);
  const never = await askStandIn((request) => void request.destroy(), args);
  expect([never.code, never.err, never.asked.length]).toEqual([75, expect.stringContaining('does not answer at'), 4]);
  // What has come through a pipe does not come again.
  const piped = await askStandIn((request) => void request.destroy(), ['import', '-', ...args.slice(2)], { input: 'source_id\n1\n' });
  expect([piped.code, piped.asked.length]).toEqual([75, 1]);
  await rm(dirname(file), { recursive: true });
});

it.each([
  [{ status: 429, code: 'rate_limited', retry_after: 3 }, 75, '  Try again in 3 s. rate_limited: docs/reference/errors.md#rate_limited\n'],
  [{ status: 503, code: 'unavailable' }, 75, '  unavailable: docs/reference/errors.md#unavailable\n'],
  [{ status: 500, code: 'internal_error' }, 1, '  internal_error; the logs tell more under request-1.\n'],
  [{ status: 403, code: 'forbidden' }, 5, '  forbidden: docs/reference/errors.md#forbidden\n'],
  [{ status: 409, code: 'import_running' }, 1, '  import_running: docs/reference/errors.md#import_running\n'],
])('the problem %j is told with a way out', async (problem, exit, hint) => {
  const document = { title: '', detail: 'No.', instance: 'request-1', ...problem };
  const { code, out, err } = await askStandIn(
    (_request, response) =>
      response.writeHead(problem.status, { 'content-type': 'application/problem+json; charset=utf-8' }).end(JSON.stringify(document)),
    [...METRICS, '--json'],
  );
  expect([code, err, JSON.parse(out)]).toEqual([exit, `sophia: No.\n${hint}`, { problem: document }]);
});
