import type { AddressInfo } from 'node:net';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import {
  cancelled,
  ConversationError,
  deadlineExceeded,
  internalError,
  overloaded,
  shuttingDown,
} from '../core/errors';
import type { Authorizer, Scope } from '../security/authorizer';
import { LIMITS } from '../core/limits';
import { withTimeout } from '../core/with-timeout';
import { RequestContext } from '../core/request-context';
import type { SessionRepository } from '../core/store';
import type { InFlightBudget } from '../calls/in-flight-budget';
import type { Telemetry } from '../telemetry/telemetry';
import { addApiDescription, descriptionOf } from './openapi/document';
import { parseJsonBody } from './json-body';
import { type NodeServerSettings, createNodeServer, HEADER_BYTES } from './node-server';
import { handleClientError } from './client-error';
import { addOperationsRoutes } from './routes/operations';
import { beginRecord, recordOf } from './call-record';
import { type SessionRoute, sessionRoutes } from './routes/sessions';
import { plainErrorBody, toErrorReply } from './status';

export interface HttpSettings extends NodeServerSettings {
  /** Who may use which route; health and the API's description are open to all. */
  readonly authorizer: Authorizer;
  /** How long a request may take from when it is whole, in milliseconds. */
  readonly defaultDeadlineMs: number;
}

/** The HTTP face: four routes in JSON on the core that gRPC has, and what operators ask. */
export class HttpServer {
  private readonly app: FastifyInstance;
  private ready = false;
  private closing = false;

