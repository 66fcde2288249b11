import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../telemetry/metrics';

/** Where orchestrators, load balancers and Prometheus ask. */
export function addOperationsRoutes(app: FastifyInstance, metrics: Metrics, isReady: () => boolean): void {
  const schema = { hide: true };
  app.get('/livez', { schema }, () => ({ status: 'ok' }));
  app.get('/readyz', { schema }, (_, reply) =>
    isReady() ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable' }),
  );
  app.get('/metrics', { schema }, async (_, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.text()),
  );
}
