import { Compile } from 'typebox/compile';
import { headersOfAnswer, type SentHeaders } from '../server/described-headers.ts';
import { securityHeaders } from '../server/security-headers.ts';

export interface DescribedRoute {
  readonly method: string;
  readonly url: string;
  /** By status: a schema of JSON, or the content types with theirs. */
  readonly responses: Readonly<Record<string, unknown>>;
  /** Headers of its answers that are no problem documents. */
  readonly sends: SentHeaders;
}

export interface CheckedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Tells how an answer differs from what its route describes: also by a member or a header that stands nowhere. None: not at all. */
export type AnswerCheck = (method: string, path: string, answer: CheckedAnswer) => readonly string[];

export const createAnswerCheck = (routes: readonly DescribedRoute[]): AnswerCheck => {
  const patterns = routes.map((route) => ({ ...route, pattern: new RegExp(`^${route.url.replaceAll(/:\w+/g, '[^/]+')}$`) }));
  const validators = new Map<object, ReturnType<typeof Compile>>();
  const validatorOf = (schema: object) => {
    const known = validators.get(schema) ?? Compile(closed(schema));
    validators.set(schema, known);
    return known;
  };
  return (method, path, { status, headers, text }) => {
    const { pathname } = new URL(path, 'http://any');
    const route = patterns.find((each) => each.method === method && each.pattern.test(pathname));
    const response = route?.responses[status];
    const described = headersOfAnswer(response === undefined ? 'default' : String(status), { isOpen: false, own: route?.sends ?? {} });
    const wrong = route === undefined ? [] : headerFaults(headers, described);
    if (wrong.length > 0 || typeof response !== 'object' || response === null || text === '') return wrong;
    const type = `${headers.get('content-type')}`.split(';')[0] ?? '';
    const schema = schemaOf(response, type);
    if (schema === undefined) return [`answers ${status} as ${type}, which it does not describe`];
    if (type !== NDJSON && type !== JSON_TYPE) return [];
    const validator = validatorOf(schema);
    const values: unknown[] = type === NDJSON ? text.trimEnd().split('\n').map(parsed) : [parsed(text)];
    return values.flatMap((value) =>
      validator.Check(value) ? [] : validator.Errors(value).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`),
    );
  };
};

/** Of HTTP itself, of caches and of browsers' security: the same on every route. */
const OF_HTTP = ['connection', 'content-encoding', 'content-length', 'content-type', 'date', 'keep-alive', 'transfer-encoding'];
const EVERYWHERE: ReadonlySet<string> = new Set([
  ...OF_HTTP,
  'cache-control',
  'vary',
  ...Object.keys(securityHeaders()).map((name) => name.toLowerCase()),
]);

/** Of what pages of other origins may do, where there are any. */
const FOR_PAGES = 'access-control-';

const headerFaults = (headers: Headers, described: SentHeaders): readonly string[] => [
  ...[...headers.keys()]
    .filter((name) => !EVERYWHERE.has(name) && !name.startsWith(FOR_PAGES) && !(name in described))
    .map((name) => `sends ${name}, which it does not describe`),
  ...Object.entries(described).flatMap(([name, when]) => (when === 'always' && !headers.has(name) ? [`does not send ${name}`] : [])),
];

const JSON_TYPE = 'application/json';
const NDJSON = 'application/x-ndjson';

const parsed = (text: string): unknown => JSON.parse(text);

const schemaOf = (response: object, type: string): object | undefined => {
  if (!('content' in response)) return type === JSON_TYPE ? response : undefined;
  const { schema } = Object(Object(response.content)[type]);
  return schema;
};

/** What an object may have beside what it describes: nothing, unless its schema says so itself. */
const closed = (schema: unknown): object => {
  const members = Object.fromEntries(Object.entries(Object(schema)).map(([name, value]) => [name, closedMember(value)]));
  return 'properties' in members && !('additionalProperties' in members) ? { ...members, additionalProperties: false } : members;
};

const closedMember = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closedMember);
  return typeof value === 'object' && value !== null ? closed(value) : value;
};
