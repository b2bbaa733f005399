import { LOG_LEVELS } from './configuration.ts';
import { readIssuers } from './issuers.ts';
import {
  bytes,
  choice,
  duration,
  fraction,
  integer,
  isNetwork,
  isUrl,
  list,
  optionalInteger,
  optionalUrl,
  structure,
  text,
  toggle,
} from './setting.ts';

const KB = 2 ** 10;
const MB = 2 ** 20;
const GB = 2 ** 30;
const TB = 2 ** 40;

/** What URL parsers trip over, though it looks right. */
const POSTGRES_FORM =
  ', as in postgres://role:password@host:5432/database: with one host, and in the password @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25';

/** Every configuration key, and the one place of every default. */
export const SETTINGS = {
  dataDirectory: text(
    {
      path: 'data_dir',
      variable: 'SOPHIA_DATA_DIR',
      argument: 'data-dir',
      default: 'data',
      description: 'Folder of everything that Sophia writes.',
    },
    // The engine of the warehouse takes what follows a ? for parameters.
    /^[^\0?]+$/,
    'the path of a folder, without ?',
  ),
  workspace: text(
    {
      path: 'workspace',
      variable: 'SOPHIA_WORKSPACE',
      argument: 'workspace',
      default: 'main',
      description:
        'Workspace that commands mean unless told. A start makes it where it is not there; a command does so in a new data folder only.',
    },
    /^[a-z][a-z0-9_-]{0,62}$/,
    'a lower-case letter and then up to 62 lower-case letters, digits, _ or -',
  ),
  sample: toggle({
    path: 'sample',
    variable: 'SOPHIA_SAMPLE',
    argument: 'sample',
    default: true,
    description: 'Whether the first workspace of a new data folder is filled with the sample.',
  }),
  shutdown: duration(
    {
      path: 'shutdown',
      variable: 'SOPHIA_SHUTDOWN',
      default: 30_000,
      description: 'How long requests and work in hand may take to end when Sophia is stopped.',
    },
    0,
    3_600_000,
  ),

  host: text(
    {
      path: 'http.host',
      variable: 'SOPHIA_HOST',
      argument: 'host',
      default: '127.0.0.1',
      description: 'Address that the server listens on.',
    },
    /^[A-Za-z0-9.:_-]+$/,
    'an address or a host name',
  ),
  port: integer(
    {
      path: 'http.port',
      variable: 'SOPHIA_PORT',
      argument: 'port',
      default: 8080,
      description: 'Port that the server listens on; 0 takes any free one.',
    },
    0,
    65_535,
  ),
  corsOrigins: list(
    {
      path: 'http.cors_origins',
      variable: 'SOPHIA_CORS_ORIGINS',
      default: [],
      description: 'Origins whose pages may call the API from a browser; none: CORS is off.',
    },
    'origins such as https://example.org',
    (item) => isUrl(item, ['https', 'http']) && new URL(item).origin === item,
  ),
  trustedProxies: list(
    {
      path: 'http.trusted_proxies',
      variable: 'SOPHIA_TRUSTED_PROXIES',
      default: [],
      description: 'Addresses or networks of proxies whose X-Forwarded-For is believed.',
    },
    'addresses or networks such as 10.0.0.0/8',
    isNetwork,
  ),
  bodyBytes: bytes(
    {
      path: 'http.body_limit',
      variable: 'SOPHIA_BODY_LIMIT',
      default: MB,
      description: 'Largest request body, but for streamed imports.',
    },
    KB,
    GB,
  ),
  importBytes: bytes(
    { path: 'http.import_limit', variable: 'SOPHIA_IMPORT_LIMIT', default: 64 * GB, description: 'Largest streamed import.' },
    KB,
    16 * TB,
  ),
  requestTime: duration(
    {
      path: 'http.request_timeout',
      variable: 'SOPHIA_REQUEST_TIMEOUT',
      default: 30_000,
      description:
        'How long the body of a request may take to arrive, and each read and each transaction for it. What is streamed or done in many transactions takes as long as it takes: imports, replays, backups, rebuilds.',
    },
    100,
    3_600_000,
  ),
  concurrency: integer(
    {
      path: 'http.concurrency',
      variable: 'SOPHIA_CONCURRENCY',
      default: 1_000,
      description:
        'Requests in hand at once; more are answered with 503, but for an eighth more of those who have few beside one who has many.',
    },
    1,
    100_000,
  ),
  eventLoopDelay: duration(
    {
      path: 'http.event_loop_delay',
      variable: 'SOPHIA_EVENT_LOOP_DELAY',
      default: 500,
      description:
        'Lateness of the event loop beyond which new requests are answered with 503, but for those of whoever has few in hand beside one who has many.',
    },
    10,
    60_000,
  ),

  databaseKind: choice(
    {
      path: 'database.kind',
      variable: 'SOPHIA_DATABASE',
      default: 'embedded',
      description: 'PostgreSQL brought along and kept in the data folder, or a server of yours.',
    },
    ['embedded', 'postgres'],
  ),
  databaseUrl: optionalUrl(
    {
      path: 'database.url',
      variable: 'SOPHIA_DATABASE_URL',
      default: null,
      secret: true,
      description:
        'The PostgreSQL primary, as the role that owns the tables; needed where database.kind is postgres. Its options are sslmode, sslrootcert and host (the folder of a socket).',
    },
    ['postgres', 'postgresql'],
    POSTGRES_FORM,
  ),
  databaseReplicas: list(
    {
      path: 'database.replicas',
      variable: 'SOPHIA_DATABASE_REPLICAS',
      default: [],
      secret: true,
      description:
        'Replicas that reads of records go to where they are less than a second behind, and with Sophia-After where they have that write; else the primary answers. They are reached as the role sophia_app.',
    },
    `URLs that begin with postgres:// or postgresql://${POSTGRES_FORM}`,
    (item) => isUrl(item, ['postgres', 'postgresql']),
  ),
  databaseMinimum: optionalInteger(
    {
      path: 'database.minimum_connections',
      variable: 'SOPHIA_DATABASE_MINIMUM_CONNECTIONS',
      default: null,
      defaultText: '4 embedded, 20 otherwise',
      description: 'Connections that are open before the server is ready.',
    },
    1,
    1_000,
  ),
  databaseMaximum: optionalInteger(
    {
      path: 'database.maximum_connections',
      variable: 'SOPHIA_DATABASE_MAXIMUM_CONNECTIONS',
      default: null,
      defaultText: '20 embedded, 100 otherwise',
      description: 'Most connections of this process to one database.',
    },
    1,
    1_000,
  ),
  slowQuery: duration(
    {
      path: 'database.slow_query',
      variable: 'SOPHIA_SLOW_QUERY',
      default: 200,
      description: 'A query that takes longer is logged with its fingerprint and shown by sophia status --slow.',
    },
    0,
    3_600_000,
  ),

  eventLogKind: choice(
    { path: 'event_log.kind', variable: 'SOPHIA_EVENT_LOG', default: 'postgres', description: 'Where the log of events is kept.' },
    ['postgres'],
  ),
  eventLogRetention: integer(
    {
      path: 'event_log.retention_days',
      variable: 'SOPHIA_EVENT_LOG_RETENTION_DAYS',
      default: 30,
      description: 'Days that events other than record changes are kept; record changes are kept for ever.',
    },
    1,
    36_500,
  ),
  cacheKind: choice({ path: 'cache.kind', variable: 'SOPHIA_CACHE', default: 'memory', description: 'Where answers are cached.' }, [
    'memory',
  ]),
  cacheBytes: bytes(
    {
      path: 'cache.maximum_size',
      variable: 'SOPHIA_CACHE_MAXIMUM_SIZE',
      default: 128 * MB,
      description: 'Most memory for cached answers.',
    },
    MB,
    GB,
  ),
  pubSubKind: choice<'automatic' | 'memory' | 'postgres'>(
    {
      path: 'pub_sub.kind',
      variable: 'SOPHIA_PUB_SUB',
      default: 'automatic',
      defaultText: 'memory where the database is embedded, else postgres',
      description: 'How processes wake each other.',
    },
    ['automatic', 'memory', 'postgres'],
  ),
  warehouseKind: choice(
    { path: 'warehouse.kind', variable: 'SOPHIA_WAREHOUSE', default: 'duckdb', description: 'What answers metric queries.' },
    ['duckdb'],
  ),
  warehouseMemory: bytes(
    {
      path: 'warehouse.memory',
      variable: 'SOPHIA_WAREHOUSE_MEMORY',
      default: 2 * GB,
      description: 'Most memory for the warehouse; beyond it large queries spill to the data folder.',
    },
    64 * MB,
    16 * TB,
  ),
  warehouseThreads: optionalInteger(
    {
      path: 'warehouse.threads',
      variable: 'SOPHIA_WAREHOUSE_THREADS',
      default: null,
      defaultText: 'one for each core',
      description: 'Threads of the warehouse.',
    },
    1,
    1_024,
  ),

  logLevel: choice(
    { path: 'log.level', variable: 'SOPHIA_LOG_LEVEL', default: 'info', description: 'Least important line that is logged.' },
    LOG_LEVELS,
  ),
  tracingEndpoint: optionalUrl(
    {
      path: 'tracing.endpoint',
      variable: 'SOPHIA_TRACING_ENDPOINT',
      default: null,
      description:
        'OpenTelemetry collector that takes traces over HTTP, for example http://localhost:4318/v1/traces; none: no spans are made.',
    },
    ['http', 'https'],
  ),
  tracingRatio: fraction({
    path: 'tracing.sample_ratio',
    variable: 'SOPHIA_TRACING_SAMPLE_RATIO',
    default: 1,
    description: 'Share of the traces begun here that are kept.',
  }),

  issuers: structure(
    {
      path: 'auth.issuers',
      variable: 'SOPHIA_AUTH_ISSUERS',
      default: [],
      description: 'OpenID issuers whose tokens are taken, beside API keys.',
    },
    'a list of {issuer, audience, jwks_uri, role_claim, roles, workspace_claim, workspace, user_claim, user_source_system, allow_private_address}; issuer, audience and one of workspace and workspace_claim are needed, and user_source_system with user_claim; an issuer stands there once for each audience, and the first that a token is for decides',
    readIssuers,
  ),
  rateLimit: integer(
    {
      path: 'rate_limit.requests_per_second',
      variable: 'SOPHIA_RATE_LIMIT',
      default: 1_000,
      description: 'Requests a second that one key may make for long.',
    },
    1,
    10_000_000,
  ),
  rateBurst: optionalInteger(
    {
      path: 'rate_limit.burst',
      variable: 'SOPHIA_RATE_LIMIT_BURST',
      default: null,
      defaultText: 'twice rate_limit.requests_per_second',
      description: 'Requests that one key may make at once after a rest.',
    },
    1,
    10_000_000,
  ),
  auditRetention: integer(
    {
      path: 'audit.retention_days',
      variable: 'SOPHIA_AUDIT_RETENTION_DAYS',
      default: 365,
      description: 'Days that audit entries are kept.',
    },
    1,
    36_500,
  ),
  auditBuffer: integer(
    {
      path: 'audit.buffer',
      variable: 'SOPHIA_AUDIT_BUFFER',
      default: 20_000,
      description: 'Audit entries of reads that may wait to be written; when it is full, reads wait, then get 503.',
    },
    100,
    1_000_000,
  ),
  importConnections: integer(
    {
      path: 'imports.connections',
      variable: 'SOPHIA_IMPORT_CONNECTIONS',
      default: 2,
      description: 'Database connections that one import writes over.',
    },
    1,
    32,
  ),
  importsPerPrincipal: integer(
    {
      path: 'imports.per_principal',
      variable: 'SOPHIA_IMPORTS_PER_PRINCIPAL',
      default: 4,
      description: 'Imports and streams of rows that one key may have running or waiting at once; more are answered with 429.',
    },
    1,
    100,
  ),
  timeZone: text(
    {
      path: 'reporting.time_zone',
      variable: 'SOPHIA_TIME_ZONE',
      default: 'UTC',
      description: 'Time zone of queries that name none.',
    },
    /^[A-Za-z][A-Za-z0-9_+/-]*$/,
    'a time zone of the IANA database, such as Europe/Berlin',
  ),
  weekStart: choice(
    {
      path: 'reporting.week_start',
      variable: 'SOPHIA_WEEK_START',
      default: 'monday',
      description: 'First day of the week in queries that name none.',
    },
    ['monday', 'sunday'],
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type SettingValues = { readonly [Name in SettingName]: (typeof SETTINGS)[Name]['default'] };
