import type { FastifyReply } from 'fastify';

/** Sets headers given in pairs. */
export const setHeaders = (reply: FastifyReply, pairs: readonly string[]): FastifyReply => {
  for (let index = 0; index < pairs.length; index += 2) reply.header(pairs[index] ?? '', pairs[index + 1] ?? '');
  return reply;
};
