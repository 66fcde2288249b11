import type { Metadata } from '@grpc/grpc-js';
import type { SessionServiceService } from '../../generated/conversation/v1/session_service';
import type { Authorizer, Grant, Scope } from '../security/authorizer';

/** A method's name, as the proto writes it. */
export type RpcName = Capitalize<keyof typeof SessionServiceService>;

/** What each method needs. */
const SCOPES: Readonly<Record<RpcName, Scope>> = {
  CreateSession: 'write',
  GetSession: 'read',
  CompleteSession: 'write',
  AddEvent: 'write',
  BatchAddEvents: 'write',
  IngestEvents: 'write',
  GetEvent: 'read',
  ListEvents: 'read',
  WatchSession: 'read',
  ListSessions: 'read',
  UpdateSession: 'write',
  DeleteSession: 'write',
};

/** Lets the call in by its `authorization` metadata. @throws ConversationError UNAUTHENTICATED, FORBIDDEN */
export function grantFor(rpc: RpcName, metadata: Metadata, authorizer: Authorizer): Grant {
  return authorizer.authorize(authorizationOf(metadata), SCOPES[rpc]);
}

export function authorizationOf(metadata: Metadata): string | undefined {
  return metadata.get('authorization')[0]?.toString();
}
