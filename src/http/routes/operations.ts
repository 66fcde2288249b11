import type { FastifyInstance } from 'fastify';
import { authenticate } from '../../calls/authentication';
import type { Authorizer } from '../../security/authorizer';
import type { Metrics } from '../../telemetry/metrics';
import { throughPipeline } from '../http-call';

/** Routes for orchestrators, load balancers and Prometheus. Health needs no token; metrics need one that may read. */
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
  const onRequest = throughPipeline(authenticate(authorizer), 'read');
  app.get('/metrics', { schema, onRequest }, async (_, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.text()),
  );
}
