/** What a listing answers at once, at most. */
const PAGE = 1_000;

/** All items of a listing: `read` asks for a page, `itemsOf` are those that it has. */
export const allPages = async <Page extends { readonly next_cursor: string | null }, Item>(
  read: (query: { readonly limit: number; readonly cursor: string | undefined }) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): Promise<readonly Item[]> => {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: PAGE, cursor });
    items.push(...itemsOf(page));
    // Who is no Sophia may say nothing of it.
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return items;
};
