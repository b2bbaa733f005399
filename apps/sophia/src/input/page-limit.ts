import { parseCount } from './metric-query.ts';

/** Rows of a page, of whatever is listed, unless told. */
const USUAL = 20;
/** What the interface answers at once; more is read page by page. */
const MOST = 1_000;

/** What `--limit` asks for. Errors: `CommandError` where it is no number, or more than a page has. */
export const pageLimit = (text: string | undefined): number => (text === undefined ? USUAL : parseCount(text, '--limit', MOST));
