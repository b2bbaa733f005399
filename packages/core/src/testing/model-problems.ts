import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import { parseSemanticLayer } from '../semantic/parse-semantic-layer.ts';

/** What is wrong with these files, and where: `1.yaml:3:5: …` for the first. */
export const problemsOf = (...texts: readonly string[]): readonly string[] => {
  const files = texts.map((text, index) => ({ path: `${index + 1}.yaml`, text }));
  return parseSemanticLayer(files, BUILTIN_RECORD_TYPES).problems.map(
    ({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`,
  );
};

/** A valid model of deals, with more of it. */
export const model = (more: string): string => `semantic_models:
  - name: deal
    record_type: deal
    entities:
      - { name: deal, type: primary }
      - { name: company, type: foreign, field: company_id }
    dimensions:
      - { name: close_date, type: time }
      - { name: status, type: categorical }
    measures:
      - { name: deals, aggregation: count, time_dimension: close_date }
      - { name: amount, aggregation: sum, expression: amount }
${more}
`;

/** The model of companies, to which deals refer. */
export const company = `semantic_models:
  - name: company
    record_type: company
    entities: [{ name: company, type: primary }, { name: parent, type: foreign, field: parent_id, to: company }]
    dimensions: [{ name: industry, type: categorical }]
`;

/** Names that are each made of the one before, from x1 on. */
export const doubled = (count: number, of: (name: string, before: string) => string): string =>
  Array.from({ length: count }, (_none, index) => of(`x${index + 1}`, `x${index}`)).join(', ');
