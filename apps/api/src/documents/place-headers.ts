import { DESCRIBED_HEADERS, type DescribedHeaderName, headersOfAnswer, type SentHeaders } from '../server/described-headers.ts';

/** Carries what a route sends through the plugin, which knows headers of schemas only. */
export const SENT_HEADERS = 'x-sent-headers';

interface Operation {
  [SENT_HEADERS]?: SentHeaders;
  readonly security?: readonly unknown[];
  readonly responses: Readonly<Record<string, { headers?: object }>>;
}

/** Describes at each answer the headers that it has. */
export const placeHeaders = <Document extends { readonly paths?: object }>(document: Document): Document => {
  for (const item of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(Object(item))) if (isOperation(operation)) describe(operation);
  }
  return document;
};

/** Only `routeDocument` sets it. */
const isOperation = (value: unknown): value is Operation => typeof value === 'object' && value !== null && SENT_HEADERS in value;

const describe = (operation: Operation): void => {
  const { [SENT_HEADERS]: own = {}, security, responses } = operation;
  delete operation[SENT_HEADERS];
  for (const [status, response] of Object.entries(responses)) {
    const sent = Object.entries(headersOfAnswer(status, { isOpen: security?.length === 0, own }));
    // Its names are those of the type.
    response.headers = Object.fromEntries(sent.map(([name, when]) => [name, described(name as DescribedHeaderName, when === 'always')]));
  }
};

const described = (name: DescribedHeaderName, required: boolean): object => ({
  description: DESCRIBED_HEADERS[name].description,
  required,
  schema: { type: 'string' },
});
