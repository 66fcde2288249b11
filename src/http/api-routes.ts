import type { FastifyInstance } from 'fastify';
import type { Interceptor } from '../calls/call';
import { untilDeadline } from '../calls/deadline';
import { RequestContext } from '../core/request-context';
import { recordOf } from './call-record';
import { throughPipeline } from './http-call';
import { descriptionOf } from './openapi/document';
import { onResponseEnd } from './response-end';
import type { JsonBody } from './json-body';
import type { Route } from './routes/route';
import { sendPlainError } from './status';

/** What the routes of the API share. */
export interface ApiSettings {
  /** Around each request, until its response has closed. */
  readonly pipeline: Interceptor;
  /** How long the server may take from the end of a request's body, in milliseconds. */
  readonly defaultDeadlineMs: number;
}

/** Adds the routes, and 405 for the other methods of their paths. */
export function addApiRoutes(app: FastifyInstance, routes: readonly Route[], settings: ApiSettings): void {
  app.register((api, _, done) => {
    for (const route of routes) addRoute(api, route, settings);
    done();
  });
  for (const path of new Set(routes.map((route) => route.path))) rejectOtherMethods(app, path, routes);
}

function addRoute(app: FastifyInstance, route: Route, { pipeline, defaultDeadlineMs }: ApiSettings): void {
  app.route<{ Params: { readonly sessionId?: string }; Body: JsonBody | undefined }>({
    method: route.method,
    url: route.path,
    schema: descriptionOf(route.name),
    onRequest: throughPipeline(pipeline, route.scope),
    handler: async (request, reply) => {
      const context = new RequestContext(Date.now() + defaultDeadlineMs);
      onResponseEnd(request, reply, () => {
        if (!reply.raw.writableFinished) context.cancel();
      });
      const { sessionId = '' } = request.params;
      const input = { sessionId, query: request.query, body: request.body };
      const { statusCode, body } = await recordOf(request).run(() =>
        untilDeadline(context, () => route.handle(input, context)),
      );
      return reply.code(statusCode).send(body);
    },
  });
}

function rejectOtherMethods(app: FastifyInstance, path: string, routes: readonly Route[]): void {
  const allowed: string[] = routes.filter((route) => route.path === path).map(({ method }) => method);
  if (allowed.includes('GET')) allowed.push('HEAD');
  app.route({
    method: app.supportedMethods.filter((method) => !allowed.includes(method)),
    url: path,
    schema: { hide: true },
    handler: (request, reply) =>
      sendPlainError(
        reply.header('allow', allowed.join(', ')),
        405,
        `${path} accepts ${allowed.join(' and ')}, not ${request.method}`,
      ),
  });
}
