import type { JsonValue } from '@sophia/types';
import type { ImportItem, ImportRow, ImportTarget } from '../import-item.ts';

/** Rows of several streams on their way, and the state behind them. */
export interface RowBuffer {
  add(target: ImportTarget, row: ImportRow): void;
  setState(state: JsonValue): void;
  size(): number;
  /** Everything gathered: the rows by their target, then the last state. */
  flush(): readonly ImportItem[];
}

/** Rows of one target keep their order. A state may come out behind rows that followed it: they are then sent again, which changes nothing. */
export function createRowBuffer(): RowBuffer {
  let rows = new Map<ImportTarget, ImportRow[]>();
  let state: { readonly value: JsonValue } | undefined;
  let size = 0;
  return {
    add(target, row) {
      const own = rows.get(target);
      if (own === undefined) rows.set(target, [row]);
      else own.push(row);
      size += 1;
    },
    setState(value) {
      state = { value };
    },
    size: () => size,
    flush() {
      const items: ImportItem[] = [...rows].map(([target, own]) => ({ kind: 'rows', target, rows: own }));
      if (state !== undefined) items.push({ kind: 'state', state: state.value });
      rows = new Map();
      state = undefined;
      size = 0;
      return items;
    },
  };
}
