import { type ServiceError, status as Code } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from '../../generated/google/rpc/error_details';
import { Status } from '../../generated/google/rpc/status';

export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** The error of a failed call, with the details in `grpc-status-details-bin`. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: Code;
  readonly details: string;
  /** Undefined if the error is the library's own. */
  readonly status: Status | undefined;
  readonly info: ErrorInfo | undefined;
  readonly violations: readonly FieldViolation[] | undefined;
  readonly retry: RetryInfo | undefined;

  constructor(error: ServiceError) {
    super(error.message, { cause: error });
    this.code = error.code;
    this.details = error.details;
    const [trailer] = error.metadata.get('grpc-status-details-bin');
    this.status = trailer instanceof Uint8Array ? Status.decode(trailer) : undefined;
    this.info = this.detail('google.rpc.ErrorInfo', ErrorInfo);
    this.violations = this.detail('google.rpc.BadRequest', BadRequest)?.fieldViolations.map(
      ({ field, description }) => ({ field, description }),
    );
    this.retry = this.detail('google.rpc.RetryInfo', RetryInfo);
  }

  private detail<Message>(type: string, codec: { decode(bytes: Uint8Array): Message }): Message | undefined {
    const found = this.status?.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${type}`);
    return found === undefined ? undefined : codec.decode(found.value);
  }
}

/** Returns the error of a failed call; throws if the call succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<CallError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallError) return error;
    throw error;
  }
  throw new Error('the call succeeded, but should have failed');
}

/** Returns the fields of an INVALID_ARGUMENT in order, after checking the rest of the error. */
export async function invalidFieldsOf(call: Promise<unknown>): Promise<string[]> {
  const error = await failureOf(call);
  expect(error).toMatchObject({
    code: Code.INVALID_ARGUMENT,
    info: { domain: 'conversation.v1', reason: 'INVALID_REQUEST', metadata: {} },
    status: { code: Code.INVALID_ARGUMENT, message: error.details },
  });
  expect(error.details).toMatch(/^invalid request: /);
  expect(Buffer.byteLength(error.details)).toBeLessThanOrEqual(1000);
  return (error.violations ?? []).map(({ field }) => field);
}
