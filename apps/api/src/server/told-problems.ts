/** Whoever reads an answer needs no more of them. */
const MOST = 20;

/** Texts as a sentence tells them: of very many the first, and how many more there are. */
export const fewOf = (texts: readonly string[], separator: string): string =>
  texts.length <= MOST ? texts.join(separator) : `${texts.slice(0, MOST).join(separator)}${separator}and ${texts.length - MOST} more`;

/** Problems as the details of an error: of very many the first, with the number of all. */
export const problemDetails = <Problem>(problems: readonly Problem[]) => ({
  problems: problems.slice(0, MOST),
  ...(problems.length <= MOST ? {} : { problem_count: problems.length }),
});
