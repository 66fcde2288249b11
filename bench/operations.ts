import {
  AddEventResponse,
  BatchAddEventsResponse,
  GetSessionResponse,
  IngestEventsResponse,
} from '../generated/conversation/v1/session_service';
import type { Job } from './job';

/** A job without its server and sessions. */
export type Work = Omit<Job, 'port' | 'sessions' | 'serverPid' | 'mongodPid'>;

/** Work, with the number of callers that the report shows. */
export type Load = Work & { readonly callers: number };

export interface Operation {
  readonly name: string;
  /** Number of events in each session before the measurement. */
  readonly storedEvents: number;
  readonly loads: readonly Load[];
  /** Whether the reply shows that the server did the operation. */
  readonly isExpectedReply: (reply: Uint8Array) => boolean;
}

/** Number of sessions that an operation uses. */
export const SESSIONS = 32;

export const PAGE = 50;
export const BATCH = 100;
export const STREAM_IN_FLIGHT = 256;

const MANY = { callers: 32, inFlight: 32, warmUpMs: 600, measureMs: 3000 } as const;
const ONE = { callers: 1, inFlight: 1, warmUpMs: 300, measureMs: 1200 } as const;
const STREAM = { callers: 1, inFlight: STREAM_IN_FLIGHT, warmUpMs: 600, measureMs: 2400 } as const;

/** Adds new events, one per request. */
export const ADD_EVENT: Work = {
  call: 'AddEvent',
  inFlight: 1,
  batch: 1,
  resend: false,
  offsets: [],
  limit: 0,
  warmUpMs: 0,
  measureMs: 0,
  upTo: 0,
};
export const CREATE_SESSION: Work = { ...ADD_EVENT, call: 'CreateSession' };
export const BATCH_ADD: Work = { ...ADD_EVENT, call: 'BatchAddEvents', batch: BATCH };
export const GET_PAGE: Work = { ...ADD_EVENT, call: 'GetSession', offsets: [0], limit: PAGE };
const INGEST: Work = { ...ADD_EVENT, call: 'IngestEvents' };

/** The operations measured on each store. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: 'AddEvent',
    storedEvents: 0,
    loads: manyAndOne(ADD_EVENT),
    isExpectedReply: (reply) => !AddEventResponse.decode(reply).duplicate,
  },
  {
    name: 'AddEvent, duplicate',
    storedEvents: PAGE,
    loads: manyAndOne({ ...ADD_EVENT, resend: true }),
    isExpectedReply: (reply) => AddEventResponse.decode(reply).duplicate,
  },
  {
    name: `BatchAddEvents of ${BATCH}`,
    storedEvents: 0,
    // Shorter, because all events are read back later.
    loads: manyAndOne(BATCH_ADD).map((load) => ({ ...load, measureMs: 1200 })),
    isExpectedReply: (reply) => {
      const { results } = BatchAddEventsResponse.decode(reply);
      return results.length === BATCH && !results.some(({ duplicate }) => duplicate);
    },
  },
  {
    name: 'IngestEvents',
    storedEvents: 0,
    loads: [{ ...INGEST, ...STREAM }],
    isExpectedReply: (reply) => {
      const { result } = IngestEventsResponse.decode(reply);
      return result?.$case === 'added' && !result.value.duplicate;
    },
  },
  {
    name: `GetSession, page of ${PAGE}`,
    storedEvents: PAGE,
    loads: manyAndOne(GET_PAGE),
    isExpectedReply: (reply) => GetSessionResponse.decode(reply).events.length === PAGE,
  },
];

/** The unit of comparison: AddEvent from one caller if the load has one request in flight, otherwise from many. */
export function unitLoadFor({ inFlight }: Work): Load {
  return { ...ADD_EVENT, ...(inFlight === 1 ? ONE : MANY) };
}

function manyAndOne(work: Work): Load[] {
  return [
    { ...work, ...MANY },
    { ...work, ...ONE },
  ];
}
