import type { AddressInfo } from 'node:net';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { admission } from '../calls/admission';
import { authenticate } from '../calls/authentication';
import { compose } from '../calls/call';
import type { InFlightBudget } from '../calls/in-flight-budget';
import { Shutdown } from '../calls/shutdown';
import { asConversationError, ConversationError } from '../core/errors';
import { LIMITS } from '../core/limits';
import type { Store } from '../core/store';
import { withTimeout } from '../core/with-timeout';
import type { Authorizer } from '../security/authorizer';
import type { Telemetry } from '../telemetry/telemetry';
import { addApiRoutes } from './api-routes';
import { beginRecord, recordOf } from './call-record';
import { handleClientError } from './client-error';
import { parseJsonBody } from './json-body';
import { createNodeServer, HEADER_BYTES, type NodeServerSettings } from './node-server';
import { addApiDescription } from './openapi/document';
import { eventRoutes } from './routes/events';
import { addOperationsRoutes } from './routes/operations';
import { sessionRoutes } from './routes/sessions';
import { sendPlainError, toErrorReply } from './status';

export interface HttpSettings extends NodeServerSettings {
  /** Applies to the API and the metrics; health and the API's description need no token. */
  readonly authorizer: Authorizer;
  /** How long the server may take from the end of a request's body, in milliseconds. */
  readonly defaultDeadlineMs: number;
}

/** The HTTP server: the JSON API over the same core as gRPC, and the routes for operations. */
export class HttpServer {
  private readonly app: FastifyInstance;
  private readonly shutdown = new Shutdown();
  private ready = false;

  constructor(
    store: Store,
    private readonly settings: HttpSettings,
    budget: InFlightBudget,
    telemetry: Telemetry,
  ) {
    const { authorizer, defaultDeadlineMs } = settings;
    this.app = createApp(settings, telemetry);
    this.app.addHook('onRequest', (request, reply, done) => {
      beginRecord(request, reply, telemetry);
      done();
    });
    addApiDescription(this.app);
    const isReady = (): boolean => this.ready && !this.shutdown.hasBegun;
    addOperationsRoutes(this.app, telemetry.metrics, authorizer, isReady);
    const pipeline = compose(authenticate(authorizer), this.shutdown.refuse, admission(budget));
    const routes = [...sessionRoutes(store), ...eventRoutes(store.events)];
    addApiRoutes(this.app, routes, { pipeline, defaultDeadlineMs });
  }

  /** Starts to listen, and returns the port. */
  async listen(): Promise<number> {
    const { host, port } = this.settings;
    await this.app.ready();
    await this.app.listen({ host, port });
    return (this.app.server.address() as AddressInfo).port;
  }

  /** Sets the answer of `/readyz`. */
  setReady(ready: boolean): void {
    this.ready = ready;
  }

  /** Accepts no new connection, waits for open requests up to the grace period, then closes. */
  async close(graceMs: number): Promise<void> {
    this.shutdown.begin();
    const closed = this.app.close();
    await withTimeout(graceMs, closed, () => undefined);
    this.app.server.closeAllConnections();
    await closed;
  }
}

function createApp(settings: HttpSettings, telemetry: Telemetry): FastifyInstance {
  const app = Fastify({
    bodyLimit: LIMITS.messageBytes,
    serverFactory: (handler) => createNodeServer(handler, settings, telemetry),
    routerOptions: { maxParamLength: HEADER_BYTES },
    // The pipeline rejects requests on connections that stay open during a shutdown.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, _, reply) => void sendPlainError(reply, error.statusCode ?? 400, error.message),
    clientErrorHandler: handleClientError,
  });
  // The core validates; the schemas of the routes only describe them.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_: FastifyRequest, bytes: Buffer) =>
    Promise.resolve(parseJsonBody(bytes)),
  );
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) =>
    sendPlainError(reply, 404, `no route ${request.method} ${request.url}; see /docs for the API`),
  );
  return app;
}

function sendError(
  error: FastifyError | ConversationError,
  request: FastifyRequest,
  reply: FastifyReply,
): unknown {
  if (!(error instanceof ConversationError) && error.statusCode !== undefined && error.statusCode < 500)
    return sendPlainError(reply, error.statusCode, hintFor(error));
  const failure = asConversationError(error);
  recordOf(request).failure = failure;
  const { body, headers } = toErrorReply(failure);
  return reply.code(body.statusCode).headers(headers).send(body);
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
