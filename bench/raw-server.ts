import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The reference of row 1: writes the bytes that it is given, and does nothing else. */
const { body, headers }: { readonly body: string; readonly headers: string[] } = JSON.parse(process.argv[2] ?? '{}');
const bytes = Buffer.from(body);
const server = createServer((_request, response) => {
  response.writeHead(200, headers).end(bytes);
});
server.listen(0, '127.0.0.1', () => {
  // An address that was listened to on a port.
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${port}\n`);
});
