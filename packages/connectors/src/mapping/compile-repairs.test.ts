import type { JsonValue } from '@sophia/types';
import { describe, expect, test } from 'vitest';
import { thingMapper } from '../testing/thing-mapper.ts';

describe('repairs', () => {
  const map = thingMapper(
    `fields: { text: v, owner: w, kind: w }
repairs:
  - { rule: product, columns: [v], replace: { GTXPro: GTX Pro, "": x } }
  - { rule: trimmed, trim: true }
  - { rule: both, columns: [w], trim: true, replace: { Bob: Robert } }
null_values: [n/a]`,
    ['id', 'v', 'w'],
  );
  const repaired = (...values: JsonValue[]) => {
    const { fields, repairs, original, source_id } = map({ line: 1, values });
    return { fields, repairs, original, source_id };
  };

  test('put right what they know, count each use by its rule, and keep the raw value', () => {
    expect(repaired('1', 'GTXPro', 'Ann')).toEqual({
      source_id: '1',
      fields: { text: 'GTX Pro', owner: 'Ann', kind: 'Ann' },
      repairs: ['product'],
      original: { text: 'GTXPro' },
    });
    expect(repaired(' 1', ' GTXPro', ' Bob ')).toEqual({
      source_id: '1',
      fields: { text: 'GTXPro', owner: 'Robert', kind: 'Robert' },
      repairs: ['trimmed', 'trimmed', 'trimmed', 'both'],
      original: { source_id: ' 1', text: ' GTXPro', owner: ' Bob ', kind: ' Bob ' },
    });
  });

  test('and texts without a value hold for numbers and booleans by their text, as a table of text has them', () => {
    const typed = thingMapper(
      `fields: { text: v, count: w }
repairs:
  - { rule: moved, columns: [w], replace: { 9: 90 } }
  - { rule: flags, columns: [v], replace: { "true": yes } }
null_values: [-1, "false"]`,
      ['id', 'v', 'w'],
    );
    const read = (...values: JsonValue[]) => {
      const { fields, repairs, original } = typed({ line: 1, values: ['1', ...values] });
      return { fields, repairs, original };
    };
    expect(read('true', '9')).toEqual({
      fields: { text: 'yes', count: '90' },
      repairs: ['flags', 'moved'],
      original: { text: 'true', count: '9' },
    });
    expect(read(true, 9)).toEqual({
      fields: { text: 'yes', count: '90' },
      repairs: ['flags', 'moved'],
      original: { text: true, count: 9 },
    });
    expect(read(false, -1).fields).toEqual({});
    expect(read(['false'], 8).fields).toEqual({ text: ['false'], count: 8 });
  });

  test('leave alone what is right', () => {
    expect(repaired('1', 'GTX Pro', 5)).toEqual({
      source_id: '1',
      fields: { text: 'GTX Pro', owner: 5, kind: 5 },
      repairs: undefined,
      original: undefined,
    });
    expect(repaired('1', ' n/a ', 'x').fields).toEqual({ owner: 'x', kind: 'x' });
  });
});
