import type { ErrorCode } from './error-code.ts';

export const AUTH_ERRORS = {
  unauthenticated: {
    status: 401,
    title: 'Unauthenticated',
    help: 'Send an API key or a token of a configured issuer as Authorization: Bearer. Keys can expire and be revoked; ask an administrator for a new one.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    help: 'The role of this principal does not allow it. The detail names the action; an administrator can change the policy.',
  },
  unknown_workspace: { status: 404, title: 'Unknown workspace', help: 'No such workspace, or none that this principal may use.' },
  workspace_exists: { status: 409, title: 'Workspace exists', help: 'Choose another name: workspaces are told apart by it.' },
  invalid_workspace: {
    status: 422,
    title: 'Invalid workspace',
    help: 'A name is a lower-case letter and then up to 62 lower-case letters, digits, _ or -; the detail names the setting that is wrong.',
  },
  invalid_key_request: {
    status: 422,
    title: 'Invalid key',
    help: 'The detail names what is wrong with the key that was asked for.',
  },
  invalid_policy: {
    status: 422,
    title: 'Invalid policy',
    help: 'The details list each rule that cannot hold, with the place in it and the nearest valid name.',
  },
  policy_conflict: {
    status: 409,
    title: 'Policy changed meanwhile',
    help: 'Read the current rules, apply the change to them and send them with their version.',
  },
} as const satisfies Record<string, ErrorCode>;
