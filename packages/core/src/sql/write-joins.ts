import type { FieldRead } from '../expression/bound-expression.ts';
import type { CompileContext } from '../query/compile-context.ts';
import { pathKey, type ReadRecord } from './read-records.ts';
import type { Relation } from './relation.ts';

export interface JoinedRelations {
  /** What stands behind `from`. */
  readonly from: string;
  /** What the base record's rows must pass. */
  readonly condition: string;
  readonly field: (read: FieldRead) => string;
}

/** Joins the records to the base one by their references: many to one, so that no row is doubled. */
export function writeJoins(
  records: readonly ReadRecord[],
  { onlySourceSystem = () => undefined }: CompileContext,
  relationOf: (record: ReadRecord, index: number) => Relation,
): JoinedRelations {
  const relations = new Map<string, Relation>();
  const systems = new Set(records.map(({ recordType }) => onlySourceSystem(recordType)));
  const isOneSystem = systems.size === 1 && !systems.has(undefined);
  const parts: string[] = [];
  records.forEach((record, index) => {
    const relation = relationOf(record, index);
    relations.set(pathKey(record.path), relation);
    parts.push(index === 0 ? relation.from : ` left join ${relation.from} on ${writeOn(record, relation, relations, isOneSystem)}`);
  });
  const field = ({ path, field: { name } }: FieldRead): string => relationAt(relations, path).column(name);
  return { from: parts.join(''), condition: relationAt(relations, []).condition, field };
}

function writeOn({ path }: ReadRecord, relation: Relation, relations: ReadonlyMap<string, Relation>, isOneSystem: boolean): string {
  const reference = path[path.length - 1] ?? '';
  const before = relationAt(relations, path.slice(0, -1));
  const conditions = [
    relation.condition,
    `${relation.column('source_id')} = ${before.column(reference)}`,
    isOneSystem ? '' : `${relation.column('source_system')} = ${before.system(reference)}`,
  ];
  return conditions.filter((condition) => condition !== '').join(' and ');
}

function relationAt(relations: ReadonlyMap<string, Relation>, path: readonly string[]): Relation {
  const relation = relations.get(pathKey(path));
  if (relation === undefined) throw new Error(`the records at ${pathKey(path)} are not joined`);
  return relation;
}
