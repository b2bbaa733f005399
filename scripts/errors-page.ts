import { readFile, writeFile } from 'node:fs/promises';
import { ERROR_CODES, type ErrorCode } from '@sophia/types';

const PAGE = new URL('../docs/reference/errors.md', import.meta.url);

/** The reference page of all stable error codes. */
export function errorsPage(codes: Readonly<Record<string, ErrorCode>> = ERROR_CODES): string {
  const sections = Object.entries(codes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { status, title, help }]) => `## ${code}\n\n${title} (HTTP ${status}). ${help}\n`);
  return [
    '# Error codes\n',
    'Every error that Sophia answers with is a problem document (RFC 9457) whose `code` is one of these. Codes never change their',
    'meaning; new ones may come. This page is generated: `node scripts/errors-page.ts`.\n',
    ...sections,
  ].join('\n');
}

/** The page as it stands in the repository. */
export const writtenErrorsPage = (): Promise<string> => readFile(PAGE, 'utf8');

if (process.argv[1] === import.meta.filename) await writeFile(PAGE, errorsPage());
