import { type ChannelCredentials, Client, credentials } from '@grpc/grpc-js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  type HealthCheckResponse_ServingStatus as Serving,
} from '../../generated/grpc/health/v1/health';

/** Checks a service with the gRPC health service of a port, on a new connection. @throws ServiceError */
export function checkHealth(
  port: number,
  service: string,
  caller: ChannelCredentials = credentials.createInsecure(),
): Promise<Serving> {
  const client = new Client(`127.0.0.1:${port}`, caller, { 'grpc.use_local_subchannel_pool': 1 });
  return new Promise<Serving>((resolve, reject) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (request: HealthCheckRequest) => Buffer.from(HealthCheckRequest.encode(request).finish()),
      (bytes) => HealthCheckResponse.decode(bytes),
      { service },
      { deadline: Date.now() + 10_000 },
      (error, response) => {
        if (error !== null) reject(error);
        else if (response === undefined) reject(new Error('neither error nor response'));
        else resolve(response.status);
      },
    );
  }).finally(() => client.close());
}
