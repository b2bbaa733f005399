import { Worker } from 'node:worker_threads';

/**
 * A collection for Postman of an OpenAPI document, as JSON. It is made in a thread of its own, from a copy: the converter
 * takes seconds, and writes into what it is given.
 */
export const postmanCollection = (openapi: object): Promise<string> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(CONVERTER, { workerData: openapi });
    thread.once('message', resolve).once('error', reject).unref();
  });

const CONVERTER = new URL('./convert-to-postman.ts', import.meta.url);
