import type { ConversationError } from '../core/errors';
import type { Scope } from '../security/authorizer';

/** One call, whatever carries it: what the interceptors need to know of it. */
export interface Call {
  /** What the caller must be permitted to do. */
  readonly scope: Scope;
  /** The `authorization` header; undefined if the call has none. */
  readonly authorization: string | undefined;
  /** Bytes of the request that the server holds until the call's work ends. */
  readonly requestBytes: number;
  readonly record: {
    /** The name that the caller's token has; undefined if it is not known. */
    caller: string | undefined;
  };
}

/** A call that lasts: a stream, in either direction. */
export interface StreamCall extends Call {
  /** Answers what has been accepted, then ends the stream with this error. */
  abort(reason: ConversationError): void;
}

/** Wraps the work of a call: runs `next`, or rejects without it. */
export type Interceptor<Kind extends Call = Call> = <Reply>(
  call: Kind,
  next: () => Promise<Reply>,
) => Promise<Reply>;

/** One interceptor from several; the first is the outermost. */
export function compose<Kind extends Call>(...interceptors: readonly Interceptor<Kind>[]): Interceptor<Kind> {
  return interceptors.reduceRight<Interceptor<Kind>>(
    (inner, outer) => (call, next) => outer(call, () => inner(call, next)),
    (_, next) => next(),
  );
}
