import { BUILTIN_RECORD_TYPES, type DerivedField, type RecordTypeDefinition } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { fieldOrDerived } from '../semantic/name-scope.ts';
import { formatDay } from '../time/calendar.ts';
import { dayAt } from '../time/time-zone.ts';
import { assume } from './assume.ts';
import { bindExpression } from './bind-expression.ts';
import { type BoundExpression, conjuncts, extentOf, literal, nodesOf, operation, reachedBy, TRUE } from './bound-expression.ts';
import { compareValues } from './compare-values.ts';
import { evaluate, UNDECIDED } from './evaluate.ts';
import { ExpressionProblem } from './expression.ts';
import { parseExpression } from './parse-expression.ts';

const builtIn = (type: string): RecordTypeDefinition => {
  const found = BUILTIN_RECORD_TYPES.find(({ name }) => name === type);
  if (found === undefined) throw new Error(`${type} is built in`);
  return found;
};
const deal = builtIn('deal');
const call = builtIn('call');

const bind = (text: string, recordType = deal): BoundExpression =>
  bindExpression(parseExpression(text), (path, at) => {
    const found = path.length > 1 ? undefined : fieldOrDerived(recordType, path[0] ?? '', at);
    if (found === undefined) throw new ExpressionProblem(at, `no field ${path.join('.')}`);
    return found;
  });

/** Deals that have these derived fields. */
const derived = (...fields: readonly Omit<DerivedField, 'description'>[]): RecordTypeDefinition => ({
  ...deal,
  derived: fields.map((field) => ({ ...field, description: '' })),
});

describe('what cannot be read', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['', 0, 'expected a value, a name or a function, found the end of the expression'],
    ['amount +', 8, 'found the end of the expression'],
    ['(amount', 7, 'expected ), found the end of the expression'],
    ['amount amount', 7, 'expected an operator or the end, found amount'],
    ["'open", 0, 'a text has no closing quote'],
    ['amount ? 1', 7, 'the character ? has no meaning here'],
    ['amount is 3', 10, 'expected null, found 3'],
    ['amount not 3', 11, 'expected in, found 3'],
    ['amount in 3', 10, 'expected (, found 3'],
    ['case amount end', 5, 'expected when, found amount'],
    ['case when true else 1 end', 15, 'expected then, found else'],
    ['owner.', 6, 'expected a name after the point'],
    ['and', 0, 'found and'],
    ['coalesce()', 9, 'found )'],
    ['1 = 2 = 3', 6, 'expected an operator or the end, found ='],
    [`${'('.repeat(50)}1${')'.repeat(50)}`, 40, 'nested at most 40 deep'],
    [`${'not '.repeat(50)}true`, 160, 'nested at most 40 deep'],
    ['a'.repeat(5000), 0, 'at most 4000 characters'],
  ];
  it.each(cases)('%s', (text, at, message) => {
    expect(() => parseExpression(text)).toThrow(expect.objectContaining({ at, message: expect.stringContaining(message) }));
  });

  const chain = (length: number, operator: string): string => Array.from({ length }, () => 'true').join(` ${operator} `);
  it('conditions that all hold, or one of which does, are no nesting however many they are', () => {
    expect(bind(chain(440, 'and'))).toMatchObject({ operation: 'and', operands: { length: 440 } });
    expect(bind(chain(480, 'or'))).toMatchObject({ operation: 'or', operands: { length: 480 } });
  });

  it('arithmetic is nested one deeper with each operator', () => {
    const sum = (length: number): string => Array.from({ length }, () => '1').join('+');
    expect(bind(sum(101)).type).toBe('integer');
    const message = expect.stringContaining('at most 100 operations one within the other');
    expect(() => bind(`1+(${sum(101)})`)).toThrow(expect.objectContaining({ at: 3, message }));
    expect(() => bind(sum(1_999))).toThrow(expect.objectContaining({ at: 0, message }));
    expect(() => bind(`1 + one`, derived({ name: 'one', type: 'integer', expression: sum(101) }))).toThrow(
      expect.objectContaining({ at: 4, message }),
    );
  });

  it('what names stand for is counted wherever they stand', () => {
    const doubled = Array.from({ length: 12 }, (_none, index) => ({
      name: `x${index + 1}`,
      type: 'money' as const,
      expression: `x${index} + x${index}`,
    }));
    const fields = derived({ name: 'x0', type: 'money', expression: 'amount' }, ...doubled);
    expect(extentOf(bind('x11', fields))).toEqual({ size: 4095, depth: 11 });
    const message = 'with x11 the names here come to more than 5000 operations and values';
    expect(() => bind('x11 + x11', fields)).toThrow(expect.objectContaining({ at: 6, message }));
    expect([...nodesOf(bind('x11', fields))]).toHaveLength(4095);
    const [shared, more] = [bind('x2', fields), bind('if(amount > 1, amount, 2)')];
    expect([...nodesOf(operation('add', 'money', [shared, shared, more]))].map(({ kind }) => kind)).toEqual([
      'operation',
      ...[...nodesOf(shared)].map(({ kind }) => kind),
      'choice',
      'operation',
      'field',
      'literal',
      'field',
      'literal',
    ]);
  });

  it('a literal stays one where its name is negated', () => {
    const field = derived({ name: 'five', type: 'integer', expression: '5' }, { name: 'half', type: 'number', expression: '0.5' });
    expect([bind('-five', field), bind('- -five', field), bind('-half', field)]).toEqual([
      literal('integer', '-5'),
      literal('integer', '5'),
      literal('number', '-0.5'),
    ]);
  });

  it('what parts share stays shared where they are reached from further away', () => {
    const shared = bind('amount + 1');
    const reached = reachedBy(['deal'], operation('add', 'money', [shared, shared]));
    expect(reached).toMatchObject({ operands: [{ operands: [{ path: ['deal'] }, {}] }, {}] });
    expect(reached.kind === 'operation' && reached.operands[0] === reached.operands[1]).toBe(true);
  });
});

