import { limitTimeout } from '../../src/grpc/long-timeouts';

test.each([
  ...['1H', '596H', '35791M', '2147483S', '99999999m', '99999999u', '99999999n', '0H', '1S', '10000m'],
  // Not as the protocol has them: for the library to reject.
  ...['', 'H', '123456789H', '1H,2H', '-1H', '600h', '1 week'],
])('the timeout %j stays as it is', (timeout) => {
  const headers = { 'grpc-timeout': timeout };
  limitTimeout(headers);
  expect(headers).toEqual({ 'grpc-timeout': timeout });
});

test.each(['597H', '1193H', '1194H', '2400H', '99999999H', '35792M', '99999999M', '2147484S', '99999999S'])(
  'the timeout %j becomes the longest that the library reads',
  (timeout) => {
    const headers = { 'grpc-timeout': timeout, other: 'x' };
    limitTimeout(headers);
    expect(headers).toEqual({ 'grpc-timeout': '2147483S', other: 'x' });
    expect(2_147_483 * 1000).toBeLessThan(2 ** 31);
  },
);

test('a call without a timeout gets none', () => {
  const headers = {};
  limitTimeout(headers);
  expect(headers).toEqual({});
});
