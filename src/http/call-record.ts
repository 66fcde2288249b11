import type { FastifyRequest } from 'fastify';
import type { ConversationError } from '../core/errors';
import type { Telemetry } from '../telemetry/telemetry';
import type { CallSpan } from '../telemetry/tracing';

/** What is asked again and again by machines, and makes no trace. */
const PROBES = new Set(['/livez', '/readyz', '/metrics']);

/** One request, from its start to its end: counted, traced, and told of in one line. */
class HttpCallRecord {
  private readonly startedAt = performance.now();
  private readonly span: CallSpan | undefined;
  /** Whose token let it in. */
  caller: string | undefined;
  /** What it failed with, where the service's own code was reached. */
  failure: ConversationError | undefined;

  constructor(
    private readonly request: FastifyRequest,
    private readonly route: string,
    private readonly telemetry: Telemetry,
  ) {
    const { method, headers } = request;
    if (PROBES.has(route)) return;
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

  /** Does the request's work, whose spans belong to the request's. */
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
    const level =
      failure?.reason === 'INTERNAL' ? 'error' : statusCode < 400 || statusCode === 499 ? 'debug' : 'info';
    if (!logger.isLevelEnabled(level)) return;
    const line = {
      ...{ http: `${request.method} ${route}`, status: statusCode, ms: Math.round(ms * 100) / 100 },
      caller: this.caller,
      peer: `${request.ip}:${request.socket.remotePort}`,
    };
    if (failure === undefined) {
      logger[level](line, 'request');
      return;
    }
    const { reason, message, cause } = failure;
    logger[level](
      { ...line, reason, message, ...(cause === undefined ? {} : { err: cause }) },
      'request failed',
    );
  }
}

const RECORDS = new WeakMap<FastifyRequest, HttpCallRecord>();

/** @param route as it was declared, such as `/sessions/:sessionId` */
export function beginRecord(request: FastifyRequest, route: string, telemetry: Telemetry): HttpCallRecord {
  const record = new HttpCallRecord(request, route, telemetry);
  RECORDS.set(request, record);
  return record;
}

/** The record of a request that has begun. */
export function recordOf(request: FastifyRequest): HttpCallRecord {
  const record = RECORDS.get(request);
  if (record === undefined) throw new Error('a request has no record');
  return record;
}
