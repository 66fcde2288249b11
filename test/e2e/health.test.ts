import { Client, credentials, status as Code } from '@grpc/grpc-js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../generated/grpc/health/v1/health';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

let client: Client;
describe('The health service', () => {
  beforeAll(async () => {
    const { port } = await startService();
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterAll(async () => {
    client.close();
    await endServices();
  });

  function check(service: string): Promise<Serving> {
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (request: HealthCheckRequest) => Buffer.from(HealthCheckRequest.encode(request).finish()),
        (bytes) => HealthCheckResponse.decode(bytes),
        { service },
        (error, response) => {
          if (error) reject(error);
          else if (response === undefined) reject(new Error('neither error nor response'));
          else resolve(response.status);
        },
      );
    });
  }

  it.each(['', 'conversation.v1.SessionService'])(
    'reports SERVING for %j once the store answers',
    async (service) => {
      const serving = await until('it is SERVING', async () => {
        const status = await check(service);
        return status === Serving.SERVING ? status : undefined;
      });
      expect(serving).toBe(Serving.SERVING);
    },
  );

  it('reports NOT_FOUND for other services', async () => {
    await expect(check('conversation.v2.SessionService')).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });
});
