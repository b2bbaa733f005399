/** Bytes of values after which a page ends: one thread makes the answers of all, so that none may be long. */
export const PAGE_BYTES = 8 * 2 ** 20;

/** Columns that may be large. */
export interface LargeColumns {
  /** Of jsonb. */
  readonly values: readonly string[];
  /** Of text. */
  readonly texts?: readonly string[] | undefined;
}

export interface BoundedPage extends LargeColumns {
  /** The statement of the page's rows and one more. */
  readonly rows: string;
  /** What is given of them, without their table; `bytes`, too, where that is wanted. */
  readonly columns: string;
  readonly order: string;
  /** The bytes after which it ends, as SQL; those of a page unless told. */
  readonly bytes?: string | undefined;
}

/**
 * The statement of a page that ends with the row that fills its bytes, so that it has one row at least; `found` is how many
 * there are up to one more than its limit. Compressed jsonb has to be read to be measured: only as much of it as would fill a
 * page if it were four times as large. What is like other text is less, and what repeats itself is a hundred times as large.
 */
export const boundedPage = ({ rows, columns, values, texts, order, bytes: most = `${PAGE_BYTES}` }: BoundedPage): string => {
  const before = (bytes: string): string =>
    `coalesce(sum(${bytes}) over (order by ${order} rows between unbounded preceding and 1 preceding), 0)`;
  const large = { values, texts };
  return `select ${columns}, found from (
    select *, ${before('bytes')} as bytes_before from (
      select *, ${sumOf(large, unpackedBytesOf)} as bytes from (
        select *, count(*) over ()::int as found, ${before(sumOf(large, packedTimes(4)))} as stored_before from (${rows}) as page
      ) as counted where stored_before < ${most} offset 0
    ) as measured
  ) as bounded where bytes_before < ${most} order by ${order}`;
};

/** SQL of the bytes that a row's values have at most, as its storage tells: neither algorithm of PostgreSQL packs more densely. */
export const mostBytesOf = (large: LargeColumns): string => sumOf(large, packedTimes(256));

/** Of text its storage tells the bytes. */
const sumOf = ({ values, texts = [] }: LargeColumns, ofValue: (column: string) => string): string =>
  [...values.map(ofValue), ...texts.map((column) => `octet_length(${column})`)].map((bytes) => `coalesce(${bytes}, 0)`).join(' + ');

const storedBytesOf = (column: string): string => `pg_column_size(${column})`;

const byPacking = (column: string, packed: string): string =>
  `case when pg_column_compression(${column}) is null then ${storedBytesOf(column)} else ${packed} end`;

const packedTimes =
  (times: number) =>
  (column: string): string =>
    byPacking(column, `${storedBytesOf(column)}::bigint * ${times}`);

/** What is made anew is not packed; nothing of it is written out as text, which takes ten times as long. */
const unpackedBytesOf = (column: string): string => byPacking(column, `pg_column_size(${column} || '{}')`);
