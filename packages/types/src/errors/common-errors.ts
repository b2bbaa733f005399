import type { ErrorCode } from './error-code.ts';

export const COMMON_ERRORS = {
  internal_error: {
    status: 500,
    title: 'Internal error',
    help: 'A defect of Sophia. The answer names the trace id to look for in the logs.',
  },
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    help: 'The request does not have the documented shape; the detail names the place.',
  },
  not_found: { status: 404, title: 'Not found', help: 'No such thing in this workspace, or not visible to this principal.' },
  method_not_allowed: { status: 405, title: 'Method not allowed', help: 'The route exists for other methods, named in the Allow header.' },
  payload_too_large: { status: 413, title: 'Payload too large', help: 'Send less at once, or stream NDJSON or CSV.' },
  too_many_members: {
    status: 413,
    title: 'Too many members',
    help: 'A JSON body has at most 20,000 members and values, a row or a query among several by itself; a row has at most 10,000.',
  },
  unsupported_media_type: { status: 415, title: 'Unsupported media type', help: 'Send one of the content types that the route documents.' },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    help: 'Send the request without the header Expect, or with 100-continue.',
  },
  rate_limited: { status: 429, title: 'Rate limited', help: 'Wait for the seconds in Retry-After.' },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    help: 'The instance sheds load to keep its answers quick; retry after the seconds in Retry-After.',
  },
  idempotency_not_supported: {
    status: 400,
    title: 'Idempotency not supported',
    help: 'This route would do it again although the request has an Idempotency-Key: send the request without one, and look at what is there before you repeat it.',
  },
  precondition_not_supported: {
    status: 400,
    title: 'Precondition not supported',
    help: 'This route would act whether the condition of the request holds or not: send the request without it. If-Match is for one record by its id, read, changed or deleted; If-None-Match for reading one, and for metric queries.',
  },
  slow_body: {
    status: 408,
    title: 'Body too slow',
    help: 'The body that the request announced did not arrive in time, or stopped arriving; send it again without a pause. An import goes on with the same Idempotency-Key.',
  },
  slow_headers: {
    status: 408,
    title: 'Headers too slow',
    help: 'The headers of a request must be there 20 seconds after its first byte; send it again.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    help: 'The headers of a request, with its address, have 16 KiB: send a long query as the body of POST /api/v1/metrics/query.',
  },
  malformed_http: {
    status: 400,
    title: 'Malformed HTTP',
    help: 'What arrived is no request of HTTP/1.1; the detail has the code of the parser. TLS is spoken by a proxy before Sophia.',
  },
  deadline_exceeded: { status: 503, title: 'Deadline exceeded', help: 'A dependency did not answer in time; retry later.' },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    help: 'A dependency is not there at the moment; retry after the seconds in Retry-After.',
  },
  address_not_allowed: {
    status: 422,
    title: 'Address not allowed',
    help: 'Sources, webhooks and issuers may have no private address unless the operator allows it for that one.',
  },
  address_in_use: {
    status: 500,
    title: 'Address in use',
    help: 'Another program listens there: stop it, or choose another port with --port or SOPHIA_PORT.',
  },
  invalid_configuration: {
    status: 500,
    title: 'Invalid configuration',
    help: 'The message names the variable, what was found and what is allowed.',
  },
} as const satisfies Record<string, ErrorCode>;
