import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

interface OpenResponse {
  readonly response: ServerResponse;
  readonly end: () => void;
}

/** The responses of each connection that have not ended. */
const OPEN = new WeakMap<Socket, Set<OpenResponse>>();

/**
 * Calls the listener once, when the response has closed or can no longer be sent. A response that
 * waits behind another one of its connection emits no event if the connection closes, so the
 * connection is observed too: with the same listeners, however many requests are pipelined.
 */
export function onResponseEnd(request: FastifyRequest, reply: FastifyReply, listener: () => void): void {
  const open = openResponses(request.socket);
  const end = (): void => {
    if (open.delete(entry)) listener();
  };
  const entry = { response: reply.raw, end };
  open.add(entry);
  reply.raw.once('close', end);
}

function openResponses(socket: Socket): Set<OpenResponse> {
  const known = OPEN.get(socket);
  if (known !== undefined) return known;
  const open = new Set<OpenResponse>();
  OPEN.set(socket, open);
  socket.once('close', () => {
    for (const { end } of open) end();
  });
  // Node sends nothing more to a client that has ended its side, except responses that are complete.
  socket.once('end', () => {
    for (const { response, end } of open) if (!response.writableEnded) end();
  });
  return open;
}
