/** How a table is written as text. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string;
  /** How a quote stands within quotes: twice (RFC 4180), or behind a backslash (MySQL and others). */
  readonly escaping: 'double' | 'backslash';
}
