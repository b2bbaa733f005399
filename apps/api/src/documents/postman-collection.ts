import { Worker } from 'node:worker_threads';

/** Makes the collection for the address that requests go to. */
export type PostmanCollection = (address: string) => string;

/**
 * A collection for Postman of an OpenAPI document, as JSON. It is made in a thread of its own, from a copy: the converter
 * takes seconds, and writes into what it is given. Addresses are many, and told by callers: it is made once for all.
 */
export const postmanCollection = (openapi: object): Promise<PostmanCollection> =>
  new Promise((resolve, reject) => {
    const thread = new Worker(CONVERTER, { workerData: { ...openapi, servers: [{ url: ANY_ADDRESS }] } });
    const at = (collection: string) => (address: string) => collection.replaceAll(`"${ANY_ADDRESS}"`, () => JSON.stringify(address));
    thread.once('message', (collection: string) => resolve(at(collection)));
    thread.once('error', reject).unref();
  });

const CONVERTER = new URL('./convert-to-postman.ts', import.meta.url);
const ANY_ADDRESS = 'http://sophia.invalid';
