import type { Readable } from 'node:stream';
import type { Analytics } from '@sophia/analytics';
import type { ApiKeys, Audit, Authentication, Policies, Workspaces } from '@sophia/auth';
import type { Catalog } from '@sophia/catalog';
import type { Observability } from '@sophia/observability';
import type { HealthReport, Platform } from '@sophia/platform';
import type { DescribedSetting, HttpConfiguration } from '@sophia/shared';

/** Everything that the interfaces stand on: they add transport, nothing else. */
export interface ApiServices {
  readonly catalog: Catalog;
  readonly analytics: Analytics;
  readonly authentication: Authentication;
  readonly keys: ApiKeys;
  readonly workspaces: Workspaces;
  readonly policies: Policies;
  readonly audit: Audit;
  readonly observability: Observability;
  readonly eventLog: Platform['eventLog'];
  readonly configuration: HttpConfiguration;
  /** What is in force and where it comes from, secrets masked. */
  readonly settings: readonly DescribedSetting[];
  /** Where files that cannot be read as they come are kept meanwhile. */
  readonly spoolDirectory: string;
  /** Version of Sophia, for the documents. */
  readonly version: string;
  /** Milliseconds without a byte after which a streamed body is given up; a minute unless told. */
  readonly bodyIdleMilliseconds?: number | undefined;
  /** Milliseconds for the rest of a body whose request is answered; ten seconds unless told. */
  readonly bodyRestMilliseconds?: number | undefined;
  health(): Promise<HealthReport>;
  /** Everything as one snapshot sees it, packed. */
  backup(): Readable;
}
