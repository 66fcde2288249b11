import { isIP } from 'node:net';
import { credentials, Metadata } from '@grpc/grpc-js';
import {
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthClient,
} from '../../generated/grpc/health/v1/health';
import type { Config } from '../config/settings';
import { StartupError } from '../core/startup-error';

/** Deadline of the health check, in milliseconds. */
const DEADLINE_MS = 3000;

/** Addresses to connect to for those that listen on every interface. */
const LOOPBACK_FOR = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/**
 * Checks whether the service that runs with these settings is ready, for container engines that cannot
 * probe gRPC. @throws StartupError if the service is not ready or cannot be reached
 */
export async function checkHealth(config: Config): Promise<void> {
  const port = config.healthPort ?? config.grpcPort;
  if (config.healthPort === undefined && config.tlsCert !== undefined)
    throw new StartupError('--check-health does not support TLS: set HEALTH_PORT, which is in plain text');
  if (port === 0)
    throw new StartupError('--check-health needs a fixed port: set HEALTH_PORT to a port other than 0');
  const host = LOOPBACK_FOR.get(config.host) ?? config.host;
  const client = new HealthClient(
    `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    credentials.createInsecure(),
  );
  try {
    const status = await new Promise<ServingStatus | undefined>((resolve, reject) => {
      const deadline = { deadline: Date.now() + DEADLINE_MS };
      client.check({ service: '' }, new Metadata(), deadline, (error, response) => {
        if (error === null) resolve(response.status);
        else reject(new StartupError(`the service does not answer on ${host}:${port}: ${error.details}`));
      });
    });
    if (status !== ServingStatus.SERVING)
      throw new StartupError(
        'the service is not ready: its store does not answer, or the service is shutting down',
      );
  } finally {
    client.close();
  }
  process.stdout.write('the service is ready\n');
}