describe('what does not fit', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['amount + status', 0, '+ cannot be applied to an amount of money and a text'],
    ['status * 2', 0, '* cannot be applied to a text and a whole number'],
    ['close_date + created_on', 0, '+ cannot be applied to a day and a day'],
    ['close_date - 0.5', 0, '- cannot be applied to a day and a number'],
    ['-status', 0, '- needs a number, not a text'],
    ['status = 3', 0, 'a text and a whole number cannot stand together here'],
    ['close_date = 2017', 0, 'a day and a whole number cannot stand together here'],
    ["close_date = '2017-02-30'", 0, 'a day and a text cannot stand together here'],
    ['occurred_at = close_date', 0, 'an instant (date(…) gives its day) and a day'],
    ['not amount', 4, 'expected a condition, found an amount of money'],
    ["status = 'x' and amount", 17, 'expected a condition'],
    ['case when amount then 1 end', 10, 'expected a condition'],
    ["if(true, amount, 'x')", 0, 'an amount of money and a text'],
    ['if(true, 1)', 0, 'if(condition, then, else) was given 2 values'],
    ['lower(status, 1)', 0, 'lower(text) was given 2 values'],
    ['lower(amount)', 0, 'lower(text) cannot take an amount of money'],
    ['round(amount, amount)', 0, 'round(number, digits from 0 to 10) cannot take'],
    ['round(amount, 11)', 0, 'round(number, digits from 0 to 10)'],
    ['round(status)', 0, 'round(number'],
    ['round(days_open, -1)', 0, 'round(number, digits from 0 to 10) cannot take a whole number, a whole number'],
    ['round(days_open, status)', 0, 'round(number, digits from 0 to 10) cannot take a whole number, a text'],
    ['abs(status)', 0, 'abs(number) cannot take a text'],
    ['abs(null)', 0, 'abs(number) cannot take null'],
    ['null + null', 0, '+ cannot be applied to null and null'],
    ['-null', 0, '- needs a number, not null'],
    ['constructor(status)', 0, 'there is no function constructor'],
    [`coalesce(${'1, '.repeat(59)}1)`, 0, 'coalesce(value, …) of at most 50 values was given 60 values'],
    ['1 + 9223372036854775808', 4, 'a whole number has 64 bits, which 9223372036854775808 does not fit; 9223372036854775808.0 is a number'],
    ['- -9223372036854775808', 0, 'a whole number has 64 bits'],
    ['date(amount)', 0, 'date(day or instant) cannot take an amount of money'],
    ['days_between(amount, today)', 0, 'days_between(from, to)'],
    ['contains(amount, status)', 0, 'contains(text or list, part)'],
    ['nullif(amount)', 0, 'nullif(value, other) was given 1 value'],
    ['lowr(status)', 0, 'there is no function lowr; did you mean lower?'],
    ['owner.office', 0, 'no field owner.office'],
  ];
  it.each(cases)('%s', (text, at, message) => {
    expect(() => bind(text)).toThrow(expect.objectContaining({ at, message: expect.stringContaining(message) }));
  });

  const ofLists: readonly (readonly [string, number, string])[] = [
    ['participants = participants', 0, 'a list of texts cannot be compared'],
    ["participants = 'ann'", 0, 'a list of texts and a text cannot stand together here'],
    ['contains(participants, duration_seconds)', 0, 'contains(text or list, part) cannot take a list of texts, a whole number'],
  ];
  it.each(ofLists)('of lists: %s', (text, at, message) => {
    expect(() => bind(text, call)).toThrow(expect.objectContaining({ at, message: expect.stringContaining(message) }));
  });
});

