import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { SessionServiceService } from '../../generated/conversation/v1/session_service';
import type { Authorizer } from '../security/authorizer';
import { authorizationOf } from './method-scopes';

type Listener = Parameters<ServerInterceptingCall['start']>[0];

const AUTHENTICATED_PATHS = new Set<string>(Object.values(SessionServiceService).map(({ path }) => path));

/**
 * Rejects unauthenticated calls as soon as their headers arrive. By itself the library first
 * receives the whole request: 4 MiB of memory for each call that never ends it, from anyone.
 */
export function rejectUnauthenticated(authorizer: Authorizer): ServerInterceptor {
  const isUnauthenticated = (metadata: Metadata): boolean => {
    try {
      authorizer.authenticate(authorizationOf(metadata));
      return false;
    } catch {
      // The handler authenticates again, and answers with the error.
      return true;
    }
  };
  return ({ path }, call) =>
    AUTHENTICATED_PATHS.has(path)
      ? new AuthInterceptingCall(call, isUnauthenticated)
      : new ServerInterceptingCall(call);
}

/** Gives the handler of an unauthenticated call an empty message in place of the request. */
class AuthInterceptingCall extends ServerInterceptingCall {
  constructor(
    call: ServerInterceptingCallInterface,
    private readonly isUnauthenticated: (metadata: Metadata) => boolean,
  ) {
    super(call);
  }

  override start(listener: Listener): void {
    let rejected = false;
    super.start({
      onReceiveMetadata: (metadata) => {
        rejected = this.isUnauthenticated(metadata);
        listener.onReceiveMetadata(metadata);
        if (!rejected) return;
        listener.onReceiveMessage(Buffer.alloc(0));
        listener.onReceiveHalfClose();
      },
      onReceiveMessage: (message) => {
        if (!rejected) listener.onReceiveMessage(message);
      },
      onReceiveHalfClose: () => {
        if (!rejected) listener.onReceiveHalfClose();
      },
      onCancel: () => listener.onCancel(),
    });
  }
}
