import type { LinkedLayer } from '../semantic/linked-layer.ts';
import { readRecords } from '../sql/read-records.ts';
import { blockExpressions } from '../sql/write-block.ts';
import type { CompileContext } from './compile-context.ts';
import type { Block } from './query-plan.ts';

/**
 * Over how many records a value must be to be shown: the greatest that any type asks for that the blocks read, by
 * references too. Undefined where the principal may see the records of them all.
 */
export function smallestGroupOf(
  blocks: readonly Block[],
  { recordTypes }: LinkedLayer,
  { policy }: Pick<CompileContext, 'policy'>,
): number | undefined {
  const groups = new Map(
    Object.entries(policy?.types ?? {}).flatMap(([name, { smallestGroup }]) =>
      smallestGroup === undefined ? [] : [[name, smallestGroup]],
    ),
  );
  if (groups.size === 0) return undefined;
  const read = blocks.flatMap((block) => readRecords(block.from.recordType.name, blockExpressions(block), recordTypes));
  const asked = read.flatMap(({ recordType }) => groups.get(recordType) ?? []);
  return asked.length === 0 ? undefined : Math.max(...asked);
}
