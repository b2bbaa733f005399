import { parentPort, workerData } from 'node:worker_threads';
import converter from 'openapi-to-postmanv2';

/** A thread's work: makes a collection of the document that it is given, and sends it back as JSON. Fails where there is none. */
converter.convert({ type: 'json', data: workerData }, { folderStrategy: 'Tags', requestNameSource: 'Fallback' }, (error, result) => {
  const collection = result?.output?.[0]?.data;
  if (error !== null || collection === undefined) throw error ?? new Error(result?.reason ?? 'no collection');
  parentPort?.postMessage(JSON.stringify(collection));
});
