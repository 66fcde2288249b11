import type { Metadata } from '@grpc/grpc-js';
import { SessionServiceService } from '../../generated/conversation/v1/session_service';
import type { Scope } from '../security/authorizer';

/** The full name of the service: `conversation.v1.SessionService`. */
export const SERVICE_NAME = SessionServiceService.createSession.path.split('/')[1] ?? '';

/** A method's name, as the proto writes it. */
export type RpcName = Capitalize<keyof typeof SessionServiceService>;

/** The scope that each method requires. */
export const METHOD_SCOPES: Readonly<Record<RpcName, Scope>> = {
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

export function authorizationOf(metadata: Metadata): string | undefined {
  return metadata.get('authorization')[0]?.toString();
}
