import { expect, it } from 'vitest';
import { nameSchemas } from './name-schemas.ts';

const inner = { title: 'Inner', type: 'string' };
const outer = { title: 'Outer', type: 'object', properties: { inner } };
const answering = (schema: object) => ({ get: { responses: { 200: { content: { 'application/json': { schema } } } } } });
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

it('gives a schema with a title a place of its own, and a reference to it wherever it is used', () => {
  const document = nameSchemas({ paths: { '/one': answering(outer), '/two': answering({ type: 'array', items: inner }) } });
  expect(document).toEqual({
    paths: { '/one': answering(reference('Outer')), '/two': answering({ type: 'array', items: reference('Inner') }) },
    components: { schemas: { Outer: { ...outer, properties: { inner: reference('Inner') } }, Inner: inner } },
  });
});

it('leaves the second of two that differ where it is', () => {
  const other = { ...inner, maxLength: 5 };
  const { paths, components } = nameSchemas({ paths: { '/one': answering(inner), '/two': answering(other) }, components: {} });
  expect(paths).toEqual({ '/one': answering(reference('Inner')), '/two': answering(other) });
  expect(components).toEqual({ schemas: { Inner: inner } });
});

it('names the parts of schemas that are named already, and drops those that nothing uses', () => {
  const itself = { anyOf: [inner, { title: 'Not', type: 'object', properties: { not: reference('Filter') } }] };
  const { components } = nameSchemas({
    paths: { '/one': answering(reference('Filter')) },
    components: { schemas: { Filter: itself, Alias: reference('Filter') }, securitySchemes: {} },
  });
  expect(components.schemas).toEqual({ Filter: { anyOf: [reference('Inner'), reference('Not')] }, Inner: inner, Not: itself.anyOf[1] });
  expect(components.securitySchemes).toEqual({});
});

it('takes no example for a schema', () => {
  const schema = { type: 'object', examples: [{ title: 'Of a book' }], enum: [inner] };
  expect(nameSchemas({ paths: { '/one': answering(schema) } }).paths).toEqual({ '/one': answering(schema) });
});
