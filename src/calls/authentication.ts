import { asConversationError, forbidden, tokenRevoked } from '../core/errors';
import type { Authorizer, Grant } from '../security/authorizer';
import type { Call, Interceptor, StreamCall } from './call';

/** Rejects calls whose token is missing, unknown or lacks the call's scope. */
export function authenticate(authorizer: Authorizer): Interceptor {
  return (call, next) => withGrant(call, authorizer, next);
}

/** As `authenticate`, and ends the stream when its token is revoked. */
export function authenticateStream(authorizer: Authorizer): Interceptor<StreamCall> {
  return (call, next) =>
    withGrant(call, authorizer, (grant) => {
      const onRevoked = (): void => call.abort(tokenRevoked());
      grant.onRevoked(onRevoked);
      return next().finally(() => grant.offRevoked(onRevoked));
    });
}

function withGrant<Reply>(
  call: Call,
  authorizer: Authorizer,
  work: (grant: Grant) => Promise<Reply>,
): Promise<Reply> {
  let grant: Grant;
  try {
    grant = grantFor(call, authorizer);
  } catch (error) {
    return Promise.reject(asConversationError(error));
  }
  return work(grant);
}

/** Names the caller in the record before the scope is checked, so that a forbidden call is logged with its caller. */
function grantFor(call: Call, authorizer: Authorizer): Grant {
  const grant = authorizer.authenticate(call.authorization);
  call.record.caller = grant.caller;
  if (!grant.permits(call.scope)) throw forbidden();
  return grant;
}