describe('derived fields', () => {
  it('may be made of each other', () => {
    const type = derived(
      { name: 'double', type: 'money', expression: 'single + single' },
      { name: 'single', type: 'money', expression: 'amount' },
    );
    expect(bind('double', type)).toEqual(bind('amount + amount'));
  });

  const refused: readonly (readonly [string, readonly Omit<DerivedField, 'description'>[], string])[] = [
    [
      'that depend on themselves',
      [
        { name: 'one', type: 'money', expression: 'other + 1' },
        { name: 'other', type: 'money', expression: 'one - 1' },
      ],
      'the derived field one depends on itself',
    ],
    [
      'of another type than theirs',
      [{ name: 'one', type: 'integer', expression: 'amount' }],
      'the derived field one gives money, not integer',
    ],
    ['of a field that there is not', [{ name: 'one', type: 'money', expression: 'amout' }], 'deal has no field amout'],
    ["of another record's field", [{ name: 'one', type: 'text', expression: 'owner.office' }], 'deal has no field owner.office'],
  ];
  it.each(refused)('%s are refused', (_name, fields, message) => {
    expect(() => bind('one', derived(...fields))).toThrow(
      expect.objectContaining({ name: 'ExpressionProblem', message: expect.stringContaining(message) }),
    );
  });
});

describe('types', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['1', 'integer'],
    ['1.0', 'number'],
    ['9223372036854775807', 'integer'],
    ['-9223372036854775808', 'integer'],
    ['- -5', 'integer'],
    ['- -5.0', 'number'],
    ['9223372036854775808.0', 'number'],
    ['round(days_open, 2)', 'integer'],
    ['amount', 'money'],
    ['amount + 1', 'money'],
    ['amount + 0.0001', 'money'],
    ['amount + 0.00001', 'number'],
    ['amount * 2', 'number'],
    ['1 / 2', 'number'],
    ['owner', 'text'],
    ['coalesce(null, amount)', 'money'],
    ['coalesce(null, null)', 'text'],
    ['if(true, null, close_date)', 'date'],
    ["coalesce(close_date, '2017-01-01')", 'date'],
    ["nullif('a', 'b')", 'text'],
    ['days_open', 'integer'],
    ['health', 'text'],
  ];
  it.each(cases)('%s is of type %s', (text, type) => {
    expect(bind(text).type).toBe(type);
  });
});

it('texts are in NFC, as they are stored', () => {
  expect(bind("name = 'Zu\u0308rich'")).toEqual(bind("name = 'Z\u00fcrich'"));
});

describe('evaluate', () => {
  const data = { status: 'won', amount: '10.5', close_date: '2017-03-01', owner: { source_system: 'x', source_id: 'ann' } };
  const decide = (text: string) =>
    evaluate(bind(text), {
      today: 17_257,
      read: ({ field }) => (field.name === 'name' ? UNDECIDED : (data[field.name as keyof typeof data] ?? null)),
    });

  const cases: readonly (readonly [string, unknown])[] = [
    ["status = 'won'", true],
    ["status <> 'won'", false],
    ["stage = 'x'", null],
    ['amount > 10.4999', true],
    ['amount <= 10.5', true],
    ['amount < 10.5', false],
    ["close_date >= '2017-03-01'", true],
    ['close_date < today', true],
    ["owner = 'ann'", true],
    ["status in ('lost', 'won')", true],
    ["status in ('lost', null)", null],
    ["status in ('lost', 'open')", false],
    ["stage in ('a')", null],
    ['stage is null', true],
    ["stage = 'x' and false", false],
    ["stage = 'x' and true", null],
    ["stage = 'x' or true", true],
    ["stage = 'x' or false", null],
    ["not stage = 'x'", null],
    ["not status = 'x'", true],
    ["coalesce(stage, status) = 'won'", true],
    ['coalesce(stage, null) is null', true],
    ["if(status = 'won', amount, null) > 1", true],
    ["if(stage = 'x', 1, 2) = 2", true],
    // What it does not compute, or does not know, it does not claim.
    ["lower(status) = 'won'", UNDECIDED],
    ["name = 'x'", UNDECIDED],
    ["name = 'x' and status = 'lost'", false],
    ["status = 'lost' and name = 'x'", false],
    ["name = 'x' and status = 'won'", UNDECIDED],
    ["name = 'x' and stage = 'x'", UNDECIDED],
    ["stage = 'x' and name = 'x'", UNDECIDED],
    ["name = 'x' or status = 'won'", true],
    ['name is null', UNDECIDED],
    ["if(name = 'x', 1, 2) = 1", UNDECIDED],
    ['coalesce(name, status) = status', UNDECIDED],
    ['status in (stage, name)', UNDECIDED],
    ["name in ('x')", UNDECIDED],
    ["not name = 'x'", UNDECIDED],
    ["name = 'x' or stage = 'x'", UNDECIDED],
    ["stage = 'x' or name = 'x'", UNDECIDED],
    ['case when stage is not null then true end', null],
  ];
  it.each(cases)('%s', (text, expected) => {
    expect(decide(text)).toBe(expected);
  });

  it('the day of an instant is undecided where no time zone is known', () => {
    const isNewYear = bind("date(occurred_at) = '2017-01-01'");
    const scope = { today: 0, read: () => '2016-12-31T23:30:00Z' };
    expect(evaluate(isNewYear, scope)).toBe(UNDECIDED);
    const inBerlin = (instant: string) => formatDay(dayAt(Date.parse(instant), 'Europe/Berlin'));
    expect(evaluate(isNewYear, { ...scope, dayOf: inBerlin })).toBe(true);
  });

  it('columns of statements are undecided', () => {
    expect(evaluate({ kind: 'column', type: 'text', name: 'x' }, { today: 0, read: () => null })).toBe(UNDECIDED);
  });
});

