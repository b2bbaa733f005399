import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenSophia, openSophia, words } from '../testing/open-sophia.ts';

let test: OpenSophia;
const sophia: OpenSophia['sophia'] = (argv, surroundings) => test.sophia(argv, surroundings);
const write: OpenSophia['write'] = (name, text) => test.write(name, text);

beforeAll(async () => {
  test = await openSophia();
});
afterAll(() => test.close());

/** As a pipe gives them. */
async function* chunksOf(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}
const bytesOf = (text: string): Readable => Readable.from(chunksOf(text));

describe('taps', () => {
  const SCHEMA = {
    type: 'SCHEMA',
    stream: 'tickets',
    schema: { type: 'object', properties: { id: { type: 'integer' } } },
    key_properties: ['id'],
  };
  const messages = (...each: object[]) => each.map((message) => `${JSON.stringify(message)}\n`).join('');

  it('in a pipe need to be told where they read from; rejected records and states are told', async () => {
    expect(await sophia(['import', '--singer'])).toMatchObject({ code: 2, err: expect.stringContaining('needs --source-system') });
    const mapping = await write(
      'tickets.yaml',
      'source_system: desk\nrecord_type: issue\nmatch: { files: [tickets] }\nsource_id: id\nfields: { due_date: when }\n',
    );
    const schema = { ...SCHEMA, schema: { type: 'object', properties: { id: { type: 'integer' }, when: { type: 'string' } } } };
    const input = messages(
      schema,
      { type: 'RECORD', stream: 'tickets', record: { id: 1, when: 'yesterday' } },
      { type: 'STATE', value: { seen: 1 } },
    );
    const args = ['import', '--singer', '--source-system', 'desk', '--mapping', mapping];
    const told = await sophia(args, { input });
    expect([told.code, told.out, told.err]).toEqual([4, '{"seen":1}\n', expect.stringContaining('1 rejected')]);
    expect(told.err).not.toContain('warning');
    const other = await write('other.yaml', 'source_system: desk\nrecord_type: issue\nsource_id: key\nfields: { due_date: when.day }\n');
    const warned = await sophia([...args, '--mapping', other], { input });
    expect([warned.code, warned.err]).toEqual([
      4,
      expect.stringContaining('warning: No stream was read by mapping 2, which is for streams with key, when.day.\n'),
    ]);
    const torn = new Readable({
      read() {
        this.destroy(new Error('standard input broke'));
      },
    });
    const broken = await sophia(args, { terminal: { input: torn } });
    expect([broken.code, broken.out, broken.err]).toEqual([1, '', expect.stringContaining('standard input broke')]);
    const json = await sophia([...args, '--json'], { terminal: { input: bytesOf(input) } });
    expect([json.code, JSON.parse(json.out)]).toEqual([4, expect.objectContaining({ name: 'desk', last_state: { seen: 1 } })]);
  });

  it('run from a YAML file with configuration, catalog, mappings and the variables that it names, from the last state on', async () => {
    const program = [
      `const { readFileSync } = require('node:fs');`,
      `const at = (name) => process.argv.indexOf(name) < 0 ? null : JSON.parse(readFileSync(process.argv[process.argv.indexOf(name) + 1]));`,
      `const say = (message) => console.log(JSON.stringify(message));`,
      `say(${JSON.stringify(SCHEMA)});`,
      `console.error('one ticket');`,
      `say({ type: 'RECORD', stream: 'tickets', record: { id: 1 } });`,
      `say({ type: 'STATE', value: { config: at('--config'), catalog: at('--catalog') ?? at('--properties'), before: at('--state'), token: process.env.TOKEN, other: process.env.OTHER } });`,
    ].join('');
    await write(
      'tickets-mapping.yaml',
      'source_system: desk\nrecord_type: issue\nmatch: { files: [tickets] }\nsource_id: id\nfields: {}\n',
    );
    const tap = {
      name: 'tickets',
      source_system: 'desk',
      command: [process.execPath, '-e', program, '--'],
      config: { url: 'x' },
      catalog: { streams: [] },
      mappings: ['tickets-mapping.yaml'],
      environment: ['TOKEN', 'MISSING'],
    };
    const file = await write('tap.yaml', JSON.stringify(tap));
    const environment = { TOKEN: 'secret', OTHER: 'not shown' };
    const state = { config: { url: 'x' }, catalog: { streams: [] }, before: null, token: 'secret' };
    const first = await sophia(['import', '--tap', file], { environment });
    expect([first.code, JSON.parse(first.out), first.err]).toEqual([0, state, expect.stringContaining('one ticket\n')]);
    const second = await sophia(['import', '--tap', file, '--json'], { environment: { PATH: '/usr/bin', ...environment } });
    expect(JSON.parse(second.out)).toMatchObject({ name: 'tickets', unchanged: 1, last_state: { ...state, before: state } });
    const nameless = await write('nameless.yaml', JSON.stringify({ command: tap.command }));
    expect(await sophia(['import', '--tap', nameless])).toMatchObject({ code: 2, err: expect.stringContaining('needs --source-system') });
    const failing = await write('failing.yaml', JSON.stringify({ command: [process.execPath, '-e', 'process.exit(3)', '--'] }));
    const failed = await sophia(['import', '--tap', failing, '--source-system', 'desk']);
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('ended with code 3')]);
    const given = await sophia(['import', '--tap', nameless, '--source-system', 'desk', '--json']);
    expect(JSON.parse(given.out)).toMatchObject({ name: process.execPath });
  });

  it('are ended with their import, also while they are quiet, and what a killed command left is removed', async () => {
    const left = join(test.dataDirectory, 'spool', 'tap-4194305-left');
    await mkdir(left, { recursive: true });
    const program = [
      `require('node:fs').writeFileSync(process.env.PID, String(process.pid));`,
      `console.log('{"type":"NONSENSE"}');`,
      `setInterval(() => undefined, 60_000);`,
    ].join('');
    const tap = { name: 'quiet', command: [process.execPath, '-e', program, '--'], environment: ['PID'] };
    const file = await write('quiet.yaml', JSON.stringify(tap));
    const told = join(test.outside, 'quiet.pid');
    const { code, err } = await sophia(['import', '--tap', file, '--source-system', 'desk'], { environment: { PID: told } });
    expect([code, err]).toEqual([2, expect.stringContaining('invalid_singer_message')]);
    const pid = Number(await readFile(told, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await readdir(join(test.dataDirectory, 'spool'))).toEqual([]);
  });

  it('are not started for an import that is refused', async () => {
    await write('nonsense.yaml', 'record_type: nothing\n');
    const tap = { command: [process.execPath, '-e', 'process.exit(3)', '--'], mappings: ['nonsense.yaml'] };
    const file = await write('refused.yaml', JSON.stringify(tap));
    const { code, err } = await sophia(['import', '--tap', file, '--source-system', 'desk']);
    expect([code, err]).toEqual([2, expect.stringContaining('mapping_invalid')]);
  });

  it('that cannot be started are told', async () => {
    const file = await write('nowhere.yaml', JSON.stringify({ command: ['no\0tap'], name: 'nowhere' }));
    const { code, err } = await sophia(['import', '--tap', file, '--source-system', 'desk']);
    expect([code, err]).toEqual([1, expect.stringContaining('null bytes')]);
  });

  it('get the whole numbers of their configuration and catalog digit by digit', async () => {
    const program = [
      `const read = (name) => require('node:fs').readFileSync(process.argv[process.argv.indexOf(name) + 1], 'utf8');`,
      `console.log(JSON.stringify({ type: 'STATE', value: [read('--config'), read('--catalog')] }));`,
    ].join('');
    const command = JSON.stringify([process.execPath, '-e', program, '--']);
    const yaml = `command: ${command}\nname: numbers\nconfig: { page: 10150000000000001, part: 0.5, last: -1 }\ncatalog: { to: [9223372036854775807] }\n`;
    const { code, out } = await sophia(['import', '--tap', await write('numbers.yaml', yaml), '--source-system', 'desk']);
    const [config, catalog] = JSON.parse(out);
    expect([code, config, catalog]).toEqual([0, '{"page":10150000000000001,"part":0.5,"last":-1}', '{"to":[9223372036854775807]}']);
  });

  it('get a state back digit by digit', async () => {
    const program = [
      `const at = process.argv.indexOf('--state');`,
      `const before = at < 0 ? 'none' : require('node:fs').readFileSync(process.argv[at + 1], 'utf8');`,
      `console.log('{"type":"STATE","value":{"at":9007199254740993,"before":' + JSON.stringify(before.slice(0, 25)) + '}}');`,
    ].join('');
    const file = await write('digits.yaml', JSON.stringify({ command: [process.execPath, '-e', program, '--'], name: 'digits' }));
    const run = async () => (await sophia(['import', '--tap', file, '--source-system', 'digits'])).out;
    expect(await run()).toBe('{"at":9007199254740993,"before":"none"}\n');
    expect(await run()).toContain('"before":"{\\"at\\":9007199254740993');
  });

  it('that end early keep what they wrote, and go on from the last state next time', async () => {
    const program = [
      `const { readFileSync } = require('node:fs');`,
      `const at = process.argv.indexOf('--state');`,
      `const seen = at < 0 ? 0 : JSON.parse(readFileSync(process.argv[at + 1])).seen;`,
      `const say = (message) => require('node:fs').writeSync(1, JSON.stringify(message) + '\\n');`,
      `say(${JSON.stringify({ ...SCHEMA, stream: 'visits' })});`,
      `for (let id = seen + 1; id <= seen + 25; id += 1) {`,
      `  say({ type: 'RECORD', stream: 'visits', record: { id } });`,
      `  if (id % 10 === 0) say({ type: 'STATE', value: { seen: id } });`,
      `}`,
      `console.error('no more');`,
      `process.exit(3);`,
    ].join('\n');
    const file = await write('dies.yaml', JSON.stringify({ name: 'dies', command: [process.execPath, '-e', program, '--'] }));
    const last = async () => {
      const [first] = (await test.json(words('imports list --limit 1'))) as [object];
      return first;
    };
    for (const seen of [20, 40]) {
      const { code, out, err } = await sophia(['import', '--tap', file, '--source-system', 'early']);
      expect([code, out.trimEnd().split('\n').at(-1)]).toEqual([1, JSON.stringify({ seen })]);
      expect(err).toMatch(/ended with code 3\. Its last lines: no more\n {2}tap_failed; /);
      expect(await last()).toMatchObject({
        name: 'dies',
        state: 'failed',
        last_state: { seen },
        failure: { code: 'tap_failed', message: expect.stringContaining('ended with code 3') },
      });
    }
    const { records } = (await test.json(words('records list visits --source-system early --limit 100'))) as {
      records: { source_id: string }[];
    };
    expect(records.map(({ source_id }) => Number(source_id)).sort((one, other) => one - other)).toEqual(
      Array.from({ length: 45 }, (_, index) => index + 1),
    );
  });

  it.each([
    ['not: [yaml', 'Flow sequence in block collection'],
    ['', 'it is no mapping of keys'],
    ['just text', 'it is no mapping of keys'],
    ['hello: 1', 'hello is no key of a tap; they are name, source_system, command'],
    ['command: tap-x', 'command is a list of texts'],
    ['command: [1]', 'command is a list of texts'],
    ['command: []', 'command is a list: the program and its arguments'],
    ['command: [tap-x]\nmappings: x.yaml', 'mappings is a list of texts'],
    ['command: [tap-x]\nenvironment: TOKEN', 'environment is a list of texts'],
    ['command: [tap-x]\nconfig: [1]', 'config is a mapping of keys'],
    ['command: [tap-x]\ncatalog: x', 'catalog is a mapping of keys'],
    ['command: [tap-x]\nconfig: { ratio: .inf }', 'config has the number Infinity, which JSON has not'],
  ])('%j is not well formed', async (text, message) => {
    const { code, err } = await sophia(['import', '--source-system', 'desk', '--tap', await write('wrong.yaml', text)]);
    expect([code, err]).toEqual([2, expect.stringContaining(`is not well formed: ${message}`)]);
    expect(err).not.toContain('    at ');
  });

  it('that are not there are told', async () => {
    expect(await sophia(['import', '--tap', join(test.outside, 'nothing')])).toMatchObject({
      code: 3,
      err: expect.stringContaining('The tap'),
    });
  });
});
