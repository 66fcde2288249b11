/** Whether a call only reads sessions or may change them. */
export type Scope = 'read' | 'write';

/** The permission that an authorized call has. */
export interface Grant {
  /** The caller's name, for the log; undefined without authentication, or if the token has no name. */
  readonly caller: string | undefined;
  /** Calls the listener when the grant is revoked: streams must end then. */
  onRevoked(listener: () => void): void;
  offRevoked(listener: () => void): void;
}

/** Decides whether a call is allowed. */
export interface Authorizer {
  /**
   * @param authorization the call's header of this name; undefined if it has none
   * @throws ConversationError UNAUTHENTICATED, FORBIDDEN
   */
  authorize(authorization: string | undefined, scope: Scope): Grant;
}

const PERMANENT: Grant = {
  caller: undefined,
  onRevoked: () => undefined,
  offRevoked: () => undefined,
};

/** Allows every call, where no tokens are configured. */
export const ALLOW_ALL: Authorizer = { authorize: () => PERMANENT };
