/** Members that hold values, not schemas. */
const VALUES: ReadonlySet<string> = new Set(['example', 'examples', 'const']);

/** Says of each list of texts that it is one: generators of clients take what has no type for anything. */
export const typeEnums = <Document>(document: Document): Document => withTypes(document) as Document;

const withTypes = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withTypes);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, VALUES.has(name) ? member : withTypes(member)]);
  return { ...(isOfTexts(value) ? { type: 'string' } : {}), ...Object.fromEntries(members) };
};

const isOfTexts = (schema: object): boolean =>
  'enum' in schema && Array.isArray(schema.enum) && schema.enum.every((each) => typeof each === 'string');
