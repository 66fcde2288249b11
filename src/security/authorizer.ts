/** What a call does with sessions: it reads them, or it changes them. */
export type Scope = 'read' | 'write';

/** What a caller was let in with. */
export interface Grant {
  /** The caller's name, for the log; undefined where nobody is asked who they are. */
  readonly caller: string | undefined;
  /** Calls the listener when the grant is taken back: what lasts is to end then. */
  onRevoked(listener: () => void): void;
  offRevoked(listener: () => void): void;
}

/** Who may do what. */
export interface Authorizer {
  /**
   * @param authorization the header of this name; undefined where the call has none
   * @throws ConversationError UNAUTHENTICATED, FORBIDDEN
   */
  authorize(authorization: string | undefined, scope: Scope): Grant;
}

const PERMANENT: Grant = {
  caller: undefined,
  onRevoked: () => undefined,
  offRevoked: () => undefined,
};

/** Where no token is asked for: everybody may do everything. */
export const ALLOW_ALL: Authorizer = { authorize: () => PERMANENT };
