/**
 * The value with what may be a secret in its URLs masked: user and password, and the query. Also where a URL is not well
 * formed, as one that was mistyped or has a quote or a blank in its password, and where the value is JSON that has URLs.
 */
export function maskUrls(text: string): string {
  const parsed = parseJson(text);
  if (typeof parsed !== 'string' && (typeof parsed !== 'object' || parsed === null)) return maskUrl(text);
  const masked = JSON.stringify(maskIn(parsed));
  return masked === JSON.stringify(parsed) ? text : masked;
}

/** Undefined for what is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function maskIn(value: unknown): unknown {
  if (typeof value === 'string') return maskUrls(value);
  if (Array.isArray(value)) return value.map(maskIn);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [maskUrl(name), maskIn(member)]));
}

/** Several URLs in one value are masked from the first on: nobody knows where a password ends that is not well formed. */
const maskUrl = (value: string): string => value.replace(USER, '$1***@').replace(QUERY, '$1?***');

/** A scheme, perhaps without its colon or a slash, and all up to the last at sign behind it, with a colon or slashes before that. */
const USER = /^(\w[\w+.-]*(?::\/+|\/\/))?(?:(?<=\/).*|.*:.*)@/s;
/** Behind something that may be a URL. */
const QUERY = /^([^?#]*(?::|\/\/)[^?#]*)[?#].*/s;
