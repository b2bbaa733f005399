import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, openApiHarness } from '../testing/api-harness.ts';
import { openApiProblems, operationsOf } from '../testing/openapi-problems.ts';

describe('the OpenAPI document', () => {
  let harness: ApiHarness;
  // biome-ignore lint/suspicious/noExplicitAny: a document of JSON, looked at here.
  let document: any;
  const operation = (method: string, url: string) => document.paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
  /** A schema with what it refers to in place, which holds nothing of itself. */
  const whole = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(whole);
    if (typeof schema !== 'object' || schema === null) return schema;
    const referred = '$ref' in schema ? document.components.schemas[`${schema.$ref}`.replace('#/components/schemas/', '')] : undefined;
    return referred === undefined
      ? Object.fromEntries(Object.entries(schema).map(([name, member]) => [name, whole(member)]))
      : whole(referred);
  };
  const headersOf = (method: string, url: string): string[] =>
    (operation(method, url).parameters ?? [])
      .filter((parameter: { in: string }) => parameter.in === 'header')
      .map(({ name }: { name: string }) => name);

  beforeAll(async () => {
    harness = await openApiHarness();
    document = (await harness.send('GET', '/openapi.json', { key: '' })).json;
  });
  afterAll(() => harness.close());

  it('holds to the rules of OpenAPI 3.1', () => {
    expect(openApiProblems(document)).toEqual([]);
    expect(operationsOf(document).length).toBeGreaterThan(harness.api.routes.length);
  });

  it('has a body, with its examples, wherever a route’s examples send one', () => {
    for (const { method, url, examples } of harness.api.routes) {
      const sent = examples.filter(({ body }) => body !== undefined);
      const { requestBody } = operation(method, url);
      expect(requestBody !== undefined, `${method} ${url}`).toBe(requestBody !== undefined || sent.length > 0);
      for (const { body, form, headers } of sent) {
        const type = headers?.['content-type']?.split(';')[0] ?? 'application/json';
        const media = requestBody?.content[type];
        const shown = Object.values<{ value: unknown }>(media?.examples ?? {}).map(({ value }) => value);
        expect(shown, `${method} ${url} as ${type}`).toContainEqual(form ?? body);
      }
    }
  });

  it('has examples of every body, in each of its types', () => {
    for (const { where, operation } of operationsOf(document)) {
      const { content = {} } = Object(operation.requestBody) as {
        readonly content?: Readonly<Record<string, { readonly examples?: object }>>;
      };
      for (const [type, { examples }] of Object.entries(content))
        expect(Object.keys(examples ?? {}), `${where} as ${type}`).toContain('example1');
    }
  });

  it('has an example of every parameter that is required, and of the others that the route’s first example sends', async () => {
    for (const { where, operation } of operationsOf(document)) {
      for (const { name, required, example, schema } of parametersOf(operation)) {
        if (required) expect(example, `${where} ${name}`).toBeDefined();
        if (example !== undefined) expect(Compile(schema).Check(example), `${where} ${name} ${example}`).toBe(true);
      }
    }
    for (const { method, url, examples } of harness.api.routes) {
      const { pathname, searchParams } = new URL(examples[0]?.path ?? '', harness.address);
      const exampled = parametersOf(operation(method, url)).filter(({ example }) => example !== undefined);
      const ofPath = exampled.filter((parameter) => parameter.in === 'path');
      const path = ofPath.reduce((filled, { name, example }) => filled.replace(`:${name}`, `${example}`), url);
      expect(path).toBe(decodeURIComponent(pathname));
      const ofQuery = exampled.filter((parameter) => parameter.in === 'query').map(({ name, example }) => [name, `${example}`]);
      expect(Object.fromEntries(ofQuery), path).toEqual(Object.fromEntries(searchParams));
    }
    const [{ example }] = parametersOf(operation('GET', '/errors/:code')) as [Parameter];
    expect((await harness.send('GET', `/errors/${example}`, { key: '' })).status).toBe(200);
  });

  it('has a form’s examples as objects that are such a form, and nothing to send for a field that no example has', () => {
    for (const url of ['/api/v1/imports', '/api/v1/imports/suggest']) {
      const { schema, examples } = operation('POST', url).requestBody.content['multipart/form-data'];
      const described = Object(whole(schema));
      const form = Compile(described);
      for (const { value } of Object.values<{ value: unknown }>(examples)) expect(form.Check(value), `${JSON.stringify(value)}`).toBe(true);
      expect(described.properties.options.examples).toEqual([examples.example1.value.options]);
      expect(Object.keys(described.properties)).toEqual(['options', 'file']);
      expect(form.Check({ file: '', failure: { code: 'tap_failed', message: 'cut off' } })).toBe(true);
      expect(form.Check({ file: '', failure: { code: 'else' } })).toBe(false);
    }
  });

  it('says that its routes are where it comes from', () => {
    expect(document.servers).toEqual([{ url: '/' }]);
  });

  it('names schemas that are used in several places, also those that hold themselves', () => {
    const { MetricQuery, Filter, AndFilter, PolicyFilter, Health } = document.components.schemas;
    const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
    expect(MetricQuery.properties.filters.items).toEqual(reference('Filter'));
    // Without a name for each part, generators of clients leave out what holds such a filter.
    expect(Filter.anyOf).toEqual(['FieldFilter', 'AndFilter', 'OrFilter', 'NotFilter'].map(reference));
    expect(AndFilter.properties.and.items).toEqual(reference('Filter'));
    expect(PolicyFilter.anyOf).toEqual(['PolicyFieldFilter', 'PolicyAndFilter', 'PolicyOrFilter', 'PolicyNotFilter'].map(reference));
    expect(Health.properties.dependencies.items).toEqual(reference('Dependency'));
    for (const url of ['/health/ready', '/health', '/api/v1/health']) {
      const { responses } = operation('GET', url);
      for (const status of [200, 503]) expect(responses[status].content['application/json'].schema).toEqual(reference('Health'));
    }
    expect(operation('POST', '/api/v1/metrics/explain').requestBody.content['application/json'].schema).toEqual(reference('MetricQuery'));
  });

  it('says of what type a choice is, and gives what may be one of several a name: generators of clients need both', () => {
    const untyped: string[] = [];
    const look = (place: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if ('enum' in value && Array.isArray(value.enum) && !('type' in value)) untyped.push(place);
      for (const [name, member] of Object.entries(value)) if (name !== 'examples') look(`${place}/${name}`, member);
    };
    look('', document);
    expect(untyped).toEqual([]);
    const [deleted] = parametersOf(operation('GET', '/api/v1/records/:type')).filter(({ name }) => name === 'deleted');
    expect(deleted?.schema).toEqual({ type: 'string', enum: ['exclude', 'include', 'only'] });

    const unnamed = operationsOf(document).flatMap(({ where, operation }) =>
      [operation.requestBody, ...Object.values(Object(operation.responses))].flatMap((message) =>
        Object.values(Object(Object(message).content)).flatMap((media) =>
          Object(Object(media).schema).anyOf === undefined ? [] : [where],
        ),
      ),
    );
    expect(unnamed).toEqual([]);
    const { MetricQueryBody, MetricQueryAnswer } = document.components.schemas;
    expect(MetricQueryBody.anyOf[0]).toEqual({ $ref: '#/components/schemas/MetricQuery' });
    expect(MetricQueryAnswer.anyOf).toEqual(['MetricAnswer', 'MetricAnswers'].map((name) => ({ $ref: `#/components/schemas/${name}` })));
  });

  it('describes every answer, but for what is the customer’s own or a tap’s', () => {
    const answers = operationsOf(document).flatMap(({ where, operation }) =>
      Object.values(Object(operation.responses)).flatMap((response) =>
        Object.values(Object(Object(response).content)).flatMap((media) => freeMembers(where, Object(media).schema)),
      ),
    );
    expect(answers).toEqual([]);
    const free = Object.entries(document.components.schemas).flatMap(([name, schema]) => freeMembers(name, schema));
    const ofRows = /^(Rejected|Repaired)Row\./;
    expect(free.filter((place) => !ofRows.test(place)).sort()).toEqual([
      'AuditEntry.details',
      'BegunImport.last_state',
      'DrilledRecord.data',
      'Event.data',
      'Event.original',
      'Event.previous',
      'Explanation.parameters',
      'ImportReachesState.state',
      'ImportReport.last_state',
      'ImportReport.parameters',
      'Record.data',
      'RecordTypeAnswer.schema',
      'RecordVersion.data',
      'RecordVersion.original',
      'RecordVersion.previous',
      'RowError.value',
    ]);
  });

  it('stays as it is where a collection for Postman is made of it, once', async () => {
    const collection = await harness.send('GET', '/postman.json', { key: '' });
    expect([collection.headers.get('content-type'), collection.json.info.name]).toEqual(['application/json; charset=utf-8', 'Sophia']);
    expect((await harness.send('GET', '/postman.json', { key: '' })).text).toBe(collection.text);
    expect((await harness.send('GET', '/openapi.json', { key: '' })).json).toEqual(document);
  });

  it('has a collection for Postman whose requests can be sent as they are, to the address that it was asked at', async () => {
    const { json } = await harness.send('GET', '/postman.json', { key: '' });
    const requests: readonly PostmanRequest[] = json.item.flatMap(({ item }: { item: { request: PostmanRequest }[] }) =>
      item.map(({ request }) => request),
    );
    expect(json.variable).toEqual([expect.objectContaining({ key: 'baseUrl', value: harness.address })]);
    for (const { method, url, examples } of harness.api.routes) {
      const request = requests.find((each) => each.method === method && `/${each.url.path.join('/')}` === url);
      const [{ body, form, path } = { path: '', body: undefined, form: undefined }] = examples;
      if (body !== undefined && form === undefined) expect(JSON.parse(request?.body?.raw ?? ''), `${method} ${url}`).toEqual(body);
      if (form !== undefined) expect(request?.body?.formdata?.[0]).toMatchObject({ key: 'options', value: JSON.stringify(form.options) });
      const filled = request?.url.path.map((part) => request.url.variable.find(({ key }) => `:${key}` === part)?.value ?? part);
      expect(`/${filled?.join('/')}`).toBe(new URL(path, harness.address).pathname);
      const asked = request?.url.query.filter(({ disabled }) => disabled !== true).map(({ key, value }) => [key, value]) ?? [];
      for (const [key, value] of asked) expect(new URL(path, harness.address).searchParams.get(`${key}`), `${url} ${key}`).toBe(value);
    }
    const elsewhere = await harness.send('GET', '/postman.json', { key: '', alone: true, headers: { host: 'sophia.example:8443' } });
    expect(elsewhere.json.variable).toMatchObject([{ value: 'http://sophia.example:8443' }]);
  });

  it('is shown by pages that ask nothing of other servers, to which the bare address leads', async () => {
    const start = await fetch(harness.address);
    expect([start.status, new URL(start.url).pathname]).toEqual([200, expect.stringMatching(/^\/docs/)]);
    expect((await harness.send('GET', '/redoc', { key: '' })).text).toContain('<link rel="icon" href="data:,">');
    const script = await harness.send('GET', '/redoc/redoc.standalone.js', { key: '' });
    expect([script.text.includes('"data:,"'), script.text.includes('cdn.redoc.ly/redoc/logo')]).toEqual([true, false]);
  });

  it('is named by these pages where scripts do not run', async () => {
    for (const page of ['/docs', '/docs/', '/redoc']) {
      const { text, headers } = await harness.send('GET', page, { key: '' });
      expect(text.match(/<noscript>.*<\/noscript>/)?.[0], page).toContain('<a href="/openapi.json">/openapi.json</a>');
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    }
    const part = await harness.send('GET', '/docs/static/index.css', { key: '' });
    expect([part.status, part.text.includes('noscript')]).toEqual([200, false]);
  });

  it('takes a form as a form, and rows in each of their types', () => {
    expect(Object.keys(operation('POST', '/api/v1/imports').requestBody.content)).toEqual(['multipart/form-data']);
    expect(Object.keys(operation('POST', '/api/v1/records/:type').requestBody.content)).toEqual(
      expect.arrayContaining(['application/json', 'application/x-ndjson', 'text/csv']),
    );
  });

  it('describes the headers of answers', () => {
    const sent = (method: string, url: string, status: string) =>
      Object.entries<{ readonly required: boolean }>(operation(method, url).responses[status].headers ?? {})
        .map(([name, { required }]) => (required ? name : `${name}?`))
        .sort();
    const everywhere = ['ratelimit-policy?', 'ratelimit?', 'x-request-id'];
    const fresh = ['sophia-complete-to', 'sophia-position', 'surrogate-key'];
    expect(sent('GET', '/api/v1/metrics', '200')).toEqual(everywhere);
    for (const status of ['200', '304']) {
      expect(sent('GET', '/api/v1/metrics/query', status)).toEqual([...everywhere, 'etag', ...fresh].sort());
      expect(sent('GET', '/api/v1/records/:type/:id', status)).toEqual([...everywhere, 'etag'].sort());
    }
    expect(sent('POST', '/api/v1/metrics/query', '200')).toEqual([...everywhere, 'etag?', ...fresh.map((name) => `${name}?`)].sort());
    for (const [method, url] of [
      ['POST', '/api/v1/records/:type'],
      ['PATCH', '/api/v1/records/:type/:id'],
      ['DELETE', '/api/v1/records/:type/:id'],
      ['PUT', '/api/v1/record-types/:name'],
      ['POST', '/api/v1/dead-letters/replay'],
    ] as const) {
      expect(sent(method, url, '200'), `${method} ${url}`).toEqual([...everywhere, 'sophia-token'].sort());
    }
    for (const { method, url } of harness.api.routes)
      expect(sent(method, url, 'default')).toEqual([...everywhere, 'allow?', 'retry-after?', 'www-authenticate?'].sort());
    expect(sent('GET', '/health/live', '200')).toEqual(['x-request-id']);
  });

  it('names the headers that routes read, and 304', () => {
    for (const { method, url } of harness.api.routes) expect(headersOf(method, url), `${method} ${url}`).toContain('sophia-workspace');
    expect(headersOf('GET', '/api/v1/metrics/query')).toEqual(expect.arrayContaining(['sophia-after', 'sophia-cache', 'if-none-match']));
    expect(headersOf('POST', '/api/v1/metrics/query')).toContain('sophia-cache');
    for (const method of ['PATCH', 'DELETE']) {
      expect(headersOf(method, '/api/v1/records/:type/:id')).toEqual(expect.arrayContaining(['if-match', 'idempotency-key']));
    }
    expect(headersOf('GET', '/api/v1/records/:type/:id')).toEqual(expect.arrayContaining(['sophia-after', 'if-match', 'if-none-match']));
    for (const url of ['/api/v1/metrics/query', '/api/v1/records/:type/:id']) {
      expect(operation('GET', url).responses['304'].content).toBeUndefined();
    }
  });

  it('calls the members of bodies and answers in snake_case', () => {
    const others = new Set<string>();
    const look = (value: unknown): void => {
      for (const [name, within] of Object.entries(Object(value))) {
        if (name === 'properties')
          for (const member of Object.keys(Object(within))) if (!/^[a-z][a-z0-9_]*$/.test(member)) others.add(member);
        if (typeof within === 'object') look(within);
      }
    };
    look(document);
    // A keyword of JSON Schema, in which types are defined.
    expect([...others]).toEqual(['maxLength']);
  });

  it('says that a backup is the file that is sent', async () => {
    await harness.makeKey('admin', { role: 'admin' });
    const sent = await fetch(`${harness.address}/api/v1/backup`, { headers: { authorization: `Bearer ${harness.keys.get('admin')}` } });
    await sent.body?.cancel();
    const { content } = operation('GET', '/api/v1/backup').responses['200'];
    expect(Object.keys(content)).toEqual([sent.headers.get('content-type')]);
  });

  it('has the open routes too, without a credential', () => {
    for (const url of ['/health/live', '/health/ready', '/health', '/api/v1/health', '/metrics', '/errors/:code']) {
      expect(operation('GET', url).security, url).toEqual([]);
    }
  });
});

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema: object;
}

const parametersOf = ({ parameters = [] }: { readonly parameters?: unknown }): readonly Parameter[] => parameters as Parameter[];

/** Places of a schema that take anything. */
const freeMembers = (place: string, schema: unknown): readonly string[] => {
  const { $ref, type, anyOf, enum: values, not, properties, additionalProperties, items } = Object(schema);
  if ($ref !== undefined || values !== undefined || not !== undefined) return [];
  if (anyOf !== undefined) return [...new Set(anyOf.flatMap((part: unknown) => freeMembers(place, part)) as string[])];
  if (type === 'array') return freeMembers(place, items);
  if (properties !== undefined) return Object.entries(properties).flatMap(([name, member]) => freeMembers(`${place}.${name}`, member));
  if (type === 'object') return freeMembers(place, additionalProperties);
  return type === undefined ? [place] : [];
};

interface PostmanRequest {
  readonly method: string;
  readonly url: {
    readonly path: readonly string[];
    readonly variable: readonly { readonly key: string; readonly value: string }[];
    readonly query: readonly { readonly key: string; readonly value: string; readonly disabled?: boolean }[];
  };
  readonly body?: { readonly raw?: string; readonly formdata?: readonly object[] };
}
