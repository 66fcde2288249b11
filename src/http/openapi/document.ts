import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { LIMITS } from '../../core/limits';
import { EVENT, ID, LANGUAGE, METADATA, optional, PAGE, PAYLOAD, SESSION, TYPE } from './schemas';
import type { RouteName } from '../routes/route';

const TITLE = 'Conversation session service';

/** Allows nothing from other hosts. The library's own policy makes browsers require TLS, which may be off. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const DESCRIPTION = [
  'Sessions of voice conversations and their events, for people and tools without gRPC.',
  'Every write is safe to retry: the first request with an ID is stored, and later ones return the stored session or event.',
  'The gRPC API also has watches, streams, lists, updates and deletion.',
].join(' ');

const ERROR_BODY = (message: object) => ({
  type: 'object',
  required: ['statusCode', 'message'],
  properties: { statusCode: { type: 'integer' }, message },
});
const error = (description: string) => ({ description, ...ERROR_BODY({ type: 'string' }) });

const ERRORS = {
  401: error('The token is missing or unknown.'),
  403: error('The token has the scope read-only.'),
  400: {
    description: 'Invalid request or malformed JSON: one line per violation.',
    ...ERROR_BODY({ type: 'array', items: { type: 'string' } }),
  },
  429: error('The server is overloaded: retry after Retry-After seconds.'),
  500: error('Any other error; the cause is in the server’s log.'),
  503: error('The store is unavailable or the server is shutting down: retry.'),
  504: error('The deadline passed before the outcome was known: retry to resolve it.'),
};
const NOT_FOUND = { 404: error('The session does not exist: `Session with ID session-999 not found`.') };
const BODY_ERRORS = {
  413: error(`The body is larger than ${LIMITS.messageBytes} bytes.`),
  415: error('The body is not application/json.'),
  507: error('The disk is nearly full: writes are rejected, reads continue.'),
};

const inPath = {
  type: 'object',
  required: ['sessionId'],
  properties: {
    sessionId: { ...ID, description: `${ID.description} Percent-encoded.`, examples: ['session-1'] },
  },
};

const DESCRIPTIONS: Record<RouteName, FastifySchema> = {
  createSession: {
    operationId: 'createSession',
    summary: 'Creates a session, or returns the existing session with this ID',
    tags: ['sessions'],
    body: {
      type: 'object',
      required: ['sessionId', 'language'],
      additionalProperties: false,
      properties: {
        sessionId: ID,
        language: LANGUAGE,
        status: optional({ type: 'string', enum: ['initiated', 'active', null], default: 'initiated' }),
        metadata: optional(METADATA),
      },
      examples: [{ sessionId: 'session-1', language: 'en-US', metadata: { channel: 'phone' } }],
    },
    response: {
      201: { description: 'The session was created.', ...SESSION },
      200: { description: 'The session existed, and is unchanged.', ...SESSION },
      409: error('The session was deleted: its ID cannot be reused for 30 days.'),
      ...BODY_ERRORS,
      ...ERRORS,
    },
  },
  addEvent: {
    operationId: 'addEvent',
    summary: 'Adds an event to a session, once per event ID',
    description: 'Ended sessions still accept events.',
    tags: ['sessions'],
    params: inPath,
    body: {
      type: 'object',
      required: ['eventId', 'type'],
      additionalProperties: false,
      properties: { eventId: ID, type: TYPE, payload: optional(PAYLOAD) },
      examples: [{ eventId: 'event-1', type: 'user_speech', payload: { text: 'Hello?' } }],
    },
    response: {
      201: { description: 'The event was stored.', ...EVENT },
      200: { description: 'The event was already stored: this is the stored event.', ...EVENT },
      ...NOT_FOUND,
      ...BODY_ERRORS,
      ...ERRORS,
    },
  },
  getSession: {
    operationId: 'getSession',
    summary: 'Returns a session and one page of its events',
    tags: ['sessions'],
    params: inPath,
    querystring: {
      type: 'object',
      additionalProperties: false,
      properties: {
        offset: {
          type: 'integer',
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: 0,
          description: 'Number of events to skip.',
        },
        limit: {
          type: 'integer',
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: LIMITS.defaultPageSize,
          description: `Maximum number of events; over ${LIMITS.maxPageSize} is treated as ${LIMITS.maxPageSize}. A page also ends before it would exceed ${LIMITS.pageBytes} bytes.`,
        },
      },
    },
    response: { 200: { description: 'The session and the page.', ...PAGE }, ...NOT_FOUND, ...ERRORS },
  },
  completeSession: {
    operationId: 'completeSession',
    summary: 'Ends a session. Idempotent: later calls return it unchanged',
    tags: ['sessions'],
    params: inPath,
    body: {
      type: 'object',
      additionalProperties: false,
      description: 'Optional.',
      properties: {
        status: optional({ type: 'string', enum: ['completed', 'failed', null], default: 'completed' }),
        endReason: optional({
          type: 'string',
          maxLength: LIMITS.endReasonBytes,
          description: `At most ${LIMITS.endReasonBytes} bytes.`,
        }),
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

/** The route's description in `/openapi.json`. */
export function descriptionOf(name: RouteName): FastifySchema {
  return DESCRIPTIONS[name];
}

/** Adds `GET /openapi.json`, and a page at `/docs` to try the API. Call it before the routes are added. */
export function addApiDescription(app: FastifyInstance): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: TITLE, version: '1.0.0', description: DESCRIPTION },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'Required if the server has tokens.' },
        },
      },
      security: [{}, { token: [] }],
    },
    transformObject: (described) => {
      if (!('openapiObject' in described)) return described.swaggerObject;
      // The library marks every body as required.
      const body = described.openapiObject.paths?.['/sessions/{sessionId}/complete']?.post?.requestBody;
      if (body !== undefined && 'content' in body) body.required = false;
      return described.openapiObject;
    },
  });
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    // Hides the library's own bar, which is of no use here.
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
