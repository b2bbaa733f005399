/** Bytes of values after which a page ends: one thread makes the answers of all, so that none may be long. */
export const PAGE_BYTES = 8 * 2 ** 20;

export interface BoundedPage {
  /** The statement of the page's rows and one more. */
  readonly rows: string;
  /** What is given of them, without their table; `bytes`, too, where that is wanted. */
  readonly columns: string;
  /** Columns of JSON or text that may be large. */
  readonly values: readonly string[];
  readonly order: string;
}

/**
 * The statement of a page that ends with the row that fills its bytes, so that it has one row at least; `found` is how many
 * there are up to one more than its limit. What is compressed has to be read to be measured: only as much of it as fills a
 * page as it is stored.
 */
export const boundedPage = ({ rows, columns, values, order }: BoundedPage): string => {
  const sumOf = (size: (column: string) => string): string => values.map((column) => `coalesce(${size(column)}, 0)`).join(' + ');
  const before = (bytes: string): string =>
    `coalesce(sum(${bytes}) over (order by ${order} rows between unbounded preceding and 1 preceding), 0)`;
  return `select ${columns}, found from (
    select *, ${before('bytes')} as bytes_before from (
      select *, ${sumOf(bytesOf)} as bytes from (
        select *, count(*) over ()::int as found, ${before(sumOf(storedBytesOf))} as stored_before from (${rows}) as page
      ) as counted where stored_before < ${PAGE_BYTES} offset 0
    ) as measured
  ) as bounded where bytes_before < ${PAGE_BYTES} order by ${order}`;
};

const storedBytesOf = (column: string): string => `pg_column_size(${column})`;

const bytesOf = (column: string): string =>
  `case when pg_column_compression(${column}) is null then ${storedBytesOf(column)} else octet_length(${column}::text) end`;
