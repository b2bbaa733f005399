/** Bytes of values after which a page ends: one thread makes the answers of all, so that none may be long. */
const PAGE_BYTES = 8 * 2 ** 20;

interface BoundedPage {
  /** The statement of the page's rows and one more, with a column `bytes`. */
  readonly rows: string;
  /** Its columns but that one, without their table. */
  readonly columns: string;
  readonly order: string;
}

/**
 * The statement of a page that ends with the row that fills its bytes, so that it has one row at least; `found` is
 * how many there are up to one more than its limit. Of what is left out the size alone is read.
 */
export const boundedPage = ({ rows, columns, order }: BoundedPage): string => `select ${columns}, found from (
    select *, count(*) over ()::int as found,
      coalesce(sum(bytes) over (order by ${order} rows between unbounded preceding and 1 preceding), 0) as bytes_before
    from (${rows}) as page
  ) as measured where bytes_before < ${PAGE_BYTES} order by ${order}`;

/** Bytes of a column of JSON; only what is compressed has to be read for that. */
export const jsonBytes = (column: string): string =>
  `case when pg_column_compression(${column}) is null then pg_column_size(${column}) else octet_length(${column}::text) end`;
