import { fieldSynonyms } from './vocabulary.ts';

/** A name in words, ready to be held against many others. */
export interface ComparedName {
  readonly words: string;
  /** Between spaces, so that whole words are found in it. */
  readonly spaced: string;
  /** What finds it in others: itself and its plurals. */
  readonly forms: readonly string[];
  /** Without an ending that says what kind of value it is. */
  readonly stem: string;
}

export const comparedName = (words: string): ComparedName => ({
  words,
  spaced: ` ${words} `,
  forms: [` ${words} `, ` ${words}s `, ` ${words.replace(/y$/, 'ie')}s `],
  stem: words.replace(/ (id|at|on|date|name)$/, ''),
});

export const containsWords = (text: ComparedName, { forms }: ComparedName): boolean => forms.some((form) => text.spaced.includes(form));

/** Names of columns that say which record a row is, of whatever type, and nothing else of it. */
export const IDS: readonly string[] = ['id', 'source id', 'key', 'uuid', 'guid'];

const OWN_NAME = 1;
const SYNONYM = 0.9;
const SHARED_WORDS = 0.5;

/** How well a column fits a field by its name, 0 to 1; what is known of the field is looked up once. */
export function compileNameScore(type: string, field: string, own: ComparedName): (column: ComparedName) => number {
  const synonyms = fieldSynonyms(type, field);
  const isTelling = own.words.length > 3;
  const hasSeveral = own.words.includes(' ');
  return (column) => {
    const { words, stem } = column;
    if (words === own.words) return OWN_NAME;
    if (IDS.includes(words)) return 0;
    const place = synonyms.indexOf(words);
    if (place !== -1) return SYNONYM - place * 0.01;
    if (stem === own.stem) return SYNONYM - 0.1;
    const isShared = isTelling && (containsWords(column, own) || (hasSeveral && containsWords(own, column) && /[^ ]{4}$/.test(words)));
    return isShared ? SHARED_WORDS : 0;
  };
}
