import type { Job } from './job';
import type { RequestTemplate } from './request-template';
import {
  addEventRequest,
  batchRequest,
  createSessionRequest,
  ingestRequest,
  pageRequest,
} from './transcript-event';

/** An encoded request, and how to count its reply. */
export interface EncodedRequest {
  readonly bytes: Buffer;
  /** Events, or 1 for a page. */
  readonly units: number;
  /** Number of new events or sessions that the reply acknowledges. */
  readonly newEvents: number;
  /** Index of the session in the job. */
  readonly session: number;
}

/** Returns the next request for a session, by its index; undefined if it is complete. */
export type NextRequest = (session: number) => EncodedRequest | undefined;

export function requestsOf(job: Job): NextRequest {
  if (job.call === 'GetSession') return pages(job);
  const templates = job.sessions.map(({ sessionId }) => templateOf(job, sessionId));
  return job.resend ? resends(job, templates) : newEvents(job, templates);
}

function templateOf({ call, batch }: Job, sessionId: string): RequestTemplate {
  if (call === 'CreateSession') return createSessionRequest(sessionId);
  if (call === 'BatchAddEvents') return batchRequest(sessionId, batch);
  return call === 'IngestEvents' ? ingestRequest(sessionId) : addEventRequest(sessionId);
}

function newEvents({ sessions, batch, upTo }: Job, templates: readonly RequestTemplate[]): NextRequest {
  const next = sessions.map(({ stored }) => stored);
  return (session) => {
    const first = next[session] ?? 0;
    const bytes = templates[session]?.withNumbersFrom(first);
    if (bytes === undefined || (upTo > 0 && first >= upTo)) return undefined;
    next[session] = first + batch;
    return { bytes, units: batch, newEvents: batch, session };
  };
}

function resends({ sessions, batch }: Job, templates: readonly RequestTemplate[]): NextRequest {
  const turns = sessions.map(() => 0);
  return (session) => {
    const turn = turns[session] ?? 0;
    turns[session] = turn + batch;
    const bytes = templates[session]?.withNumbersFrom(turn % (sessions[session]?.stored ?? 1));
    return bytes === undefined ? undefined : { bytes, units: batch, newEvents: 0, session };
  };
}

function pages({ sessions, offsets, limit, upTo }: Job): NextRequest {
  const encoded = sessions.map(({ sessionId }) =>
    offsets.map((offset) => pageRequest(sessionId, offset, limit)),
  );
  const sent = sessions.map(() => 0);
  let turn = 0;
  return (session) => {
    const before = sent[session] ?? 0;
    if (upTo > 0 && before >= upTo) return undefined;
    sent[session] = before + 1;
    turn += 1;
    const bytes = encoded[session]?.[turn % offsets.length];
    return bytes === undefined ? undefined : { bytes, units: 1, newEvents: 0, session };
  };
}
