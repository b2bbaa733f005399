import { parentPort, workerData } from 'node:worker_threads';
import converter from 'openapi-to-postmanv2';

/** Requests can be sent as they are: with the examples as values, and nothing in what may be left out. */
const OPTIONS: Parameters<typeof converter.convert>[1] = {
  folderStrategy: 'Tags',
  requestNameSource: 'Fallback',
  parametersResolution: 'Example',
  requestParametersResolution: 'Example',
  enableOptionalParameters: false,
};

/** A thread's work: makes a collection of the document that it is given, and sends it back as JSON. Fails where there is none. */
converter.convert({ type: 'json', data: workerData }, OPTIONS, (error, result) => {
  const collection = result?.output?.[0]?.data;
  if (error !== null || collection === undefined) throw error ?? new Error(result?.reason ?? 'no collection');
  parentPort?.postMessage(JSON.stringify(collection));
});
