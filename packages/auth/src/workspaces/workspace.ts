import type { WorkspaceRef } from '@sophia/types';

/** What a workspace may set for its queries; the installation's configuration holds where it sets nothing. */
export interface WorkspaceSettings {
  /** `YYYY-MM-DD`: stands for today, whatever the clock says. */
  readonly reporting_date?: string | undefined;
  readonly time_zone?: string | undefined;
  readonly week_start?: 'monday' | 'sunday' | undefined;
}

export interface Workspace extends WorkspaceRef {
  readonly settings: WorkspaceSettings;
  readonly created_at: string;
}
