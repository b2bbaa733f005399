/** Undefined where the file or folder that is looked at is not there; any other failure is thrown. */
export const ifThere = <T>(looking: Promise<T>): Promise<T | undefined> =>
  looking.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
