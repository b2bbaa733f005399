import type { Warehouse } from '../warehouse.ts';

/** What a test of an adapter needs from it. The built-in types are `TEST_TYPES`. */
export interface WarehouseHarness {
  /** Opens the warehouse of this test; the same again after it was closed. */
  open(): Promise<Warehouse>;
  /** Opens it from another process; rejects with what that process is told. */
  openElsewhere(): Promise<void>;
  /** How many queries may run at once, and how many more may wait. */
  readonly concurrency: { readonly running: number; readonly waiting: number };
  close(): Promise<void>;
}
