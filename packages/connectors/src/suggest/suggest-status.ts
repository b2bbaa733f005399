import type { RecordTypeDefinition } from '@sophia/types';
import type { ColumnProfile } from './profile-column.ts';
import type { SuggestedField } from './write-mapping.ts';

const OUTCOMES: readonly (readonly [status: string, words: RegExp])[] = [
  ['won', /\bwon\b|\bwin\b|success/i],
  ['lost', /\blost\b|\bloss\b|dropped|rejected|cancel/i],
];
const MAX_STAGES = 50;

/** The status of a deal by its stage, where stages tell of deals won or lost and no column is the status itself. */
export function suggestStatus(definition: RecordTypeDefinition, columns: ReadonlyMap<string, ColumnProfile>): SuggestedField | undefined {
  const stages = columns.get('stage');
  const status = definition.fields.find((field) => field.name === 'status');
  if (stages === undefined || status?.values === undefined || columns.has('status') || stages.counts.size > MAX_STAGES) return undefined;
  const values = [...stages.counts.keys()].map((stage) => [stage, outcomeOf(stage)] as const);
  if (values.every(([, outcome]) => outcome === 'open')) return undefined;
  return { field: 'status', settings: [['column', stages.column]], values, notes: ['the status by the stage'] };
}

const outcomeOf = (stage: string): string => OUTCOMES.find(([, words]) => words.test(stage))?.[0] ?? 'open';
