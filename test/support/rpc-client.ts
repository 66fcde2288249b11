import {
  type CallOptions,
  type ChannelCredentials,
  type ClientUnaryCall,
  credentials,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { type Session, SessionStatus } from '../../generated/conversation/v1/session';
import {
  type AddEventRequest,
  type AddEventResponse,
  type BatchAddEventsRequest,
  type BatchAddEventsResponse,
  type CompleteSessionRequest,
  type CompleteSessionResponse,
  type CreateSessionRequest,
  type CreateSessionResponse,
  type GetSessionRequest,
  type GetSessionResponse,
  type DeleteSessionResponse,
  type GetEventRequest,
  type GetEventResponse,
  type ListEventsRequest,
  type ListEventsResponse,
  type ListSessionsRequest,
  type ListSessionsResponse,
  type NewEvent,
  SessionServiceClient,
  SessionServiceService,
  type UpdateSessionResponse,
  type WatchSessionRequest,
} from '../../generated/conversation/v1/session_service';
import { CallError } from './call-error';
import { IngestStream } from './ingest-stream';
import { WatchStream } from './watch-stream';

/** The options of a call. */
export interface RpcOptions {
  /** In milliseconds since the epoch. */
  readonly deadline?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** How a client authenticates. */
export interface Caller {
  /** Undefined: no TLS. */
  readonly credentials?: ChannelCredentials | undefined;
  /** The `authorization` header of every call; undefined: none. */
  readonly authorization?: string | undefined;
}

type Callback<Response> = (error: ServiceError | null, response: Response | undefined) => void;
/** An event of a batch; type and payload are optional. */
export type BatchedEvent = Partial<NewEvent> & Pick<NewEvent, 'eventId'>;
type Batch = Pick<BatchAddEventsRequest, 'sessionId'> & { readonly events: readonly BatchedEvent[] };
type Request<Whole extends { sessionId: string }> = Partial<Whole> & Pick<Whole, 'sessionId'>;

/** The generated client with promises instead of callbacks, default values for missing fields, and decoded errors. */
export class RpcClient {
  private readonly client: SessionServiceClient;

  constructor(port: number, caller: Caller = {}) {
    this.client = new SessionServiceClient(
      `127.0.0.1:${port}`,
      caller.credentials ?? credentials.createInsecure(),
      {
        // Otherwise clients of the same address share a connection.
        'grpc.use_local_subchannel_pool': 1,
        interceptors: caller.authorization === undefined ? [] : [sendingAuthorization(caller.authorization)],
      },
    );
  }

  createSession(
    request: Request<CreateSessionRequest>,
    options: RpcOptions = {},
  ): Promise<CreateSessionResponse> {
    const whole = {
      language: 'en-US',
      status: SessionStatus.SESSION_STATUS_UNSPECIFIED,
      metadata: undefined,
      ...request,
    };
    return promised(options, (callOptions, callback) =>
      this.client.createSession(whole, new Metadata(), callOptions, callback),
    );
  }

  getSession(request: Request<GetSessionRequest>, options: RpcOptions = {}): Promise<GetSessionResponse> {
    const whole = { offset: 0, limit: 0, ...request };
    return promised(options, (callOptions, callback) =>
      this.client.getSession(whole, new Metadata(), callOptions, callback),
    );
  }

  completeSession(
    request: Request<CompleteSessionRequest>,
    options: RpcOptions = {},
  ): Promise<CompleteSessionResponse> {
    const whole = { status: SessionStatus.SESSION_STATUS_UNSPECIFIED, endReason: '', ...request };
    return promised(options, (callOptions, callback) =>
      this.client.completeSession(whole, new Metadata(), callOptions, callback),
    );
  }

  addEvent(
    request: Request<AddEventRequest> & Pick<AddEventRequest, 'eventId'>,
    options: RpcOptions = {},
  ): Promise<AddEventResponse> {
    const whole = { type: 'transcript', payload: undefined, ...request };
    return promised(options, (callOptions, callback) =>
      this.client.addEvent(whole, new Metadata(), callOptions, callback),
    );
  }

  batchAddEvents({ sessionId, events }: Batch, options: RpcOptions = {}): Promise<BatchAddEventsResponse> {
    const whole = events.map((event) => ({ type: 'transcript', payload: undefined, ...event }));
    return promised(options, (callOptions, callback) =>
      this.client.batchAddEvents({ sessionId, events: whole }, new Metadata(), callOptions, callback),
    );
  }

  getEvent(request: GetEventRequest, options: RpcOptions = {}): Promise<GetEventResponse> {
    return promised(options, (callOptions, callback) =>
      this.client.getEvent(request, new Metadata(), callOptions, callback),
    );
  }

  listEvents(request: Request<ListEventsRequest>, options: RpcOptions = {}): Promise<ListEventsResponse> {
    const whole = {
      ...{ pageSize: 0, pageToken: '', newestFirst: false, afterSequence: 0, types: [] },
      ...{ startTime: undefined, endTime: undefined },
      ...request,
    };
    return promised(options, (callOptions, callback) =>
      this.client.listEvents(whole, new Metadata(), callOptions, callback),
    );
  }

  listSessions(
    request: Partial<ListSessionsRequest> = {},
    options: RpcOptions = {},
  ): Promise<ListSessionsResponse> {
    const whole = {
      ...{ pageSize: 0, pageToken: '', status: SessionStatus.SESSION_STATUS_UNSPECIFIED, language: '' },
      ...{ startedAfter: undefined, startedBefore: undefined },
      ...request,
    };
    return promised(options, (callOptions, callback) =>
      this.client.listSessions(whole, new Metadata(), callOptions, callback),
    );
  }

  /** @param updateMask undefined: the populated fields are updated */
  updateSession(
    session: Request<Session>,
    updateMask?: string[],
    options: RpcOptions = {},
  ): Promise<UpdateSessionResponse> {
    const whole = {
      ...{ status: SessionStatus.SESSION_STATUS_UNSPECIFIED, language: '', metadata: undefined },
      ...{ startedAt: undefined, endedAt: undefined, expiresAt: undefined, eventCount: 0, endReason: '' },
      ...session,
    };
    return promised(options, (callOptions, callback) =>
      this.client.updateSession({ session: whole, updateMask }, new Metadata(), callOptions, callback),
    );
  }

  deleteSession(sessionId: string, options: RpcOptions = {}): Promise<DeleteSessionResponse> {
    return promised(options, (callOptions, callback) =>
      this.client.deleteSession({ sessionId }, new Metadata(), callOptions, callback),
    );
  }

  watchSession(request: Request<WatchSessionRequest>, deadlineMs = 60_000): WatchStream {
    const whole = { afterSequence: 0, ...request };
    return new WatchStream(this.client.watchSession(whole, { deadline: Date.now() + deadlineMs }));
  }

  /** Opens a new stream. */
  ingestEvents(deadlineMs = 60_000): IngestStream {
    const asIs = (message: Buffer): Buffer => message;
    const { path } = SessionServiceService.ingestEvents;
    const deadline = Date.now() + deadlineMs;
    return new IngestStream(
      this.client.makeBidiStreamRequest(path, asIs, asIs, new Metadata(), { deadline }),
    );
  }

  /** Calls a method with an encoded request, and returns the encoded reply. */
  sendBytes(path: string, bytes: Uint8Array): Promise<Buffer> {
    return promised({}, (callOptions, callback: Callback<Buffer>) =>
      this.client.makeUnaryRequest(
        path,
        (message: Buffer) => message,
        (message: Buffer) => message,
        Buffer.from(bytes),
        new Metadata(),
        callOptions,
        callback,
      ),
    );
  }

  close(): void {
    this.client.close();
  }
}

function sendingAuthorization(authorization: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', authorization);
        next(metadata, listener);
      },
    });
}

function promised<Response>(
  { deadline = Date.now() + 20_000, signal }: RpcOptions,
  start: (options: CallOptions, callback: Callback<Response>) => ClientUnaryCall,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = start({ deadline }, (error, response) => {
      if (error !== null) reject(new CallError(error));
      else if (response === undefined) reject(new Error('the call ended without a reply'));
      else resolve(response);
    });
    signal?.addEventListener('abort', () => call.cancel());
  });
}
