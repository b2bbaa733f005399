import type { ImportProgress, ImportReport } from '@sophia/catalog';
import { duration } from './freshness-line.ts';
import type { Styles } from './styles.ts';
import { cutText, plainText } from './text-width.ts';

const MOST_ERRORS = 10;
/** Characters of one: a cell may hold a book. */
const LONGEST_ERROR = 300;

const counted = (count: number): string => count.toLocaleString('en-US');

/** How far an import has come, in one line. */
export const progressText = ({ read, rejected, rows_per_second: pace, seconds_left: seconds }: ImportProgress): string => {
  const left = seconds === null ? '' : `, ${duration(seconds)} left`;
  const bad = rejected === 0 ? '' : `, ${counted(rejected)} rejected`;
  return `${counted(read)} rows${bad}, ${counted(pace)} rows/s${left}`;
};

/** A report whose counts add up, with the repairs by rule and the first rejected rows. */
export const renderReport = (report: ImportReport, styles: Styles): string => {
  const { id, name, read, created, updated, unchanged, stale, rejected, repairs, errors, assumed, seconds } = report;
  const { deleted_by_version: replaced } = report;
  const older = stale === 0 ? '' : ` (${counted(stale)} older than what is known)`;
  const lines = [
    `${styles.strong(plainText(name))}: ${counted(read)} read = ${counted(created)} created + ${counted(updated)} updated + ${counted(unchanged)} unchanged${older} + ${
      rejected === 0 ? '0 rejected' : styles.bad(`${counted(rejected)} rejected`)
    }`,
    ...Object.entries(repairs).map(([rule, count]) => `  repaired by ${rule}: ${counted(count)}`),
    ...(replaced === 0 ? [] : [`  deleted because their version was replaced: ${counted(replaced)}`]),
    ...errors.slice(0, MOST_ERRORS).map(({ line, column, code, message, value }) => {
      // Most messages begin with the column and end with what was found there.
      const where = column === undefined || message.startsWith(`${column}:`) ? `line ${line}` : `line ${line}, ${column}`;
      const found = value === undefined || message.includes('; found ') ? '' : ` (found ${JSON.stringify(value)})`;
      return `  ${styles.bad(plainText(where))}: ${cutText(plainText(message + found), LONGEST_ERROR)} [${code}]`;
    }),
    ...(rejected > 0
      ? [`  ${rejected > MOST_ERRORS ? 'all of them, and repairs' : 'to repair'}: sophia dead-letters list --import ${id}`]
      : []),
    ...assumed.map((sentence) => `  assumed: ${plainText(sentence)}`),
    styles.faint(`  import ${id}, ${duration(seconds)}`),
  ];
  return `${lines.join('\n')}\n`;
};
