import { TypesChanged } from './judged-types.ts';

/** A type that changes at every attempt is changed by something that does not end. */
const ATTEMPTS = 3;

/** The write, done again where it judged by types that another process had changed: it judges by those of now then. */
export const byCurrentTypes =
  <Arguments extends readonly unknown[], Answer>(write: (...given: Arguments) => Promise<Answer>) =>
  async (...given: Arguments): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await write(...given);
      } catch (error) {
        if (!(error instanceof TypesChanged) || attempt >= ATTEMPTS) throw error;
      }
    }
  };
