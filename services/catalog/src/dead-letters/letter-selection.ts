import type { Action, Call, FieldMask } from '@sophia/types';
import type { DeadLetterSelection } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';

/** The types of which the principal may see every row, with its masks: a rejected row cannot be judged as a record is. */
export async function openTypes(
  { policy, book, gate }: Pick<CatalogContext, 'policy' | 'book' | 'gate'>,
  call: Call,
  action: Action,
): Promise<ReadonlyMap<string, readonly FieldMask[]>> {
  const [resolved, types] = await Promise.all([policy.resolve(call.principal), book.types(call.principal.workspace)]);
  const open = new Map<string, readonly FieldMask[]>();
  for (const name of types.keys()) {
    const { access, rows, masks } = resolved.records(name, action);
    if (access === 'records' && rows === undefined) open.set(name, masks);
  }
  if (open.size === 0) await gate.refuse(call, action, 'dead_letters');
  return open;
}

/** Parameters of a selection, in the order in which the statements take them. */
export const selectionValues = ({ import: importId, recordType, sourceSystem, state, code }: DeadLetterSelection): unknown[] => [
  importId ?? null,
  recordType ?? null,
  sourceSystem ?? null,
  state === undefined ? ['open', 'repaired'] : [state],
  code ?? null,
];

/** $1 workspace, $2 types, then the selection. */
export const SELECTED = `workspace = $1 and record_type = any ($2::text[])
  and ($3::text is null or import = $3) and ($4::text is null or record_type = $4) and ($5::text is null or source_system = $5)
  and state = any ($6::text[]) and ($7::text is null or code = $7)`;
