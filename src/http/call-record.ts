import type { FastifyReply, FastifyRequest } from 'fastify';
import { logFailure, logSuccess, roundMs } from '../calls/call-log';
import { cancelled, type ConversationError } from '../core/errors';
import type { Telemetry } from '../telemetry/telemetry';
import type { CallSpan } from '../telemetry/tracing';
import { onResponseEnd } from './response-end';

/** Routes that machines poll: they make no traces. */
const UNTRACED = new Set(['/livez', '/readyz', '/metrics']);

/** The status that nginx uses for a client that disconnected: it is only logged and counted. */
const CLIENT_CLOSED_REQUEST = 499;

/** One request, from its start to its end: its metrics, its span and its log line. */
class HttpCallRecord {
  private readonly startedAt = performance.now();
  private readonly span: CallSpan | undefined;
  caller: string | undefined;
  /** The error that the request ended with; undefined if it succeeded, or failed before the core was reached. */
  failure: ConversationError | undefined;

  constructor(
    private readonly request: FastifyRequest,
    private readonly route: string,
    private readonly telemetry: Telemetry,
  ) {
    const { method, headers } = request;
    if (UNTRACED.has(route)) return;
    this.span = telemetry.tracing?.call(
      `${method} ${route}`,
      { 'http.request.method': method, 'http.route': route },
      {
        keys: () => Object.keys(headers),
        get: (name) => headers[name]?.toString(),
      },
      false,
    );
  }

  /** Runs work whose spans belong under the request's span. */
  run<Value>(work: () => Value): Value {
    return this.span === undefined ? work() : this.span.run(work);
  }

  end(statusCode: number): void {
    const { failure, request, route } = this;
    const { logger, metrics } = this.telemetry;
    const ms = performance.now() - this.startedAt;
    metrics.httpRequest(request.method, route, statusCode, ms / 1000);
    this.span?.end(
      {
        'http.response.status_code': statusCode,
        ...(failure === undefined ? {} : { 'error.type': failure.reason }),
      },
      statusCode >= 500 ? (failure?.reason ?? String(statusCode)) : undefined,
    );
    const fields = (): object => ({
      ...{ method: `${request.method} ${route}`, status: statusCode, durationMs: roundMs(ms) },
      ...{ peer: `${request.ip}:${request.socket.remotePort}`, caller: this.caller },
    });
    if (statusCode < 400) logSuccess(logger, 'call', fields);
    else logFailure(logger, 'call', failure, fields);
  }
}

const RECORDS = new WeakMap<FastifyRequest, HttpCallRecord>();

/** Begins a request's record, which ends when the response has closed, however it does. */
export function beginRecord(request: FastifyRequest, reply: FastifyReply, telemetry: Telemetry): void {
  // The route as it was declared, such as `/sessions/:sessionId`.
  const record = new HttpCallRecord(request, request.routeOptions.url ?? 'unknown', telemetry);
  RECORDS.set(request, record);
  const { raw } = reply;
  onResponseEnd(request, reply, () => {
    if (!raw.writableFinished) record.failure ??= cancelled();
    record.end(raw.writableFinished ? reply.statusCode : CLIENT_CLOSED_REQUEST);
  });
}

/** The record of a request that has begun. */
export function recordOf(request: FastifyRequest): HttpCallRecord {
  const record = RECORDS.get(request);
  if (record === undefined) throw new Error('a request has no record');
  return record;
}
