import { SophiaError } from '@sophia/shared';
import type { Position } from '@sophia/types';

/**
 * Whether everything before `cursor` is applied where `applied` is. Positions are `<epoch>.<tick>.<offset>`.
 * Throws `warehouse_of_another_log` where they are of two logs.
 */
export function isApplied(cursor: Position, applied: Position | null): boolean {
  if (applied === null) return false;
  const [epoch, tick, offset] = parts(cursor);
  const [appliedEpoch, appliedTick, appliedOffset] = parts(applied);
  if (epoch !== appliedEpoch) {
    throw new SophiaError('warehouse_of_another_log', `The warehouse has applied the log ${appliedEpoch}, this is ${epoch}.`);
  }
  return tick < appliedTick || (tick === appliedTick && offset <= appliedOffset);
}

function parts(position: Position): [epoch: string, tick: number, offset: number] {
  const [epoch = '', tick, offset] = position.split('.');
  return [epoch, Number(tick), Number(offset)];
}