  constructor(
    repository: SessionRepository,
    private readonly settings: HttpSettings,
    private readonly budget: InFlightBudget,
    private readonly telemetry: Telemetry,
  ) {
    this.app = Fastify({
      bodyLimit: LIMITS.messageBytes,
      serverFactory: (handler) => createNodeServer(handler, settings, telemetry),
      routerOptions: { maxParamLength: HEADER_BYTES },
      // What comes on kept connections while the server closes is answered in the service's own form.
      return503OnClosing: false,
      forceCloseConnections: 'idle',
      frameworkErrors: (error, _, reply) => void sendPlain(reply, error.statusCode ?? 400, error.message),
      clientErrorHandler: handleClientError,
    });
    // Core has the rules; the routes' schemas are for their readers.
    this.app.setValidatorCompiler(() => () => true);
    this.app.setSerializerCompiler(() => (body) => JSON.stringify(body));
    this.app.removeAllContentTypeParsers();
    this.app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      (_: FastifyRequest, bytes: Buffer) => Promise.resolve(parseJsonBody(bytes)),
    );
    this.app.setErrorHandler((error: FastifyError, request, reply) => this.fail(error, request, reply));
    this.app.setNotFoundHandler((request, reply) =>
      sendPlain(
        reply,
        404,
        `there is nothing at ${request.method} ${request.url}: /docs shows what there is`,
      ),
    );
    this.app.addHook('onRequest', (request, reply, done) => {
      this.begin(request, reply);
      done();
    });
    addApiDescription(this.app);
    addOperationsRoutes(this.app, telemetry.metrics, settings.authorizer, () => this.ready && !this.closing);
    const routes = sessionRoutes(repository);
    this.app.register((app, _, done) => {
      for (const route of routes) this.addRoute(app, route);
      done();
    });
    refuseOtherMethods(this.app, routes);
  }

  /** Listens, and returns the port. */
  async listen(): Promise<number> {
    const { host, port } = this.settings;
    await this.app.ready();
    await this.app.listen({ host, port });
    return (this.app.server.address() as AddressInfo).port;
  }

  /** What `/readyz` tells. */
  setReady(ready: boolean): void {
    this.ready = ready;
  }

  /** Takes no new connection, answers what is under way within the grace, and closes. */
  async close(graceMs: number): Promise<void> {
    this.closing = true;
    const closed = this.app.close();
    await withTimeout(graceMs, closed, () => undefined);
    this.app.server.closeAllConnections();
    await closed;
  }

  private addRoute(app: FastifyInstance, route: SessionRoute): void {
    app.route<{ Params: { readonly sessionId?: string } }>({
      method: route.method,
      url: route.path,
      schema: descriptionOf(route.name),
      onRequest: (request, reply, next) => {
        next(this.refusal(route.scope, request, reply));
      },
      handler: async (request, reply) => {
        const context = new RequestContext(Date.now() + this.settings.defaultDeadlineMs);
        reply.raw.once('close', () => {
          if (!reply.raw.writableFinished) context.cancel();
        });
        const { sessionId = '' } = request.params;
        const asked = { sessionId, query: request.query, body: request.body };
        const { statusCode, body } = await recordOf(request).run(() =>
          beforeDeadline(context, route.handle(asked, context)),
        );
        return reply.code(statusCode).send(body);
      },
    });
  }

  /** Counts the request, and tells of it when it has ended, in whatever way. */
  private begin(request: FastifyRequest, reply: FastifyReply): void {
    const record = beginRecord(request, request.routeOptions.url ?? 'unknown', this.telemetry);
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) record.failure ??= cancelled();
      record.end(reply.raw.writableFinished ? reply.statusCode : 499);
    });
  }

  /** Why a request is not taken; undefined: it is, and is counted until it has ended. */
  private refusal(scope: Scope, request: FastifyRequest, reply: FastifyReply): Error | undefined {
    if (this.closing) return shuttingDown();
    if (this.budget.isExhausted) return overloaded();
    try {
      recordOf(request).caller = this.settings.authorizer.authorize(
        request.headers.authorization,
        scope,
      ).caller;
    } catch (error) {
      return error instanceof Error ? error : internalError(error);
    }
    // What announces no length, or one that will be refused, counts as the largest that is taken.
    const { 'content-length': announced = '0', 'transfer-encoding': encoding } = request.headers;
    const bytes =
      encoding === undefined ? Math.min(Number(announced), LIMITS.messageBytes) : LIMITS.messageBytes;
    this.budget.reserve(bytes);
    reply.raw.once('close', () => this.budget.release(bytes));
    return undefined;
  }

  private fail(
    error: FastifyError | ConversationError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): unknown {
    if (!(error instanceof ConversationError) && error.statusCode !== undefined && error.statusCode < 500)
      return sendPlain(reply, error.statusCode, hintFor(error));
    const failure = error instanceof ConversationError ? error : internalError(error);
    recordOf(request).failure = failure;
    const { body, headers } = toErrorReply(failure);
    return reply.code(body.statusCode).headers(headers).send(body);
  }
}

/** Rejects at the deadline, though the work may go on to its own end. */
async function beforeDeadline<Value>(context: RequestContext, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const missed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(deadlineExceeded()), context.remainingMs());
  });
  try {
    return await Promise.race([work, missed]);
  } finally {
    clearTimeout(timer);
  }
}

function refuseOtherMethods(app: FastifyInstance, routes: readonly SessionRoute[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const taken: string[] = routes.filter((route) => route.path === path).map(({ method }) => method);
    if (taken.includes('GET')) taken.push('HEAD');
    app.route({
      method: app.supportedMethods.filter((method) => !taken.includes(method)),
      url: path,
      schema: { hide: true },
      handler: (request, reply) =>
        sendPlain(
          reply.header('allow', taken.join(', ')),
          405,
          `${path} takes ${taken.join(' and ')}, not ${request.method}`,
        ),
    });
  }
}

function sendPlain(reply: FastifyReply, statusCode: number, message?: string): FastifyReply {
  return reply.code(statusCode).send(plainErrorBody(statusCode, message));
}

/** The library's message, or one that says what to do. */
function hintFor({ code, message }: FastifyError): string {
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'send the body as JSON, with the header content-type: application/json';
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return `the body is larger than ${LIMITS.messageBytes} bytes`;
    default:
      return message;
  }
}
