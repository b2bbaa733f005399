import type { WorkspaceId } from '@sophia/types';
import { workspaceKey } from './layouts.ts';
import type { Meta } from './meta.ts';

/** What changes exactly with the records of these types (W4). */
export function versionOf({ changes, applied }: Meta, workspace: WorkspaceId, recordTypes: readonly string[]): string {
  let last = { tick: 0, serial: 0 };
  for (const recordType of recordTypes) {
    const change = changes.get(workspaceKey(workspace, recordType));
    if (change !== undefined && change.serial > last.serial) last = change;
  }
  return `${applied.generation}.${last.tick}.${last.serial}`;
}
