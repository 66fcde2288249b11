import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** The longest timeout that the library reads correctly: 2^31 - 1 ms, in whole seconds. */
const LONGEST_SECONDS = 2_147_483;

/** Timeouts in shorter units are at most 8 digits of milliseconds: about a day. */
const LONG_TIMEOUT = /^(\d{1,8})([HMS])$/;
const SECONDS: Readonly<Record<string, number>> = { H: 3600, M: 60, S: 1 };

/**
 * Makes a server read long timeouts as 24.8 days. The library keeps the lowest 32 bits of their
 * milliseconds: a timeout of 25 to 49 days is over at once, and one of 50 days after 7 hours. No call
 * or stream lasts 24 days, since connections do not.
 *
 * The library reads the header before it calls any code of a service, and has no public access to its
 * HTTP/2 servers. So this finds them in a private field, and fails if a new version has none there;
 * the rest is Node's public interface. Call it once the server has its connection injector.
 */
export function limitTimeouts(grpcServer: Server): void {
  const servers: unknown = Reflect.get(grpcServer, 'http2Servers');
  const found: unknown[] = servers instanceof Map ? [...servers.keys()] : [];
  if (found.length === 0) throw new Error('this version of grpc-js has its HTTP/2 servers elsewhere');
  for (const server of found) {
    if (!(server instanceof EventEmitter)) throw new Error('an HTTP/2 server of grpc-js emits no events');
    server.prependListener('stream', (_: unknown, headers: IncomingHttpHeaders) => limitTimeout(headers));
  }
}

/** Replaces a `grpc-timeout` that is too long for the library. */
export function limitTimeout(headers: IncomingHttpHeaders): void {
  const timeout = headers['grpc-timeout'];
  if (typeof timeout !== 'string') return;
  const [, digits = '', unit = ''] = LONG_TIMEOUT.exec(timeout) ?? [];
  const seconds = Number(digits) * (SECONDS[unit] ?? 0);
  if (seconds > LONGEST_SECONDS) headers['grpc-timeout'] = `${LONGEST_SECONDS}S`;
}
