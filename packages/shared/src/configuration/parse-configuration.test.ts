import { describe, expect, it } from 'vitest';
import { isSophiaError } from '../errors.ts';
import { describeConfiguration } from './describe-configuration.ts';
import { type ConfigurationSources, parseConfiguration, readConfiguration } from './parse-configuration.ts';

describe('the configuration', () => {
  const refusal = (sources: ConfigurationSources): string => {
    try {
      parseConfiguration(sources);
    } catch (error) {
      if (isSophiaError(error, 'invalid_configuration')) return error.message;
      throw error;
    }
    return 'it was accepted';
  };

  it('without any source is that of a laptop', () => {
    expect(parseConfiguration({})).toEqual({
      dataDirectory: 'data',
      workspace: 'main',
      sample: true,
      shutdownMilliseconds: 30_000,
      http: {
        host: '127.0.0.1',
        port: 8080,
        corsOrigins: [],
        trustedProxies: [],
        limits: { bodyBytes: 2 ** 20, importBytes: 2 ** 36, requestMilliseconds: 30_000, concurrency: 1_000, eventLoopDelay: 500 },
      },
      database: { kind: 'embedded', directory: 'data/postgres', connections: { minimum: 4, maximum: 20 } },
      eventLog: { kind: 'postgres', retentionDays: 30 },
      cache: { kind: 'memory', maximumBytes: 2 ** 27 },
      pubSub: { kind: 'memory' },
      warehouse: { kind: 'duckdb', directory: 'data/warehouse', memoryBytes: 2 ** 31, threads: null },
      log: { level: 'info' },
      tracing: { endpoint: null, sampleRatio: 1 },
      slowQueryMilliseconds: 200,
      auth: { issuers: [] },
      rateLimit: { requestsPerSecond: 1_000, burst: 2_000 },
      audit: { retentionDays: 365, bufferEntries: 20_000 },
      imports: { connections: 2, perPrincipal: 4 },
      reporting: { timeZone: 'UTC', weekStart: 'monday' },
    });
  });

  it('takes options before variables before the file before defaults', () => {
    const file = 'data_dir: from-file\nhttp:\n  port: 1\n  host: 0.0.0.0\nsample: null\n';
    const { configuration, origins } = readConfiguration({
      file,
      env: { SOPHIA_PORT: '2', SOPHIA_DATA_DIR: 'from-env' },
      arguments: { port: 3, sample: false },
    });
    expect(configuration).toMatchObject({ dataDirectory: 'from-env', sample: false, http: { port: 3, host: '0.0.0.0' } });
    expect(origins).toMatchObject({ port: 'argument', dataDirectory: 'environment', host: 'file', workspace: 'default' });
  });

  it('knows a PostgreSQL of the operator', () => {
    const env = {
      SOPHIA_DATABASE: 'postgres',
      SOPHIA_DATABASE_URL: 'postgres://owner:secret@db/sophia',
      SOPHIA_DATABASE_REPLICAS: 'postgresql://r1/sophia, postgresql://r2/sophia',
      SOPHIA_DATABASE_MAXIMUM_CONNECTIONS: '10',
    };
    expect(parseConfiguration({ env })).toMatchObject({
      database: {
        kind: 'postgres',
        url: env.SOPHIA_DATABASE_URL,
        replicas: ['postgresql://r1/sophia', 'postgresql://r2/sophia'],
        connections: { minimum: 10, maximum: 10 },
      },
      pubSub: { kind: 'postgres' },
    });
    expect(parseConfiguration({ env: { ...env, SOPHIA_PUB_SUB: 'memory' } }).pubSub).toEqual({ kind: 'memory' });
    expect(parseConfiguration({ env: { SOPHIA_DATABASE_MINIMUM_CONNECTIONS: '50' } }).database.connections).toEqual({
      minimum: 50,
      maximum: 50,
    });
  });

  it.each<[Record<string, string>, object]>([
    [{ SOPHIA_BODY_LIMIT: '512KB' }, { http: { limits: { bodyBytes: 524_288 } } }],
    [{ SOPHIA_BODY_LIMIT: '1.5 MiB' }, { http: { limits: { bodyBytes: 1_572_864 } } }],
    [{ SOPHIA_BODY_LIMIT: '4096' }, { http: { limits: { bodyBytes: 4_096 } } }],
    [{ SOPHIA_REQUEST_TIMEOUT: '1500ms' }, { http: { limits: { requestMilliseconds: 1_500 } } }],
    [{ SOPHIA_REQUEST_TIMEOUT: '2m' }, { http: { limits: { requestMilliseconds: 120_000 } } }],
    [{ SOPHIA_SHUTDOWN: '0' }, { shutdownMilliseconds: 0 }],
    [{ SOPHIA_SAMPLE: '0' }, { sample: false }],
    [{ SOPHIA_SAMPLE: '1' }, { sample: true }],
    [{ SOPHIA_CORS_ORIGINS: '' }, { http: { corsOrigins: [] } }],
    [
      { SOPHIA_CORS_ORIGINS: 'https://a.example, https://b.example:8443' },
      { http: { corsOrigins: ['https://a.example', 'https://b.example:8443'] } },
    ],
    [{ SOPHIA_TRUSTED_PROXIES: '10.0.0.0/8,::1' }, { http: { trustedProxies: ['10.0.0.0/8', '::1'] } }],
    [{ SOPHIA_TRACING_SAMPLE_RATIO: '0.25' }, { tracing: { sampleRatio: 0.25 } }],
    [{ SOPHIA_RATE_LIMIT: '5', SOPHIA_RATE_LIMIT_BURST: '7' }, { rateLimit: { requestsPerSecond: 5, burst: 7 } }],
    [{ SOPHIA_TIME_ZONE: 'Europe/Berlin' }, { reporting: { timeZone: 'Europe/Berlin' } }],
    [{ SOPHIA_KEY: 'x', SOPHIA_URL: 'y', HOME: '/root' }, {}],
  ])('reads %o', (env, expected) => {
    expect(parseConfiguration({ env })).toMatchObject(expected);
  });

  it.each<[ConfigurationSources, string | RegExp]>([
    [{ env: { SOPHIA_PORT: 'eighty' } }, 'SOPHIA_PORT is "eighty"; allowed is a whole number from 0 to 65535.'],
    [{ env: { SOPHIA_PORT: '65536' } }, 'SOPHIA_PORT is "65536"; allowed is a whole number from 0 to 65535.'],
    [{ arguments: { port: 1.5 } }, '--port is 1.5; allowed is a whole number from 0 to 65535.'],
    [{ file: 'http: {port: [1]}' }, 'http.port in sophia.yaml is [1]; allowed is a whole number from 0 to 65535.'],
    [{ env: { SOPHIA_LOG_LEVEL: 'loud' } }, /^SOPHIA_LOG_LEVEL is "loud"; allowed is one of trace, debug, info/],
    [{ env: { SOPHIA_CACHE: 'redis' } }, 'SOPHIA_CACHE is "redis"; allowed is only memory.'],
    [{ env: { SOPHIA_SAMPLE: 'maybe' } }, 'SOPHIA_SAMPLE is "maybe"; allowed is true or false.'],
    [{ env: { SOPHIA_DATA_DIR: '' } }, 'SOPHIA_DATA_DIR is ""; allowed is the path of a folder, without ?.'],
    [{ env: { SOPHIA_DATA_DIR: '/srv/what?' } }, 'SOPHIA_DATA_DIR is "/srv/what?"; allowed is the path of a folder, without ?.'],
    [{ env: { SOPHIA_BODY_LIMIT: '1 XB' } }, /^SOPHIA_BODY_LIMIT is "1 XB"; allowed is a size from 1KB to 1GB/],
    [{ file: 'http: {body_limit: 10}' }, /^http.body_limit in sophia.yaml is 10; allowed is a size/],
    [{ env: { SOPHIA_SHUTDOWN: 'soon' } }, /^SOPHIA_SHUTDOWN is "soon"; allowed is a time from 0ms to 1h/],
    [{ file: 'shutdown: true' }, /^shutdown in sophia.yaml is true; allowed is a time/],
    [{ env: { SOPHIA_TRACING_SAMPLE_RATIO: '2' } }, 'SOPHIA_TRACING_SAMPLE_RATIO is "2"; allowed is a number from 0 to 1.'],
    [{ env: { SOPHIA_TRACING_ENDPOINT: 'collector' } }, /begins with http:\/\/ or https:\/\/\.$/],
    [{ env: { SOPHIA_CORS_ORIGINS: 'https://a.example/path' } }, /^SOPHIA_CORS_ORIGINS is .* allowed is a list of origins/],
    [{ file: 'http: {cors_origins: 5}' }, /^http.cors_origins in sophia.yaml is 5; allowed is a list/],
    [{ file: 'http: {cors_origins: [5]}' }, /^http.cors_origins in sophia.yaml is \[5\]; allowed is a list/],
    [{ env: { SOPHIA_TRUSTED_PROXIES: 'a,,b' } }, /^SOPHIA_TRUSTED_PROXIES is/],
    [
      { env: { SOPHIA_TIME_ZONE: 'Mars/Olympus' } },
      'SOPHIA_TIME_ZONE is "Mars/Olympus"; allowed is a time zone of the IANA database, such as Europe/Berlin.',
    ],
    [{ env: { SOPHIA_DATABASE: 'postgres' } }, /^SOPHIA_DATABASE_URL is not set; SOPHIA_DATABASE=postgres needs a URL/],
    [
      { env: { SOPHIA_DATABASE_URL: 'mysql://u:geheim@h' } },
      /^SOPHIA_DATABASE_URL is a value that is not shown; allowed is a URL that begins with postgres:/,
    ],
    [
      { env: { SOPHIA_DATABASE_URL: 'postgres://u:gehe#im@h,i/d' } },
      /allowed is a URL that begins with postgres:.*: with one host, and in the password .* # as %23/,
    ],
    [
      { env: { SOPHIA_DATABASE_MINIMUM_CONNECTIONS: '9', SOPHIA_DATABASE_MAXIMUM_CONNECTIONS: '8' } },
      'SOPHIA_DATABASE_MINIMUM_CONNECTIONS is 9; allowed is at most SOPHIA_DATABASE_MAXIMUM_CONNECTIONS, which is 8.',
    ],
    [{ env: { SOPHIA_PRT: '1' } }, 'SOPHIA_PRT is no setting. Did you mean SOPHIA_PORT?'],
    [{ env: { SOPHIA_SOMETHING_ELSE_ENTIRELY: '1' } }, 'SOPHIA_SOMETHING_ELSE_ENTIRELY is no setting.'],
    [{ file: 'http: {prt: 1}' }, 'http.prt of sophia.yaml is no setting. Did you mean http.port?'],
    [{ file: 'http: 5' }, /^http of sophia.yaml is no setting\./],
    [{ file: '"postgres://u:secret@h/db": 1' }, 'postgres://***@h/db of sophia.yaml is no setting.'],
    [{ file: 'nothing: {like: it}' }, /^nothing of sophia.yaml is no setting\./],
    [{ file: '- a\n- b\n' }, /^The content of sophia.yaml is no setting\./],
    [{ file: 'a: [' }, 'sophia.yaml is not YAML: an indentation does not fit, or a bracket stays open at line 1, column 5.'],
    [{ file: 'a: 1\nb: *geheim\n' }, 'sophia.yaml is not YAML: an alias has no anchor.'],
    [
      { file: 'database:\n  url: "postgres://u:geheim@h/d\n' },
      'sophia.yaml is not YAML: a quote, a bracket or a comma is missing at line 3, column 1.',
    ],
    [{ file: 'database: {url: x}\ndatabase: {url: postgres://u:geheim@h/d}\n' }, /: a key stands there twice at line 2, column 1\.$/],
    [{ file: "a: 'x' geheim\n" }, 'sophia.yaml is not YAML: it cannot be read at line 1, column 8.'],
    [{ env: { SOPHIA_SHUTDOWN: '10' } }, /^SOPHIA_SHUTDOWN is "10"; allowed is a time/],
    [{ file: 'shutdown: 10' }, /^shutdown in sophia.yaml is 10; allowed is a time/],
    [{ file: 'shutdown: [0]' }, /^shutdown in sophia.yaml is \[0\]; allowed is a time/],
  ])('refuses %o', (sources, message) => {
    expect(refusal(sources)).toMatch(message);
  });

  it.each(['10.0.0.0/33', '1.2.3.4/0', '::1/129', '300.1.1.1', '10.0.0.0/8/8', '10.0.0.0/x', 'proxy'])('%s is no network', (network) => {
    expect(refusal({ env: { SOPHIA_TRUSTED_PROXIES: network } })).toMatch(/^SOPHIA_TRUSTED_PROXIES is .+ allowed is a list of addresses/);
  });

  it('a time of nothing needs no unit', () => {
    expect(parseConfiguration({ file: 'shutdown: 0' }).shutdownMilliseconds).toBe(0);
  });

  it('an empty file, or one with comments alone, is none', () => {
    expect(parseConfiguration({ file: '' }).http.port).toBe(8080);
    expect(parseConfiguration({ file: '# nothing yet\n' }).http.port).toBe(8080);
  });

  it('described says what is in force and where it comes from, secrets masked', () => {
    const env = {
      SOPHIA_DATABASE: 'postgres',
      SOPHIA_DATABASE_URL: 'postgres://owner:geheim@db/sophia',
      SOPHIA_BODY_LIMIT: '2097152',
      SOPHIA_SHUTDOWN: '90s',
      SOPHIA_IMPORT_LIMIT: '4097',
      SOPHIA_SLOW_QUERY: '1234ms',
    };
    const described = describeConfiguration(readConfiguration({ env, file: 'http: {cors_origins: [https://a.example]}' }));
    const of = (path: string) => described.find((setting) => setting.path === path);
    expect(of('database.url')).toMatchObject({ value: '********', origin: 'environment', variable: 'SOPHIA_DATABASE_URL' });
    expect(of('database.replicas')?.value).toBeNull();
    expect(of('http.body_limit')?.value).toBe('2MB');
    expect(of('http.import_limit')?.value).toBe('4097');
    expect(of('shutdown')?.value).toBe('90s');
    expect(of('database.slow_query')?.value).toBe('1234ms');
    expect(of('http.cors_origins')).toMatchObject({ value: 'https://a.example', origin: 'file' });
    expect(of('warehouse.threads')).toMatchObject({ value: null, in_words: 'one for each core', origin: 'default' });
    expect(JSON.stringify(described)).not.toContain('geheim');
  });

  it.each([
    ['https://tok:geheim@otel.example/v1/traces', 'https://***@otel.example/v1/traces'],
    ['https://geheim@otel.example', 'https://***@otel.example'],
    ['https://otel.example/v1/traces?api_key=geheim', 'https://otel.example/v1/traces?***'],
    ['https://otel.example/v1/traces', 'https://otel.example/v1/traces'],
  ])('described hold no secret of a URL: %s', (endpoint, shown) => {
    const described = describeConfiguration(readConfiguration({ env: { SOPHIA_TRACING_ENDPOINT: endpoint } }));
    expect(described.find(({ path }) => path === 'tracing.endpoint')?.value).toBe(shown);
  });

  it.each([
    ['SOPHIA_TRACING_ENDPOINT', 'ftp://tok:geheim@otel', '"ftp://***@otel"'],
    ['SOPHIA_TRACING_ENDPOINT', 'https://tok:ge/heim@otel?x', '"https://***@otel?***"'],
    ['SOPHIA_TRACING_ENDPOINT', 'tok:geheim@otel', '"***@otel"'],
    ['SOPHIA_AUTH_ISSUERS', '[{"issuer":"https://a.example","jwks_uri":"https://u:geheim@keys/?k=geheim"}]', 'https://***@keys/?***'],
  ])('refused are told without the secret of a URL: %s=%s', (variable, value, shown) => {
    const refused = () => parseConfiguration({ env: { [variable]: value } });
    expect(refused).toThrow(shown);
    expect(refused).not.toThrow(/heim/);
  });

  it('described can be set again as it is written', () => {
    const described = describeConfiguration(readConfiguration({}));
    const env = Object.fromEntries(described.filter(({ value }) => value !== null).map(({ variable, value }) => [variable, value ?? '']));
    expect(parseConfiguration({ env })).toEqual(parseConfiguration({}));
  });
});
