/** Also of a URL that is not well formed, as one that was mistyped. */
const USER = /:\/\/[^\s"]*@/g;
const USER_WITHOUT_SCHEME = /[^\s"/]+:[^\s"/]+@/g;
const QUERY = /(:\/\/[^\s"?#]*)[?#][^\s"]*/g;

/** The text with what may be a secret in its URLs masked: user and password, and the query. */
export const maskUrls = (text: string): string =>
  text.replace(USER, '://***@').replace(USER_WITHOUT_SCHEME, '***@').replace(QUERY, '$1?***');
