import type { Store } from '../../core/store';
import { completeSession } from '../../core/use-cases/complete-session';
import { createSession } from '../../core/use-cases/create-session';
import { getSession } from '../../core/use-cases/get-session';
import { Violations } from '../../core/validation/violations';
import { FieldReader } from '../field-reader';
import { toPageBody, toSessionBody } from '../response-bodies';
import type { Route } from './route';

export function sessionRoutes(store: Store): Route[] {
  return [
    {
      name: 'createSession',
      method: 'POST',
      path: '/sessions',
      scope: 'write',
      async handle({ body }, context) {
        const violations = new Violations();
        const fields = FieldReader.ofBody(violations, body, ['sessionId', 'language', 'status', 'metadata']);
        const input = {
          sessionId: fields.requiredText('sessionId', 'session_id'),
          language: fields.requiredText('language', 'language'),
          status: fields.optionalText('status', 'status'),
          metadata: fields.optionalObject('metadata', 'metadata'),
        };
        const { session, created } = await createSession(store.sessions, input, context, violations);
        return { statusCode: created ? 201 : 200, body: toSessionBody(session) };
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
        const input = { sessionId, offset: fields.number('offset'), limit: fields.number('limit') };
        return {
          statusCode: 200,
          body: toPageBody(await getSession(store.events, input, context, violations)),
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
        const fields = FieldReader.ofBody(violations, body, ['status', 'endReason']);
        const input = {
          sessionId,
          status: fields.optionalText('status', 'status'),
          endReason: fields.optionalText('endReason', 'end_reason') ?? '',
        };
        const { session } = await completeSession(store.sessions, input, context, violations);
        return { statusCode: 200, body: toSessionBody(session) };
      },
    },
  ];
}
