import type { FastifyReply } from 'fastify';

/** Sets headers given in pairs; what an answer varies by is added to what it varies by already. */
export const setHeaders = (reply: FastifyReply, pairs: readonly string[]): FastifyReply => {
  for (let index = 0; index < pairs.length; index += 2) {
    const [name = '', value = ''] = [pairs[index], pairs[index + 1]];
    const before = name === 'vary' ? reply.getHeader(name) : undefined;
    reply.header(name, before === undefined ? value : `${before}, ${value}`);
  }
  return reply;
};

/** Sends the answer of a write, whose token stands in a header too. */
export const sendWritten = <Answer extends { readonly token: string }>(reply: FastifyReply, answer: Answer): FastifyReply =>
  reply.header('sophia-token', answer.token).send(answer);
