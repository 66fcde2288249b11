import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The responses of each connection that have not ended. */
const OPEN = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls the listener once, when the response has closed. A response that waits behind another one
 * of its connection emits no event if the connection closes, so the connection is observed too:
 * with one listener, however many requests are pipelined.
 */
export function onResponseEnd(request: FastifyRequest, reply: FastifyReply, listener: () => void): void {
  const open = openResponses(request.socket);
  const end = (): void => {
    if (open.delete(end)) listener();
  };
  open.add(end);
  reply.raw.once('close', end);
}

function openResponses(socket: Socket): Set<() => void> {
  const known = OPEN.get(socket);
  if (known !== undefined) return known;
  const open = new Set<() => void>();
  OPEN.set(socket, open);
  socket.once('close', () => {
    for (const end of open) end();
  });
  return open;
}