describe('values are ordered', () => {
  const cases: readonly (readonly [Parameters<typeof compareValues>[0], string | number | boolean, string | number | boolean])[] = [
    ['integer', 9, '10'],
    ['integer', '9007199254740993', '9007199254740994'],
    ['number', 9.5, '10'],
    ['money', '9.9999', '10'],
    ['money', '-1.5', '-1.4999'],
    ['money', '-0.5', '0'],
    ['timestamp', '2017-01-01T00:00:00Z', '2017-01-01T00:00:00.000001Z'],
    ['timestamp', '2017-01-01T00:00:00.5Z', '2017-01-01T00:00:01Z'],
    ['date', '2017-01-31', '2017-02-01'],
    ['text', 'B', 'a'],
    ['text', 'ab', 'ac'],
    ['text', '\u{ff5e}', '\u{1f600}'],
    ['boolean', false, true],
  ];
  it.each(cases)('%s: %s before %s', (type, less, greater) => {
    expect(compareValues(type, less, greater)).toBeLessThan(0);
    expect(compareValues(type, greater, less)).toBeGreaterThan(0);
    expect(compareValues(type, less, less)).toBe(0);
  });
});

describe('a text where a day or an instant is asked for', () => {
  const midnight = '2017-01-01T00:00:00Z';
  const day = literal('date', '2017-01-01');
  it.each([
    [`date('${midnight}')`, operation('day_of', 'date', [literal('timestamp', midnight)])],
    [
      `days_between('${midnight}', '2017-01-01')`,
      operation('days_between', 'integer', [operation('day_of', 'date', [literal('timestamp', midnight)]), day]),
    ],
    ["date('2017-01-01')", day],
    ["date('2017-01-01T00:00:00')", day],
    ['date(null)', literal('date', null)],
  ])('%s', (text, expected) => {
    expect(bind(text)).toEqual(expected);
  });
});

describe('assume', () => {
  it('drops what the conditions decide', () => {
    expect(assume(bind('days_to_close'), [bind("status in ('won', 'lost')")])).toEqual(
      bind('days_between(coalesce(created_on, engaged_on), close_date)'),
    );
    expect(assume(bind("if(status = 'won', amount, null)"), [bind("status = 'won' and stage = 'x'")])).toEqual(bind('amount'));
  });

  it('keeps what they do not', () => {
    const expression = bind("case when status = 'lost' then 1 when status = 'won' then 2 else 3 end");
    expect(assume(expression, [bind("status = 'won'")])).toMatchObject({ kind: 'choice', branches: [{}, { when: TRUE }] });
    expect(assume(expression, [])).toBe(expression);
  });
});

describe('conjuncts', () => {
  it('of nested ands, without what is always true', () => {
    const [a, b] = [bind("status = 'won'"), bind('amount > 1')];
    expect(conjuncts(operation('and', 'boolean', [a, operation('and', 'boolean', [TRUE, b])]))).toEqual([a, b]);
    expect(conjuncts(literal('boolean', false))).toEqual([literal('boolean', false)]);
  });
});
