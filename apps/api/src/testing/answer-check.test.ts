import Type from 'typebox';
import { expect, it } from 'vitest';
import { createAnswerCheck } from './answer-check.ts';

const Item = Type.Object({ id: Type.String(), size: Type.Optional(Type.Integer()), data: Type.Record(Type.String(), Type.Unknown()) });
const check = createAnswerCheck([
  { method: 'GET', url: '/items', sends: {}, responses: { 200: Type.Object({ items: Type.Array(Item) }), 304: Type.Null() } },
  { method: 'GET', url: '/items/:id', sends: { etag: 'always' }, responses: { 200: Item } },
  {
    method: 'GET',
    url: '/file',
    sends: { 'sophia-token': 'maybe' },
    responses: { 200: { content: { 'application/zstd': { schema: Type.String() } } } },
  },
  {
    method: 'POST',
    url: '/items',
    sends: {},
    responses: { 200: { content: { 'application/json': { schema: Item }, 'application/x-ndjson': { schema: Item } } } },
  },
]);

const OWN = { 'x-request-id': '1', 'strict-transport-security': 'max-age=1', ratelimit: '"default";r=1;t=1' };
const answer = (body: unknown, type = 'application/json; charset=utf-8', status = 200, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers({ 'content-type': type, ...OWN, ...headers }),
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const JSON_TYPE = 'application/json';
const TAG = { etag: '"1"' };
const sound = { id: '1', data: { anything: [1] } };

it('takes an answer as it is described, with what is free', () => {
  expect(check('GET', '/items?limit=1', answer({ items: [sound, { ...sound, size: 2 }] }))).toEqual([]);
  expect(check('GET', '/items/1', answer(sound, JSON_TYPE, 200, TAG))).toEqual([]);
  expect(check('GET', '/items', answer('', 'application/json', 304))).toEqual([]);
  expect(check('GET', '/file', answer('bytes', 'application/zstd'))).toEqual([]);
  expect(check('POST', '/items', answer(`${JSON.stringify(sound)}\n${JSON.stringify(sound)}\n`, 'application/x-ndjson'))).toEqual([]);
});

it('tells a member that is not described, is missing, or is another', () => {
  expect(check('GET', '/items', answer({ items: [sound, { ...sound, more: 1 }] }))).toContain('/items/1/more schema is false');
  expect(check('GET', '/items/1', answer({ id: '1' }, JSON_TYPE, 200, TAG))).toEqual([
    expect.stringContaining('must have required properties data'),
  ]);
  expect(check('GET', '/items/1', answer({ ...sound, size: 'large' }, JSON_TYPE, 200, TAG))).toEqual(['/size must be integer']);
  expect(check('POST', '/items', answer('{"id":1,"data":{}}', 'application/x-ndjson'))).toEqual(['/id must be string']);
});

it('tells a content type that is not described', () => {
  expect(check('GET', '/items/1', answer('id\n1\n', 'text/csv', 200, TAG))).toEqual([
    'answers 200 as text/csv, which it does not describe',
  ]);
  expect(check('GET', '/file', answer({}))).toEqual(['answers 200 as application/json, which it does not describe']);
});

it('knows nothing of what is no route, or of a status without a schema', () => {
  expect(check('GET', '/nowhere', answer({}))).toEqual([]);
  expect(check('PUT', '/items/1', answer({}))).toEqual([]);
  expect(check('GET', '/items/1', answer({ code: 'not_found' }, 'application/problem+json', 404))).toEqual([]);
});

it('tells a header that is not described, and one that is not there', () => {
  expect(check('GET', '/items/1', answer(sound))).toEqual(['does not send etag']);
  expect(check('GET', '/items', answer({ items: [] }, JSON_TYPE, 200, TAG))).toEqual(['sends etag, which it does not describe']);
  expect(check('GET', '/file', answer('', 'application/zstd', 200, { 'sophia-token': 't' }))).toEqual([]);
  const problem = answer({}, 'application/problem+json', 503, { 'retry-after': '1' });
  expect(check('GET', '/items/1', problem)).toEqual([]);
  expect(check('GET', '/items', { ...problem, status: 200 })).toContain('sends retry-after, which it does not describe');
});
