import type { FastifyRequest } from 'fastify';
import type { ConversationError } from '../core/errors';
import type { Telemetry } from '../telemetry/telemetry';
import type { CallSpan } from '../telemetry/tracing';

/** One request, from its start to its end: counted, traced, and told of in one line. */
export class RequestRecord {
  private readonly startedAt = performance.now();
  private readonly span: CallSpan | undefined;
  /** What it failed with, where the service's own code was reached. */
  failure: ConversationError | undefined;

  /** @param route as it was declared, such as `/sessions/:sessionId` */
  constructor(
    private readonly request: FastifyRequest,
    private readonly route: string,
    private readonly telemetry: Telemetry,
  ) {
    const { method, headers } = request;
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
