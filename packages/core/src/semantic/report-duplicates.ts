import type { Report } from './link-problem.ts';

/** Reports each definition whose name an earlier one has. */
export function reportDuplicates(definitions: readonly { readonly name: string }[], what: string, report: Report): void {
  const names = new Set<string>();
  for (const definition of definitions) {
    if (names.has(definition.name)) report({ definition, key: 'name', ofFiles: true }, `there is another ${what} ${definition.name}`);
    names.add(definition.name);
  }
}
