import { fuzzApi } from '../support/python-tools';
import { endServices, startService, temporaryFolder } from '../support/service-process';

afterEach(endServices);

test('the HTTP API conforms to its OpenAPI description under fuzzing', async () => {
  const { service, url } = await startService();
  const options = [
    ...['--seed', '1', '--max-examples', '200', '--continue-on-failure'],
    // A schema cannot express limits in bytes. The library requires a body for QUERY before it rejects the method.
    ...['--exclude-checks', 'positive_data_acceptance,unsupported_method'],
  ];
  await fuzzApi(`${url}/openapi.json`, options, temporaryFolder());
  expect(service.log.filter(({ level }) => level === 50)).toEqual([]);
}, 240_000);
