/** The schema of an object, whose properties have these values as their examples; as it is where there are none. */
export const exampledProperties = (schema: unknown, values: Readonly<Record<string, unknown>> | undefined): unknown => {
  if (values === undefined) return schema;
  const properties = Object.entries<object>(Object(schema).properties).map(([name, property]) => [
    name,
    Object.hasOwn(values, name) ? { ...property, examples: [typed(property, values[name])] } : property,
  ]);
  return { ...Object(schema), properties: Object.fromEntries(properties) };
};

/** What stands for each parameter of a route in an address. */
export const parametersOf = (url: string, address: string) => {
  const { pathname, searchParams } = new URL(address, 'http://any');
  const segments = pathname.split('/');
  const path = url
    .split('/')
    .flatMap((name, index) => (name.startsWith(':') ? [[name.slice(1), decodeURIComponent(`${segments[index]}`)]] : []));
  return { path: Object.fromEntries(path), query: Object.fromEntries(searchParams) };
};

/** In an address a number is text. */
const typed = (schema: object, value: unknown): unknown => (Object(schema).type === 'integer' ? Number(value) : value);
