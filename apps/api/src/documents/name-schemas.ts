/** What of an OpenAPI document schemas stand in. */
interface Described {
  readonly paths?: object;
  readonly components?: { readonly schemas?: object };
}

const REFERENCE = '#/components/schemas/';
/** Members that hold values, not schemas. */
const VALUES: ReadonlySet<string> = new Set(['example', 'examples', 'enum', 'const']);

/**
 * A schema with a title becomes a component of that name, and a reference wherever it is used, so that a generator of clients makes
 * one class of it. Of two that differ the first has the name; the other stays where it is. Components that nothing uses go.
 */
export const nameSchemas = <Document extends Described>(document: Document): Document => {
  const named = new Map<string, { readonly text: string; readonly schema: object }>();
  const withNamed = (value: object): object =>
    Array.isArray(value)
      ? value.map(place)
      : Object.fromEntries(Object.entries(value).map(([name, member]) => [name, VALUES.has(name) ? member : place(member)]));
  const place = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (!('title' in value && typeof value.title === 'string')) return withNamed(value);
    const { title } = value;
    const text = JSON.stringify(value);
    if (!named.has(title)) named.set(title, { text, schema: withNamed(value) });
    return named.get(title)?.text === text ? { $ref: `${REFERENCE}${title}` } : withNamed(value);
  };
  const given = Object.entries<object>({ ...document.components?.schemas }).map(([name, schema]) => [name, withNamed(schema)]);
  const paths = place(document.paths);
  const schemas = Object.fromEntries([...given, ...[...named].map(([title, { schema }]) => [title, schema])]);
  return { ...document, paths, components: { ...document.components, schemas: usedOf(schemas, paths) } };
};

const usedOf = (schemas: Readonly<Record<string, object>>, paths: unknown): object => {
  const text = JSON.stringify([schemas, paths]);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => text.includes(`"${REFERENCE}${name}"`)));
};
