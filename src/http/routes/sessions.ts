import type { Scope } from '../../security/authorizer';
import type { RequestContext } from '../../core/request-context';
import type { Store } from '../../core/store';
import { addEvent } from '../../core/use-cases/add-event';
import { completeSession } from '../../core/use-cases/complete-session';
import { createSession } from '../../core/use-cases/create-session';
import { getSession } from '../../core/use-cases/get-session';
import { Violations } from '../../core/validation/violations';
import { toEventBody, toPageBody, toSessionBody } from '../response-bodies';
import { FieldReader } from '../field-reader';

/** A request, parsed and not yet checked. */
export interface SessionRequest {
  /** Of the path; empty where it has none. */
  readonly sessionId: string;
  readonly query: unknown;
  readonly body: unknown;
}

export interface SessionReply {
  readonly statusCode: 200 | 201;
  readonly body: object;
}

export type SessionRouteName = 'createSession' | 'addEvent' | 'getSession' | 'completeSession';

export interface SessionRoute {
  readonly name: SessionRouteName;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** What a caller's token must permit. */
  readonly scope: Scope;
  handle(request: SessionRequest, context: RequestContext): Promise<SessionReply>;
}

/** The routes, thin: JSON to a use case, and its result to JSON. */
export function sessionRoutes(store: Store): SessionRoute[] {
  return [
    {
      name: 'createSession',
      method: 'POST',
      path: '/sessions',
      scope: 'write',
      async handle({ body }, context) {
        const violations = new Violations();
        const fields = new FieldReader(violations, body, ['sessionId', 'language', 'status', 'metadata']);
        const wanted = {
          sessionId: fields.requiredText('sessionId', 'session_id'),
          language: fields.requiredText('language', 'language'),
          status: fields.optionalText('status', 'status'),
          metadata: fields.optionalObject('metadata', 'metadata'),
        };
        const { session, created } = await createSession(store.sessions, wanted, context, violations);
        return { statusCode: created ? 201 : 200, body: toSessionBody(session) };
      },
    },

    {
      name: 'addEvent',
      method: 'POST',
      path: '/sessions/:sessionId/events',
      scope: 'write',
      async handle({ sessionId, body }, context) {
        const violations = new Violations();
        const fields = new FieldReader(violations, body, ['eventId', 'type', 'payload']);
        const wanted = {
          sessionId,
          eventId: fields.requiredText('eventId', 'event_id'),
          type: fields.requiredText('type', 'type'),
          payload: fields.optionalObject('payload', 'payload'),
        };
        const { event, duplicate } = await addEvent(store.events, wanted, context, '', violations);
        return { statusCode: duplicate ? 200 : 201, body: toEventBody(event) };
      },
    },

    {
      name: 'getSession',
      method: 'GET',
      path: '/sessions/:sessionId',
      scope: 'read',
      async handle({ sessionId, query }, context) {
        const violations = new Violations();
        const fields = new FieldReader(violations, query, ['offset', 'limit']);
        const wanted = { sessionId, offset: fields.number('offset'), limit: fields.number('limit') };
        return {
          statusCode: 200,
          body: toPageBody(await getSession(store.events, wanted, context, violations)),
        };
      },
    },

    {
      name: 'completeSession',
      method: 'POST',
      path: '/sessions/:sessionId/complete',
      scope: 'write',
      async handle({ sessionId, body }, context) {
        const violations = new Violations();
        const fields = new FieldReader(violations, body, ['status', 'endReason']);
        const wanted = {
          sessionId,
          status: fields.optionalText('status', 'status'),
          endReason: fields.optionalText('endReason', 'end_reason') ?? '',
        };
        const { session } = await completeSession(store.sessions, wanted, context, violations);
        return { statusCode: 200, body: toSessionBody(session) };
      },
    },
  ];
}
