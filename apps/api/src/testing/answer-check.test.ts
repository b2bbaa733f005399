import Type from 'typebox';
import { expect, it } from 'vitest';
import { createAnswerCheck } from './answer-check.ts';

const Item = Type.Object({ id: Type.String(), size: Type.Optional(Type.Integer()), data: Type.Record(Type.String(), Type.Unknown()) });
const check = createAnswerCheck([
  { method: 'GET', url: '/items', responses: { 200: Type.Object({ items: Type.Array(Item) }), 304: Type.Null() } },
  { method: 'GET', url: '/items/:id', responses: { 200: Item } },
  { method: 'GET', url: '/file', responses: { 200: { content: { 'application/zstd': { schema: Type.String() } } } } },
  {
    method: 'POST',
    url: '/items',
    responses: { 200: { content: { 'application/json': { schema: Item }, 'application/x-ndjson': { schema: Item } } } },
  },
]);

const answer = (body: unknown, type = 'application/json; charset=utf-8', status = 200) => ({
  status,
  headers: new Headers({ 'content-type': type }),
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const sound = { id: '1', data: { anything: [1] } };

it('takes an answer as it is described, with what is free', () => {
  expect(check('GET', '/items?limit=1', answer({ items: [sound, { ...sound, size: 2 }] }))).toEqual([]);
  expect(check('GET', '/items/1', answer(sound))).toEqual([]);
  expect(check('GET', '/items', answer('', 'application/json', 304))).toEqual([]);
  expect(check('GET', '/file', answer('bytes', 'application/zstd'))).toEqual([]);
  expect(check('POST', '/items', answer(`${JSON.stringify(sound)}\n${JSON.stringify(sound)}\n`, 'application/x-ndjson'))).toEqual([]);
});

it('tells a member that is not described, is missing, or is another', () => {
  expect(check('GET', '/items', answer({ items: [sound, { ...sound, more: 1 }] }))).toContain('/items/1/more schema is false');
  expect(check('GET', '/items/1', answer({ id: '1' }))).toEqual([expect.stringContaining('must have required properties data')]);
  expect(check('GET', '/items/1', answer({ ...sound, size: 'large' }))).toEqual(['/size must be integer']);
  expect(check('POST', '/items', answer('{"id":1,"data":{}}', 'application/x-ndjson'))).toEqual(['/id must be string']);
});

it('tells a content type that is not described', () => {
  expect(check('GET', '/items/1', answer('id\n1\n', 'text/csv'))).toEqual(['answers 200 as text/csv, which it does not describe']);
  expect(check('GET', '/file', answer({}))).toEqual(['answers 200 as application/json, which it does not describe']);
});

it('knows nothing of what is no route, or of a status without a schema', () => {
  expect(check('GET', '/nowhere', answer({}))).toEqual([]);
  expect(check('PUT', '/items/1', answer({}))).toEqual([]);
  expect(check('GET', '/items/1', answer({ code: 'not_found' }, 'application/problem+json', 404))).toEqual([]);
});
