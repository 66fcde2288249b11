import type { FastifyInstance } from 'fastify';
import type { Authorizer } from '../../security/authorizer';
import type { Metrics } from '../../telemetry/metrics';

/** Where orchestrators, load balancers and Prometheus ask; health is open to all, metrics to who may read. */
export function addOperationsRoutes(
  app: FastifyInstance,
  metrics: Metrics,
  authorizer: Authorizer,
  isReady: () => boolean,
): void {
  const schema = { hide: true };
  app.get('/livez', { schema }, () => ({ status: 'ok' }));
  app.get('/readyz', { schema }, (_, reply) =>
    isReady() ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable' }),
  );
  app.get('/metrics', { schema }, async (request, reply) => {
    authorizer.authorize(request.headers.authorization, 'read');
    return reply.header('content-type', metrics.contentType).send(await metrics.text());
  });
}
