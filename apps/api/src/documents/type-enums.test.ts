import { expect, it } from 'vitest';
import { typeEnums } from './type-enums.ts';

it('says of a list of texts that it is one, wherever it stands', () => {
  const states = { enum: ['open', 'closed'], description: 'Of the door' };
  expect(typeEnums({ parameters: [{ schema: states }], other: { anyOf: [states, { type: 'null' }] } })).toEqual({
    parameters: [{ schema: { type: 'string', ...states } }],
    other: { anyOf: [{ type: 'string', ...states }, { type: 'null' }] },
  });
});

it('leaves other lists, members of that name, and values as they are', () => {
  const document = {
    mixed: { enum: ['one', null] },
    properties: { enum: { type: 'array', items: { type: 'string' } } },
    examples: [{ enum: ['a value'] }],
  };
  expect(typeEnums(document)).toEqual(document);
});
