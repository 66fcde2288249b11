import type { EventStore } from '../../core/store';
import { addEvent } from '../../core/use-cases/add-event';
import { Violations } from '../../core/validation/violations';
import { FieldReader } from '../field-reader';
import { toEventBody } from '../response-bodies';
import type { Route } from './route';

export function eventRoutes(events: EventStore): Route[] {
  return [
    {
      name: 'addEvent',
      method: 'POST',
      path: '/sessions/:sessionId/events',
      scope: 'write',
      async handle({ sessionId, body }, context) {
        const violations = new Violations();
        const fields = FieldReader.ofBody(violations, body, ['eventId', 'type', 'payload']);
        const input = {
          sessionId,
          eventId: fields.requiredText('eventId', 'event_id'),
          type: fields.requiredText('type', 'type'),
          payload: fields.optionalObject('payload', 'payload'),
        };
        const { event, duplicate } = await addEvent(events, input, context, '', violations);
        return { statusCode: duplicate ? 200 : 201, body: toEventBody(event) };
      },
    },
  ];
}
