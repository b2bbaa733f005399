import type { Role } from '@sophia/types';

/** Everything that can be set, parsed once at the edge. A union per port says which adapter, with what it needs. */
export interface Configuration {
  /** Folder of everything that Sophia writes. */
  readonly dataDirectory: string;
  /** Name of the workspace that a start makes and that commands mean unless told. */
  readonly workspace: string;
  /** Whether a new data folder is filled with the sample. */
  readonly sample: boolean;
  readonly shutdownMilliseconds: number;
  readonly http: HttpConfiguration;
  readonly database: DatabaseConfiguration;
  readonly eventLog: EventLogConfiguration;
  readonly cache: CacheConfiguration;
  readonly pubSub: PubSubConfiguration;
  readonly warehouse: WarehouseConfiguration;
  readonly log: { readonly level: LogLevel };
  readonly tracing: { readonly endpoint: string | null; readonly sampleRatio: number };
  readonly slowQueryMilliseconds: number;
  readonly auth: AuthConfiguration;
  readonly rateLimit: { readonly requestsPerSecond: number; readonly burst: number };
  readonly audit: { readonly retentionDays: number; readonly bufferEntries: number };
  readonly imports: { readonly connections: number; readonly perPrincipal: number };
  readonly reporting: { readonly timeZone: string; readonly weekStart: 'monday' | 'sunday' };
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface HttpConfiguration {
  readonly host: string;
  readonly port: number;
  /** Origins that browsers may call from; empty: CORS is off. */
  readonly corsOrigins: readonly string[];
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly limits: {
    /** Bytes of one request body, but for streamed imports. */
    readonly bodyBytes: number;
    /** Bytes of one streamed import. */
    readonly importBytes: number;
    readonly requestMilliseconds: number;
    /** Requests in hand at once; more get 503. */
    readonly concurrency: number;
    /** Lateness of the event loop in milliseconds beyond which new requests get 503. */
    readonly eventLoopDelay: number;
  };
}

export interface ConnectionLimits {
  readonly minimum: number;
  readonly maximum: number;
}

export type DatabaseConfiguration =
  | { readonly kind: 'embedded'; readonly directory: string; readonly connections: ConnectionLimits }
  | { readonly kind: 'postgres'; readonly url: string; readonly replicas: readonly string[]; readonly connections: ConnectionLimits };

export interface EventLogConfiguration {
  readonly kind: 'postgres';
  /** Days that events other than record changes are kept. */
  readonly retentionDays: number;
}

export interface CacheConfiguration {
  readonly kind: 'memory';
  readonly maximumBytes: number;
}

export type PubSubConfiguration = { readonly kind: 'memory' } | { readonly kind: 'postgres' };

export interface WarehouseConfiguration {
  readonly kind: 'duckdb';
  readonly directory: string;
  readonly memoryBytes: number;
  readonly threads: number | null;
}

export interface AuthConfiguration {
  readonly issuers: readonly IssuerConfiguration[];
}

/** An OpenID issuer whose tokens are taken. */
export interface IssuerConfiguration {
  /** The `iss` claim, and where its discovery document is. */
  readonly issuer: string;
  /** The `aud` claim that tokens must carry. */
  readonly audience: string;
  /** Where the keys are; the discovery document says it unless told. */
  readonly jwksUri: string | null;
  /** Claim with the role, dotted for nested ones. */
  readonly roleClaim: string;
  /** Role of Sophia for each value of that claim; a value that is a role's name stands for it unless this is given. */
  readonly roles: Readonly<Record<string, Role>> | null;
  /** Claim with the workspace's name, or names. */
  readonly workspaceClaim: string | null;
  /** Workspace where there is no such claim. */
  readonly workspace: string | null;
  /** Claim with the source id of the principal's user record. */
  readonly userClaim: string | null;
  /** Source system of the user records. */
  readonly userSourceSystem: string | null;
  /** Whether the issuer may have a private address. */
  readonly allowPrivateAddress: boolean;
}
