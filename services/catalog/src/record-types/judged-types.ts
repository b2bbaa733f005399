import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { Transaction, WorkspaceId } from '@sophia/types';
import type { RecordTypeBook } from './record-type-book.ts';

/** A row on its way, and the revision of its type that it was judged by; null where it was judged by none. */
interface JudgedRow {
  readonly record_type: string;
  readonly revision: number | null;
}

/** Workspaces, names and revisions of types that rows were judged by, each type once: the parameters of `changedTypesSql`. */
type JudgedTypes = readonly [workspaces: readonly WorkspaceId[], names: readonly string[], revisions: readonly number[]];

/** Rows were judged by types that another process has changed since: nothing is written, and they are to be judged again. */
export class TypesChanged extends SophiaError {
  /** Whose types they are. */
  readonly workspaces: readonly WorkspaceId[];

  constructor(workspaces: readonly WorkspaceId[]) {
    super('unavailable', 'The record types were changed again and again while this was written.', { retryAfter: 1 });
    this.workspaces = workspaces;
  }
}

/** Holds that the rows of a transaction are judged by the types as they are: other processes define types, too. */
export interface TypesGuard {
  /** Errors: `TypesChanged`. */
  hold(transaction: Transaction, rows: readonly JudgedRow[], workspace: WorkspaceId): Promise<void>;
  /** The same of what `changedTypesSql` gave. */
  refuse(changed: readonly WorkspaceId[]): void;
}

export function createTypesGuard(database: Database, book: Pick<RecordTypeBook, 'forget'>): TypesGuard {
  const refuse = (changed: readonly WorkspaceId[]): void => {
    if (changed.length === 0) return;
    for (const workspace of changed) book.forget(workspace);
    throw new TypesChanged(changed);
  };
  return {
    refuse,
    async hold(transaction, rows, workspace) {
      const judged = judgedTypes(rows, () => workspace);
      if (judged[0].length === 0) return;
      // It gives one row.
      const [found] = (await database.query(transaction, CHANGED_TYPES, judged)) as [{ readonly changed: readonly WorkspaceId[] }];
      refuse(found.changed);
    },
  };
}

/** Few types at a time, so they are looked for one after the other. */
export function judgedTypes(rows: readonly JudgedRow[], workspaceOf: (index: number) => WorkspaceId): JudgedTypes {
  const workspaces: WorkspaceId[] = [];
  const names: string[] = [];
  const revisions: number[] = [];
  rows.forEach(({ record_type, revision }, index) => {
    if (revision === null) return;
    const workspace = workspaceOf(index);
    if (names.some((name, at) => name === record_type && revisions[at] === revision && workspaces[at] === workspace)) return;
    workspaces.push(workspace);
    names.push(record_type);
    revisions.push(revision);
  });
  return [workspaces, names, revisions];
}

/**
 * The workspaces of those of the `JudgedTypes`, bound to three parameters from this one on, that are others now. A type that
 * is not stored is a built-in one as it comes.
 */
export const changedTypesSql = (first: number): string => `array(
    select t.workspace from unnest($${first}::int[], $${first + 1}::text[], $${first + 2}::int[]) as judged (workspace, name, revision)
    join record_type as t on t.workspace = judged.workspace and t.name = judged.name
    where t.revision <> judged.revision
  )`;

const CHANGED_TYPES: Statement = { name: 'catalog_changed_types', text: `select ${changedTypesSql(1)} as changed` };
