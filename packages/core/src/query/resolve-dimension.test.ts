import type { SemanticLayer } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { SMALL_CONTEXT } from '../testing/small-context.ts';
import { layerOf, SMALL_TYPES } from '../testing/small-world.ts';
import { compileQuery } from './compile-query.ts';
import { listMetrics } from './list-metrics.ts';

describe('names of dimensions', () => {
  /** Two references of deals to companies, one named as they are; and to either of two types by one name. */
  const types = SMALL_TYPES.map((type) =>
    type.name === 'deal'
      ? { ...type, fields: [...type.fields, { name: 'partner_id', type: 'reference' as const, references: 'company' }] }
      : type,
  );
  const models = (primary: string) =>
    layerOf(
      `
semantic_models:
  - name: deal
    record_type: deal
    entities: [${primary}{ name: company, type: foreign, field: company_id }, { name: partner, type: foreign, field: partner_id, to: company }]
    dimensions: [{ name: status, type: categorical }]
    measures: [{ name: deals, aggregation: count }]
  - name: company
    record_type: company
    entities: [{ name: company, type: primary }]
    dimensions: [{ name: industry, type: categorical }, { name: size, type: categorical, expression: employees }]
  - name: issue
    record_type: issue
    entities: [{ name: partner, type: foreign, field: assignee, to: user }, { name: creator, type: foreign, field: creator, to: user }]
    measures: [{ name: issues, aggregation: count }]
  - name: user
    record_type: user
    entities: [{ name: user, type: primary }]
    dimensions: [{ name: office, type: categorical }, { name: size, type: categorical, expression: team }]
metrics:
  - { name: deals, type: simple, measure: deals }
  - { name: issues, type: simple, measure: issues }
`,
      types,
    );
  const withPrimary = models('{ name: deal, type: primary }, ');
  const without = models('');
  const dimensionsOf = (of: SemanticLayer, metric: string) =>
    listMetrics(of)
      .find(({ name }) => name === metric)
      ?.dimensions.map(({ name }) => name);
  const readBy = (of: SemanticLayer, dimension: string) =>
    compileQuery({ metrics: ['deals'], dimensions: [dimension] }, of, SMALL_CONTEXT).reads.find(({ recordType }) => recordType === 'deal')
      ?.fields;

  it('a reference that has the name goes before others that lead to the entity', () => {
    for (const name of ['company.industry', 'deal.company.industry']) expect(readBy(withPrimary, name)).toEqual(['company_id']);
    for (const name of ['partner.industry', 'deal.partner.industry']) expect(readBy(withPrimary, name)).toEqual(['partner_id']);
    expect(dimensionsOf(withPrimary, 'deals')).toEqual([
      'deal.status',
      'company.industry',
      'company.size',
      'partner.industry',
      'partner.size',
    ]);
  });

  it('a model without a primary entity has its own by their names alone', () => {
    expect(dimensionsOf(without, 'deals')).toEqual(['status', 'company.industry', 'company.size', 'partner.industry', 'partner.size']);
    expect(readBy(without, 'status')).toEqual(['status']);
    expect(readBy(without, 'partner.industry')).toEqual(['partner_id']);
  });

  it('what is offered for an ambiguous one can be asked', () => {
    const ask = (dimension: string) => () => compileQuery({ metrics: ['issues'], dimensions: [dimension] }, without, SMALL_CONTEXT);
    expect(ask('user.office')).toThrow(
      expect.objectContaining({ code: 'ambiguous_join', details: { name: 'user.office', choices: ['partner.office', 'creator.office'] } }),
    );
    expect(ask('partner.office')).not.toThrow();
    expect(ask('creator.office')).not.toThrow();
  });

  it('one that has another type for another metric is refused', () => {
    expect(() => compileQuery({ metrics: ['deals', 'issues'], dimensions: ['partner.size'] }, without, SMALL_CONTEXT)).toThrow(
      expect.objectContaining({ code: 'unknown_dimension', message: 'partner.size is not of one type for all the metrics.' }),
    );
  });
});
