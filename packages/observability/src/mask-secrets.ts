/** Fields that are never logged, at the top of a line's object or one level down. */
export const SECRET_KEYS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'api_key',
  'apiKey',
  'set-cookie',
  'x-api-key',
] as const;

const API_KEY = /\bsophia_([a-z0-9]{4,32})_[A-Za-z0-9_-]{16,}/g;
const WEB_TOKEN = /\beyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*/g;
const URL_PASSWORD = /(:\/\/[^\s:/@"]*):[^\s/@"]+@/g;

/** The text without API keys (their public part stays), web tokens and passwords in URLs. */
export function maskSecrets(text: string): string {
  let masked = text;
  if (masked.includes('sophia_')) masked = masked.replace(API_KEY, 'sophia_$1_***');
  if (masked.includes('eyJ')) masked = masked.replace(WEB_TOKEN, '***');
  if (masked.includes('://')) masked = masked.replace(URL_PASSWORD, '$1:***@');
  return masked;
}
