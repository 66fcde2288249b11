import { fuzzByDescription } from '../support/python-tools';
import { endServices, startService, temporaryFolder } from '../support/service-process';

afterEach(endServices);

test('the HTTP face answers a fuzzer by the description that it gives of itself', async () => {
  const { service, url } = await startService();
  const options = [
    ...['--seed', '1', '--max-examples', '200', '--continue-on-failure'],
    // A schema cannot tell limits in bytes. Of the method QUERY the library wants a body before it is refused.
    ...['--exclude-checks', 'positive_data_acceptance,unsupported_method'],
  ];
  await fuzzByDescription(`${url}/openapi.json`, options, temporaryFolder());
  expect(service.log.filter(({ level }) => level === 50)).toEqual([]);
}, 240_000);
