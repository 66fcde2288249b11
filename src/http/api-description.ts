import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { LIMITS } from '../core/limits';
import type { SessionRouteName } from './session-routes';

const TITLE = 'Conversation session service';

/** Nothing from elsewhere. The library's own policy asks browsers for TLS, which there may be none of. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const DESCRIPTION = [
  'Sessions of voice conversations and their events, for people and tools that have no gRPC.',
  'Every write is safe to repeat: the first one with an id decides, and later ones return what is stored.',
  'The gRPC API has more: live watching, streams, lists, updates, deletion.',
].join(' ');

const ID = {
  type: 'string',
  minLength: 1,
  description: `1 to ${LIMITS.idBytes} bytes of UTF-8, no control characters.`,
};
const LANGUAGE = { type: 'string', description: 'A well-formed language tag (RFC 5646), stored as given.' };
const METADATA = {
  type: 'object',
  additionalProperties: true,
  description: `Any JSON object of at most ${LIMITS.metadataBytes} bytes in the protobuf encoding and ${LIMITS.structLevels} levels; left out: {}.`,
};
const PAYLOAD = {
  type: 'object',
  additionalProperties: true,
  description: `Any JSON object of at most ${LIMITS.payloadBytes} bytes in the protobuf encoding and ${LIMITS.structLevels} levels; left out: {}.`,
};
const TYPE = {
  type: 'string',
  minLength: 1,
  description: `1 to ${LIMITS.typeBytes} bytes, no control characters; any string, such as user_speech or barge_in.`,
};
const ROW_ID = { type: 'string', pattern: '^[0-9a-f]{24}$', description: 'Made when the row is.' };
const TIME = { type: 'string', format: 'date-time', description: 'ISO 8601 with milliseconds.' };

const SESSION = {
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
      description: 'null until the session is ended.',
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

const EVENT = {
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

const PAGE = {
  type: 'object',
  required: ['session', 'events', 'pagination'],
  properties: {
    session: SESSION,
    events: { type: 'array', items: EVENT, description: 'In the order of the log.' },
    pagination: {
      type: 'object',
      required: ['offset', 'limit', 'total', 'hasMore'],
      properties: {
        offset: { type: 'integer' },
        limit: { type: 'integer', description: 'The limit that was applied.' },
        total: { type: 'integer', description: 'Events of the session.' },
        hasMore: { type: 'boolean', description: 'Go on from offset + events.length while it is true.' },
      },
    },
  },
};

const ERROR_BODY = (message: object) => ({
  type: 'object',
  required: ['statusCode', 'message'],
  properties: { statusCode: { type: 'integer' }, message },
});
const error = (description: string) => ({ description, ...ERROR_BODY({ type: 'string' }) });

const ERRORS = {
  401: error('A token is needed, or this one is not known.'),
  403: error('The token may only read.'),
  400: {
    description: 'A rule is broken, or the JSON malformed: a line for each violation.',
    ...ERROR_BODY({ type: 'array', items: { type: 'string' } }),
  },
  429: error('The server has more work than it can answer soon: send this again after Retry-After seconds.'),
  500: error('Anything else; the cause is in the log alone.'),
  503: error('The store cannot be reached, or the server shuts down: send this again.'),
  504: error('The deadline passed before the outcome was known: send this again to settle it.'),
};
const NOT_FOUND = { 404: error('There is no such session: `Session with ID session-999 not found`.') };
const BODY_ERRORS = {
  413: error(`The body is larger than ${LIMITS.messageBytes} bytes.`),
  415: error('The body is not application/json.'),
  507: error('The disk is nearly full: writes are refused, reads go on.'),
};

const inPath = {
  type: 'object',
  required: ['sessionId'],
  properties: {
    sessionId: { ...ID, description: `${ID.description} Percent-encoded.`, examples: ['session-1'] },
  },
};

const DESCRIPTIONS: Record<SessionRouteName, FastifySchema> = {
  createSession: {
    operationId: 'createSession',
    summary: 'Creates a session, or returns the one that has this id',
    tags: ['sessions'],
    body: {
      type: 'object',
      required: ['sessionId', 'language'],
      additionalProperties: false,
      properties: {
        sessionId: ID,
        language: LANGUAGE,
        status: { type: 'string', enum: ['initiated', 'active'], default: 'initiated' },
        metadata: METADATA,
      },
      examples: [{ sessionId: 'session-1', language: 'en-US', metadata: { channel: 'phone' } }],
    },
    response: {
      201: { description: 'It was created.', ...SESSION },
      200: { description: 'It existed, and is unchanged.', ...SESSION },
      409: error('A session of this id was deleted: its id is not given again for 30 days.'),
      ...BODY_ERRORS,
      ...ERRORS,
    },
  },
  addEvent: {
    operationId: 'addEvent',
    summary: 'Appends an event to a session, once for each event id',
    description: 'A session that has ended takes late events too.',
    tags: ['sessions'],
    params: inPath,
    body: {
      type: 'object',
      required: ['eventId', 'type'],
      additionalProperties: false,
      properties: { eventId: ID, type: TYPE, payload: PAYLOAD },
      examples: [{ eventId: 'event-1', type: 'user_speech', payload: { text: 'Hello?' } }],
    },
    response: {
      201: { description: 'It was stored.', ...EVENT },
      200: { description: 'It was stored before: this is the stored one.', ...EVENT },
      ...NOT_FOUND,
      ...BODY_ERRORS,
      ...ERRORS,
    },
  },
  getSession: {
    operationId: 'getSession',
    summary: 'A session with one page of its events',
    tags: ['sessions'],
    params: inPath,
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: {
        offset: { type: 'integer', minimum: 0, default: 0, description: 'Events of the log to begin after.' },
        limit: {
          type: 'integer',
          minimum: 0,
          default: LIMITS.pageDefault,
          description: `Events at most; over ${LIMITS.pageMaximum} is taken as ${LIMITS.pageMaximum}. A page also ends before it would pass ${LIMITS.pageBytes} bytes.`,
        },
      },
    },
    response: { 200: { description: 'The session and the page.', ...PAGE }, ...NOT_FOUND, ...ERRORS },
  },
  completeSession: {
    operationId: 'completeSession',
    summary: 'Ends a session; the first end wins',
    tags: ['sessions'],
    params: inPath,
    body: {
      type: 'object',
      additionalProperties: false,
      description: 'May be left out.',
      properties: {
        status: { type: 'string', enum: ['completed', 'failed'], default: 'completed' },
        endReason: { type: 'string', description: `At most ${LIMITS.endReasonBytes} bytes.` },
      },
      examples: [{ status: 'completed', endReason: 'hang-up' }],
    },
    response: {
      200: { description: 'The ended session.', ...SESSION },
      ...NOT_FOUND,
      ...BODY_ERRORS,
      ...ERRORS,
    },
  },
};

/** What `/openapi.json` says of a route. */
export function descriptionOf(name: SessionRouteName): FastifySchema {
  return DESCRIPTIONS[name];
}

/** `GET /openapi.json`, and a page at `/docs` on which the API can be tried. To be added before the routes. */
export function addApiDescription(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: TITLE, version: '1.0.0', description: DESCRIPTION },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'Where the server asks for tokens.' },
        },
      },
      security: [{}, { token: [] }],
    },
  });
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    // The library's own bar has nothing that is of use here.
    theme: {
      title: TITLE,
      css: [{ filename: 'page.css', content: '.swagger-ui .topbar { display: none }' }],
    },
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true, deepLinking: true },
  });
  app.register((described, _, done) => {
    described.get('/openapi.json', { schema: { hide: true } }, () => described.swagger());
    done();
  });
}
