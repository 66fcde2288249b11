import { status as Code } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '../../generated/google/rpc/error_details';
import { Status } from '../../generated/google/rpc/status';
import {
  cancelled,
  ConversationError,
  deadlineExceeded,
  internalError,
  invalidRequest,
  overloaded,
  sequenceMismatch,
  sessionNotFound,
  shuttingDown,
  storageFull,
  storeUnavailable,
  type Violation,
} from '../../src/core/errors';
import { type CallStatus, toCallStatus, toStatusMessage } from '../../src/grpc/status';

/** The status's details, as a client decodes them. */
function detailsOf({ metadata }: CallStatus): {
  status: Status;
  info: ErrorInfo | undefined;
  violations: { field: string; description: string }[] | undefined;
  retry: RetryInfo | undefined;
} {
  const [trailer] = metadata.get('grpc-status-details-bin');
  if (!(trailer instanceof Uint8Array)) throw new Error('the status has no details');
  const status = Status.decode(trailer);
  const find = (type: string): Uint8Array | undefined =>
    status.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${type}`)?.value;
  const [info, request, retry] = [find('ErrorInfo'), find('BadRequest'), find('RetryInfo')];
  return {
    status,
    info: info && ErrorInfo.decode(info),
    violations:
      request &&
      BadRequest.decode(request).fieldViolations.map(({ field, description }) => ({ field, description })),
    retry: retry && RetryInfo.decode(retry),
  };
}

/** The size of the trailers on the wire in bytes, with the message percent-encoded and the details in base64. */
function trailerBytes({ details, metadata, code }: CallStatus): number {
  const headers = { ...metadata.toHttp2Headers(), 'grpc-message': encodeURI(details), 'grpc-status': code };
  // HTTP/2 counts 32 bytes per header in addition to its name and value.
  return Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + String(value).length + 32,
    0,
  );
}

const violations = (count: number, field: string, description: string): Violation[] =>
  Array.from({ length: count }, (_, index) => ({ field: `${field}[${index}]`, description }));

test.each([
  { error: invalidRequest([{ field: 'a', description: 'b' }]), code: Code.INVALID_ARGUMENT },
  { error: sessionNotFound('one'), code: Code.NOT_FOUND },
  { error: storageFull(), code: Code.RESOURCE_EXHAUSTED },
  { error: storeUnavailable(), code: Code.UNAVAILABLE },
  { error: shuttingDown(), code: Code.UNAVAILABLE },
  { error: deadlineExceeded(), code: Code.DEADLINE_EXCEEDED },
  { error: cancelled(), code: Code.CANCELLED },
  { error: internalError(new Error('secret')), code: Code.INTERNAL },
])('$error.reason has its gRPC code, and its reason in ErrorInfo', ({ error, code }) => {
  const status = toCallStatus(error);
  const { status: inner, info } = detailsOf(status);
  expect(status).toMatchObject({ code, details: error.message });
  expect(inner).toMatchObject({ code, message: error.message });
  expect(info).toEqual({ domain: 'conversation.v1', reason: error.reason, metadata: error.metadata });
});

test('the cause of an internal error stays out of the reply', () => {
  const status = toCallStatus(internalError(new Error('secret')));
  expect(status.details).toBe('internal error');
  expect(Buffer.from(Status.encode(detailsOf(status).status).finish()).includes('secret')).toBe(false);
});

test.each([
  { ms: 1000, seconds: 1, nanos: 0 },
  { ms: 250, seconds: 0, nanos: 250_000_000 },
  { ms: 61_001, seconds: 61, nanos: 1_000_000 },
])('RetryInfo contains a delay of $ms ms', ({ ms, seconds, nanos }) => {
  const { retry } = detailsOf(
    toCallStatus(new ConversationError('STORE_UNAVAILABLE', 'x', { retryAfterMs: ms })),
  );
  expect(retry).toEqual({ retryDelay: { seconds, nanos } });
});

test.each([
  { error: overloaded(), minimum: 500, maximum: 750 },
  { error: storeUnavailable(), minimum: 1000, maximum: 1500 },
  { error: shuttingDown(), minimum: 100, maximum: 150 },
  { error: storageFull(), minimum: -1, maximum: -1 },
  { error: sequenceMismatch(1, 2), minimum: -1, maximum: -1 },
])('the pushback trailer of $error.reason says when to retry, or not to', ({ error, minimum, maximum }) => {
  const pushbacks = Array.from({ length: 50 }, () =>
    toCallStatus(error).metadata.get('grpc-retry-pushback-ms').map(Number),
  );
  for (const values of pushbacks) {
    expect(values).toHaveLength(1);
    expect(Number.isInteger(values[0])).toBe(true);
    expect(values[0]).toBeGreaterThanOrEqual(minimum);
    expect(values[0]).toBeLessThanOrEqual(maximum);
  }
});

test.each([deadlineExceeded(), internalError(new Error('secret')), sessionNotFound('one')])(
  '$reason has no pushback trailer',
  (error) => {
    expect(toCallStatus(error).metadata.get('grpc-retry-pushback-ms')).toEqual([]);
  },
);

test('errors that a retry cannot fix have no RetryInfo, and only INVALID_REQUEST has a BadRequest', () => {
  const found = detailsOf(toCallStatus(sessionNotFound('one')));
  expect(found).toMatchObject({ retry: undefined, violations: undefined });
});

test('of 25 violations the first 20 are listed, and the message counts the others', () => {
  const status = toCallStatus(invalidRequest(violations(25, 'f', 'is bad')));
  expect(detailsOf(status).violations).toEqual(violations(20, 'f', 'is bad'));
  expect(status.details).toMatch(
    /^invalid request \(the first 20 of 25 violations, 5 more\): f\[0\] is bad; .*f\[19\] is bad$/,
  );
});

test('a violation without a field is reported by its description alone', () => {
  const status = toCallStatus(invalidRequest([{ field: '', description: 'the bytes do not decode' }]));
  expect(status.details).toBe('invalid request: the bytes do not decode');
  expect(detailsOf(status).violations).toEqual([{ field: '', description: 'the bytes do not decode' }]);
});

test.each([
  { name: 'ASCII', text: 'x'.repeat(1000) },
  { name: 'characters of two bytes', text: 'é'.repeat(500) },
  { name: 'characters of four bytes', text: '\u{1f4de}'.repeat(400) },
  { name: 'unpaired surrogates', text: '\ud83d'.repeat(400) },
  { name: 'percent signs and line breaks', text: '%\n'.repeat(500) },
])('violations in $name are truncated to what every client accepts', ({ text }) => {
  for (const count of [1, 5, 25, 1000]) {
    const status = toCallStatus(invalidRequest(violations(count, 'events', text)));
    expect(Buffer.byteLength(status.details)).toBeLessThanOrEqual(1000);
    expect(status.details.isWellFormed()).toBe(true);
    expect(trailerBytes(status)).toBeLessThanOrEqual(8192);
    const { status: inner, info, violations: listed } = detailsOf(status);
    expect(inner.message).toBe(status.details);
    expect(info?.reason).toBe('INVALID_REQUEST');
    expect(listed?.map(({ field }) => field)).toEqual(
      violations(Math.min(count, 20), 'events', '').map(({ field }) => field),
    );
  }
});

test.each([200_000, 4_000_000])('a violation of %d bytes is shortened, not dropped', (bytes) => {
  const error = invalidRequest([
    { field: 'update_mask', description: `must name x; got ${'p'.repeat(bytes)}` },
  ]);
  const status = toCallStatus(error);
  expect(trailerBytes(status)).toBeLessThanOrEqual(8192);
  const [violation, ...others] = detailsOf(status).violations ?? [];
  expect(violation?.field).toBe('update_mask');
  expect(violation?.description).toMatch(/^must name x; got p{100,}…$/);
  expect(others).toEqual([]);
  expect(Status.decode(Status.encode(toStatusMessage(error)).finish())).toEqual(detailsOf(status).status);
});

test('an unpaired surrogate in an ID becomes U+FFFD', () => {
  const status = toCallStatus(sessionNotFound('a\ud800b'));
  expect(status.details).toBe('Session with ID a\ufffdb not found');
  expect(detailsOf(status).info?.metadata).toEqual({ session_id: 'a\ufffdb' });
});

test('the longest IDs are not truncated', () => {
  const status = toCallStatus(sessionNotFound('\u{1f4de}'.repeat(64)));
  expect(status.details).toBe(`Session with ID ${'\u{1f4de}'.repeat(64)} not found`);
  expect(trailerBytes(status)).toBeLessThanOrEqual(8192);
});
