import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { LIMITS } from '../../core/limits';
import { EVENT, ID, LANGUAGE, METADATA, optional, PAGE, PAYLOAD, SESSION, TYPE } from './schemas';
import type { RouteName } from '../routes/route';

const TITLE = 'Conversation session service';

/** Nothing from elsewhere. The library's own policy asks browsers for TLS, which there may be none of. */
const PAGE_POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

const DESCRIPTION = [
  'Sessions of voice conversations and their events, for people and tools that have no gRPC.',
  'Every write is safe to repeat: the first one with an id decides, and later ones return what is stored.',
  'The gRPC API has more: live watching, streams, lists, updates, deletion.',
].join(' ');

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

const DESCRIPTIONS: Record<RouteName, FastifySchema> = {
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
        status: optional({ type: 'string', enum: ['initiated', 'active', null], default: 'initiated' }),
        metadata: optional(METADATA),
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
      properties: { eventId: ID, type: TYPE, payload: optional(PAYLOAD) },
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
        offset: {
          type: 'integer',
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: 0,
          description: 'Events of the log to begin after.',
        },
        limit: {
          type: 'integer',
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: LIMITS.defaultPageSize,
          description: `Events at most; over ${LIMITS.maxPageSize} is taken as ${LIMITS.maxPageSize}. A page also ends before it would pass ${LIMITS.pageBytes} bytes.`,
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

/** What `/openapi.json` says of a route. */
export function descriptionOf(name: RouteName): FastifySchema {
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
    transformObject: (described) => {
      if (!('openapiObject' in described)) return described.swaggerObject;
      // The library calls every body required.
      const body = described.openapiObject.paths?.['/sessions/{sessionId}/complete']?.post?.requestBody;
      if (body !== undefined && 'content' in body) body.required = false;
      return described.openapiObject;
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
