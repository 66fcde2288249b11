import { isIP } from 'node:net';
import { credentials, Metadata } from '@grpc/grpc-js';
import {
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthClient,
} from '../../generated/grpc/health/v1/health';
import type { Config } from '../config/settings';
import { StartupError } from '../core/startup-error';

/** How long the answer may take, in milliseconds. */
const ANSWER_MS = 3000;

/** Addresses to listen on that mean every one of the machine. */
const EVERY_ADDRESS = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/**
 * Asks the service that runs with these settings whether it is ready, for container engines that
 * speak no gRPC. @throws StartupError where it is not, or cannot be asked
 */
export async function checkHealth(config: Config): Promise<void> {
  const port = config.healthPort ?? config.grpcPort;
  if (config.healthPort === undefined && config.tlsCert !== undefined)
    throw new StartupError('health cannot be asked for over TLS: set HEALTH_PORT, where it is in plain text');
  if (port === 0)
    throw new StartupError('which port health is on cannot be known: set HEALTH_PORT to other than 0');
  const host = EVERY_ADDRESS.get(config.host) ?? config.host;
  const client = new HealthClient(
    `${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    credentials.createInsecure(),
  );
  try {
    const status = await new Promise<ServingStatus | undefined>((resolve, reject) => {
      const deadline = { deadline: Date.now() + ANSWER_MS };
      client.check({ service: '' }, new Metadata(), deadline, (error, response) => {
        if (error === null) resolve(response.status);
        else reject(new StartupError(`the service does not answer on ${host}:${port}: ${error.details}`));
      });
    });
    if (status !== ServingStatus.SERVING)
      throw new StartupError('the service is not ready: its store does not answer, or it shuts down');
  } finally {
    client.close();
  }
}
