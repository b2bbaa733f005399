import { isSophiaError } from '@sophia/shared';
import type { ErrorCodeName } from '@sophia/types';

const ENVIRONMENTAL: ReadonlySet<ErrorCodeName> = new Set([
  'warehouse_unavailable',
  'warehouse_damaged',
  'warehouse_out_of_memory',
  'warehouse_in_use',
  'deadline_exceeded',
  'overloaded',
]);

/** Whether an error of a warehouse concerns its environment (disk, memory, time-out), never what it was given: worth trying again without end. */
export const isEnvironmentalWarehouseError = (error: unknown): boolean => isSophiaError(error) && ENVIRONMENTAL.has(error.code);
