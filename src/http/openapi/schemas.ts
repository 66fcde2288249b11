import { LIMITS } from '../../core/limits';

// The rules that a schema can express; the core has all of them, in bytes.
const NO_CONTROL_CHARACTERS = '^[^\\u0000-\\u001f\\u007f-\\u009f]+$';

export const ID = {
  type: 'string',
  minLength: 1,
  maxLength: LIMITS.idBytes,
  pattern: NO_CONTROL_CHARACTERS,
  description: `1 to ${LIMITS.idBytes} bytes of UTF-8, no control characters.`,
};
export const LANGUAGE = {
  type: 'string',
  maxLength: LIMITS.languageBytes,
  pattern: '^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$',
  description: 'A well-formed language tag (RFC 5646), stored as given.',
};
export const METADATA = {
  type: 'object',
  additionalProperties: true,
  description: `Any JSON object of at most ${LIMITS.metadataBytes} bytes in the protobuf encoding and ${LIMITS.structLevels} levels, without U+0000 in keys. Numbers are doubles: a whole number that a double cannot hold is invalid. Absent means {}.`,
};
export const PAYLOAD = {
  type: 'object',
  additionalProperties: true,
  description: `Any JSON object of at most ${LIMITS.payloadBytes} bytes in the protobuf encoding and ${LIMITS.structLevels} levels, without U+0000 in keys. Numbers are doubles: a whole number that a double cannot hold is invalid. Absent means {}.`,
};
export const TYPE = {
  type: 'string',
  minLength: 1,
  maxLength: LIMITS.typeBytes,
  pattern: NO_CONTROL_CHARACTERS,
  description: `1 to ${LIMITS.typeBytes} bytes, no control characters; any string, such as user_speech or barge_in.`,
};
const ROW_ID = {
  type: 'string',
  pattern: '^[0-9a-f]{24}$',
  description: 'Generated when the row is created.',
};
const TIME = { type: 'string', format: 'date-time', description: 'ISO 8601 with milliseconds.' };

export const SESSION = {
  type: 'object',
  required: ['_id', 'sessionId', 'status', 'language', 'startedAt', 'endedAt', 'metadata'],
  properties: {
    _id: ROW_ID,
    sessionId: ID,
    status: { type: 'string', enum: ['initiated', 'active', 'completed', 'failed'] },
    language: LANGUAGE,
    startedAt: TIME,
    endedAt: {
      type: ['string', 'null'],
      format: 'date-time',
      description: 'null until the session has ended.',
    },
    metadata: METADATA,
  },
  examples: [
    {
      _id: '6742e5f0a1b2c3d4e5f60718',
      sessionId: 'session-1',
      status: 'active',
      language: 'en-US',
      startedAt: '2026-11-23T09:30:00.123Z',
      endedAt: null,
      metadata: { channel: 'phone' },
    },
  ],
};

export const EVENT = {
  type: 'object',
  required: ['_id', 'eventId', 'sessionId', 'type', 'payload', 'timestamp'],
  properties: { _id: ROW_ID, eventId: ID, sessionId: ID, type: TYPE, payload: PAYLOAD, timestamp: TIME },
  examples: [
    {
      _id: '6742e5f1a1b2c3d4e5f60719',
      eventId: 'event-1',
      sessionId: 'session-1',
      type: 'user_speech',
      payload: { text: 'Hello?' },
      timestamp: '2026-11-23T09:30:01.456Z',
    },
  ],
};

export const PAGE = {
  type: 'object',
  required: ['session', 'events', 'pagination'],
  properties: {
    session: SESSION,
    events: { type: 'array', items: EVENT, description: 'By ascending sequence.' },
    pagination: {
      type: 'object',
      required: ['offset', 'limit', 'total', 'hasMore'],
      properties: {
        offset: { type: 'integer' },
        limit: { type: 'integer', description: 'The limit that was applied.' },
        total: { type: 'integer', description: 'Number of events in the session.' },
        hasMore: { type: 'boolean', description: 'If true, the next page starts at offset + events.length.' },
      },
    },
  },
};

/** A field that may be absent or null: many clients write null for an absent value. */
export function optional(schema: { readonly type: string } & Readonly<Record<string, unknown>>): object {
  return { ...schema, type: [schema.type, 'null'] };
}
