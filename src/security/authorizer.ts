/** Whether a call only reads sessions or may change them. */
export type Scope = 'read' | 'write';

/** What a caller's token permits. */
export interface Grant {
  /** The caller's name, for the log; undefined if no token is required. */
  readonly caller: string | undefined;
  permits(scope: Scope): boolean;
  /** Calls the listener when the token is revoked or changed. */
  onRevoked(listener: () => void): void;
  offRevoked(listener: () => void): void;
}

/** Knows who may do what. */
export interface Authorizer {
  /**
   * @param authorization the `authorization` header; undefined if the call has none
   * @throws ConversationError UNAUTHENTICATED
   */
  authenticate(authorization: string | undefined): Grant;
}

const FULL_GRANT: Grant = {
  caller: undefined,
  permits: () => true,
  onRevoked: () => undefined,
  offRevoked: () => undefined,
};

/** For servers that require no token: every caller may do everything. */
export const ALLOW_ALL: Authorizer = { authenticate: () => FULL_GRANT };
