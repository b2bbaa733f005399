/** A JSON object of the document; its members are looked at before they are used. */
type Node = Readonly<Record<string, unknown>>;

const METHODS = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']);

/**
 * What in the document breaks the structural rules of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0):
 * paths and their parameters, unique operations, bodies, responses, references that lead somewhere,
 * schemas of JSON Schema 2020-12.
 */
export const openApiProblems = (document: unknown): readonly string[] => {
  const root = node(document);
  const problems: string[] = [];
  const tell = (where: string, problem: string): void => void problems.push(`${where}: ${problem}`);
  if (!/^3\.1\.\d+$/.test(String(root.openapi))) tell('openapi', 'is not of version 3.1');
  for (const name of ['title', 'version']) if (typeof node(root.info)[name] !== 'string') tell('info', `has no ${name}`);

  const operations = operationsOf(root);
  const ids = operations.map(({ operation }) => operation.operationId);
  for (const { where, path, method, operation } of operations) {
    const id = operation.operationId;
    if (typeof id !== 'string' || ids.filter((other) => other === id).length !== 1) tell(where, `operationId ${id} is not unique`);
    for (const tag of list(operation.tags)) {
      if (!list(root.tags).some((known) => node(known).name === tag)) tell(where, `tag ${tag} is not declared`);
    }
    checkParameters(path, operation, (problem) => tell(where, problem));
    checkBody(method, operation, (problem) => tell(where, problem));
    checkResponses(operation, (problem) => tell(where, problem));
    for (const requirement of list(operation.security ?? root.security)) {
      for (const scheme of Object.keys(node(requirement))) {
        if (node(node(root.components).securitySchemes)[scheme] === undefined) tell(where, `security scheme ${scheme} is not declared`);
      }
    }
  }
  checkReferences(root, root, '#', tell);
  return problems;
};

export const operationsOf = (document: unknown) =>
  Object.entries(node(node(document).paths)).flatMap(([path, item]) =>
    Object.entries(node(item))
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => ({ where: `${method.toUpperCase()} ${path}`, path, method, operation: node(operation) })),
  );

type Tell = (problem: string) => void;

const checkParameters = (path: string, operation: Node, tell: Tell): void => {
  if (!path.startsWith('/')) tell('the path does not begin with a slash');
  const parameters = list(operation.parameters).map(node);
  const names = parameters.map(({ in: place, name }) => `${place} ${name}`);
  if (new Set(names).size !== names.length) tell(`parameters stand twice: ${names}`);
  for (const parameter of parameters) {
    const { in: place, name, required, schema, content } = parameter;
    if (!['query', 'header', 'path', 'cookie'].includes(String(place))) tell(`parameter ${name} is in ${place}`);
    if ((schema === undefined) === (content === undefined)) tell(`parameter ${name} has not exactly one of schema and content`);
    if (place === 'path' && (required !== true || !path.includes(`{${name}}`)))
      tell(`path parameter ${name} is not in the path, or optional`);
  }
  for (const [, name] of path.matchAll(/\{([^}]+)\}/g))
    if (!names.includes(`path ${name}`)) tell(`path parameter ${name} is not described`);
};

const checkBody = (method: string, { requestBody }: Node, tell: Tell): void => {
  if (requestBody === undefined) return;
  if (method === 'get' || method === 'head') tell('a body has no meaning here');
  checkContent(node(requestBody).content, 'the body', tell);
};

const checkResponses = ({ responses }: Node, tell: Tell): void => {
  const statuses = Object.entries(node(responses));
  if (statuses.length === 0) tell('has no responses');
  for (const [status, response] of statuses) {
    if (!/^([1-5]\d\d|[1-5]XX|default)$/.test(status)) tell(`response ${status} is no status`);
    const { description, content } = node(response);
    if (typeof description !== 'string') tell(`response ${status} has no description`);
    if (content !== undefined) checkContent(content, `response ${status}`, tell);
  }
};

const checkContent = (content: unknown, what: string, tell: Tell): void => {
  const types = Object.entries(node(content));
  if (types.length === 0) tell(`${what} has no content type`);
  for (const [type, media] of types) {
    if (!/^[\w.+-]+\/[\w.+*-]+$/.test(type)) tell(`${what}: ${type} is no content type`);
    const { schema, example, examples } = node(media);
    if (typeof schema !== 'object') tell(`${what}, ${type}: has no schema`);
    if (example !== undefined && examples !== undefined) tell(`${what}, ${type}: has both example and examples`);
    for (const [name, each] of Object.entries(node(examples ?? {}))) {
      if (!('value' in node(each))) tell(`${what}, ${type}: example ${name} has no value`);
    }
  }
};

/** Every `$ref` leads to a place of the document, and stands alone. */
const checkReferences = (root: Node, value: unknown, at: string, tell: (where: string, problem: string) => void): void => {
  if (typeof value !== 'object' || value === null) return;
  const { $ref: reference } = node(value);
  if (typeof reference === 'string' && resolve(root, reference) === undefined) tell(at, `${reference} leads nowhere`);
  for (const [name, member] of Object.entries(value)) {
    if (name !== 'examples' && name !== 'example') checkReferences(root, member, `${at}/${name}`, tell);
  }
};

const resolve = (root: Node, reference: string): unknown => {
  if (!reference.startsWith('#/')) return undefined;
  const path = reference.slice(2).split('/');
  return path.reduce<unknown>((at, part) => node(at)[part.replaceAll('~1', '/').replaceAll('~0', '~')], root);
};

const node = (value: unknown): Node => Object(value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
