import { createHash } from 'node:crypto';
import { SophiaError } from '@sophia/shared';
import type { SemanticLayer, WorkspaceId } from '@sophia/types';
import type { AvailableRollup, CompileContext } from '../query/compile-context.ts';
import type { CompiledStatement } from '../query/compiled-query.ts';
import { linkedLayer } from '../semantic/link-layer.ts';
import { groupBy } from '../sql/write-block.ts';
import { rollupKeys } from './rollup-columns.ts';
import { currentField, currentJoins, type RollupScope, rollupScope, type Write } from './rollup-scope.ts';
import { selectRollup } from './rollup-sums.ts';
import { writeDifferences } from './write-differences.ts';
import { writeMerging } from './write-merging.ts';

/** A rollup's table: how it is made, and how it follows the records. The structure of the warehouse's derived tables. */
export interface CompiledRollup {
  /** `rollup_<workspace>_<model>_<rollup>`. */
  readonly name: string;
  /** Differs whenever the statements do. */
  readonly fingerprint: string;
  readonly reads: readonly { readonly workspace: WorkspaceId; readonly recordType: string }[];
  readonly create: readonly CompiledStatement[];
  readonly refresh: readonly CompiledStatement[];
  /** The same where of the types read only the summed one changed; undefined where its records refer to others of it. */
  readonly refreshAlone: { readonly recordType: string; readonly statements: readonly CompiledStatement[] } | undefined;
  /** What `CompileContext.rollups` takes while the table is kept. */
  readonly available: AvailableRollup;
}

/**
 * The statements that keep a rollup, or undefined where the tables do not allow it (a field that was added to a
 * built-in type, a type without a table), the rollup is left out of the layer or the warehouse keeps none. `refresh` expects, for each table `t` of the types read, a view `changed_t`
 * with its columns and `sign`: at most one row of -1, as it was, and one of 1, as it is, for each record that changed.
 */
export function compileRollup(layer: SemanticLayer, model: string, rollup: string, context: CompileContext): CompiledRollup | undefined {
  const linked = linkedLayer(layer);
  const from = linked.models.get(model);
  if (from === undefined || !from.model.rollups.some((each) => each.name === rollup))
    throw new SophiaError('not_found', `There is no rollup ${rollup} in the model ${model}.`);
  const kept = from.rollups.get(rollup);
  if (kept === undefined) return undefined;
  const name = `rollup_${Number(context.workspace)}_${model}_${rollup}`;
  const scope = context.dialect === 'duckdb' ? rollupScope(from, kept, name, linked.recordTypes, context) : undefined;
  if (scope === undefined) return undefined;
  const create = [scope.statement((write) => writeCreate(scope, write))];
  const { recordType } = scope.base;
  const refreshed = (others: RollupScope['others']): readonly CompiledStatement[] => [
    scope.statement((write) => writeDifferences(scope, others, write)),
    ...writeMerging(scope).map((text) => scope.statement(() => text)),
  ];
  const refresh = refreshed(scope.others);
  const refersToItself = scope.others.some((record) => record.recordType === recordType);
  return {
    name,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([create, refresh]))
      .digest('hex')
      .slice(0, 32),
    reads: [...new Set([scope.base, ...scope.others].map(({ recordType }) => recordType))].map((recordType) => ({
      workspace: context.workspace,
      recordType,
    })),
    create,
    refresh,
    refreshAlone: refersToItself ? undefined : { recordType, statements: refreshed([]) },
    available: { model, rollup, table: name },
  };
}

/** The table, filled from all records. */
function writeCreate(scope: RollupScope, write: Write): string {
  const { rollup, name, quote, base } = scope;
  const selected = selectRollup(rollup, (each) => write(each, currentField(scope)), '1');
  const from = `${quote(base.table.table)} as t${currentJoins(scope)} where t.workspace = ${scope.workspace}`;
  return `create table ${quote(name)} as select ${selected}, true as merged from ${from}${groupBy(rollupKeys(rollup).length)}`;
}
