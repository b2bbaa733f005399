import type { ImportProgress, ImportReport, RunningImport } from '@sophia/catalog';
import Type from 'typebox';
import { ProblemSchema } from '../schemas.ts';
import { answerOf } from './answer-of.ts';
import { RowErrorSchema } from './row-errors.ts';
import { BoundedCursor, Instant, MaybeInstant } from './values.ts';

const Counts = {
  read: Type.Integer({ description: 'Rows: created + updated + unchanged + rejected' }),
  created: Type.Integer(),
  updated: Type.Integer(),
  unchanged: Type.Integer(),
  stale: Type.Integer({ description: 'Part of unchanged: older than what is known' }),
  rejected: Type.Integer(),
};
const Pace = {
  rows_per_second: Type.Number(),
  seconds_left: Type.Union([Type.Number(), Type.Null()], { description: 'Null while it cannot be told' }),
};

export const ImportReportSchema = answerOf<ImportReport>()(
  Type.Object(
    {
      id: Type.String(),
      name: Type.String({ description: 'What is imported, for people' }),
      kind: Type.Enum(['file', 'http', 'singer', 'sync']),
      state: Type.Enum(['running', 'interrupted', 'finished', 'failed']),
      ...Counts,
      repairs: Type.Record(Type.String(), Type.Integer(), { description: 'How often each rule repaired a value' }),
      errors: Type.Array(RowErrorSchema, { description: 'Of the first 100 rejected rows; all are among the dead letters' }),
      deleted_by_version: Type.Integer({ description: "Records deleted because their stream's version was replaced" }),
      last_state: Type.Unknown({ description: "The tap's last state whose rows before it are all committed; null without one" }),
      started_at: Instant,
      updated_at: Instant,
      finished_at: MaybeInstant,
      seconds: Type.Number(),
      ...Pace,
      failure: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }, { title: 'ImportFailure' }), Type.Null()], {
        description: 'Why it failed or was interrupted; the message names the code alone for who sees no parameters',
      }),
      parameters: Type.Record(Type.String(), Type.Unknown(), {
        description: 'What it was begun with; empty for who may neither write records nor administer',
      }),
      assumed: Type.Array(Type.String(), { description: 'What was assumed of the source, and how to set it' }),
      principal: Type.String({ description: 'Who began it' }),
      token: Type.Union([Type.String(), Type.Null()], {
        description: 'Of the last commit: send it back as Sophia-After to read what it wrote',
      }),
    },
    { title: 'ImportReport' },
  ),
);

export const ImportsAnswerSchema = Type.Object(
  { imports: Type.Array(ImportReportSchema), next_cursor: BoundedCursor },
  { title: 'ImportsAnswer' },
);

const ImportProgressSchema = answerOf<ImportProgress>()(Type.Object({ ...Counts, ...Pace }, { title: 'ImportProgress' }));

const BegunImportSchema = answerOf<Pick<RunningImport, 'id' | 'origin'> & { readonly last_state: RunningImport['lastState'] }>()(
  Type.Object(
    {
      id: Type.String(),
      origin: Type.Enum(['new', 'resumed', 'repeated']),
      last_state: Type.Unknown({ description: 'The state to go on from, where the source can; null without one' }),
    },
    { title: 'BegunImport' },
  ),
);

/** A line of an answer that is written while the import runs. */
const ImportLineSchema = Type.Union(
  [
    Type.Object({ import: BegunImportSchema }, { title: 'ImportBegins' }),
    Type.Object({ progress: ImportProgressSchema }, { title: 'ImportProgresses' }),
    Type.Object(
      { state: Type.Unknown({ description: "A state of the tap's whose rows before it are all committed" }) },
      { title: 'ImportReachesState' },
    ),
    Type.Object({ warning: Type.String() }, { title: 'ImportWarns' }),
    Type.Object({ report: ImportReportSchema }, { title: 'ImportEnds' }),
    Type.Object({ problem: ProblemSchema }, { title: 'ImportFails' }),
  ],
  { title: 'ImportLine' },
);

export const ImportAnswer = {
  description: 'The report at the end; or, where NDJSON is accepted, a line for each step',
  content: { 'application/json': { schema: ImportReportSchema }, 'application/x-ndjson': { schema: ImportLineSchema } },
};

export const SuggestionSchema = Type.Object(
  {
    mapping: Type.String({ description: 'The text of a mapping file' }),
    assumptions: Type.Array(Type.String(), { description: 'What was assumed of the file, and how to set it' }),
  },
  { title: 'Suggestion' },
);
