import type { Analytics } from '@sophia/analytics';
import type { Catalog } from '@sophia/catalog';
import type { Observability } from '@sophia/observability';
import type { HttpConfiguration } from '@sophia/shared';
import type { Principal } from '@sophia/types';

/** Everything that the interfaces stand on: they add transport, nothing else. */
export interface ApiServices {
  readonly catalog: Catalog;
  readonly analytics: Analytics;
  readonly authentication: Authentication;
  readonly observability: Observability;
  readonly configuration: HttpConfiguration;
  /** Version of Sophia, for the documents. */
  readonly version: string;
  health(): Promise<HealthReport>;
}

/** Who sent a request. */
export interface Authentication {
  /** Resolves the `Authorization` header, for the named workspace where the key is for several. Errors: `unauthenticated`, `forbidden`. */
  authenticate(authorization: string | undefined, workspace: string | undefined, address: string): Promise<Principal>;
  /** The same without waiting, where the credential was verified before and still holds. */
  peek(authorization: string): Principal | undefined;
  /** The owner of the data folder, who came through its socket. Errors: `not_found` for an unknown workspace. */
  administrator(workspace: string | undefined): Promise<Principal>;
  /** Takes one request from the principal's allowance. */
  takeAllowance(principal: Principal): Allowance;
}

export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until there is room again. */
  readonly reset: number;
}

export interface HealthReport {
  readonly status: 'ready' | 'starting' | 'degraded' | 'stopping';
  readonly version: string;
  readonly dependencies: readonly {
    readonly name: string;
    readonly state: 'up' | 'down';
    readonly milliseconds?: number | undefined;
    readonly detail?: string | undefined;
  }[];
}
