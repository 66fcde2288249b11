import {
  AddEventResponse,
  BatchAddEventsResponse,
  GetSessionResponse,
  IngestEventsResponse,
} from '../generated/conversation/v1/session_service';
import type { Job } from './job';

/** What a job does, whichever server and sessions it is sent to. */
export type Work = Omit<Job, 'port' | 'sessions' | 'serverPid' | 'mongodPid'>;

/** Work, and how many callers the table says that it has. */
export type Load = Work & { readonly callers: number };

export interface Operation {
  readonly name: string;
  /** Events that each session has before. */
  readonly prepared: number;
  readonly loads: readonly Load[];
  /** Whether a reply is what the operation is about. */
  readonly isRight: (reply: Uint8Array) => boolean;
}

/** Sessions that an operation is spread over. */
export const SESSIONS = 32;

export const PAGE = 50;
export const BATCH = 100;
export const STREAM_IN_FLIGHT = 256;

const MANY = { callers: 32, inFlight: 32, warmUpMs: 600, measureMs: 3000 } as const;
const ONE = { callers: 1, inFlight: 1, warmUpMs: 300, measureMs: 1200 } as const;
const STREAM = { callers: 1, inFlight: STREAM_IN_FLIGHT, warmUpMs: 600, measureMs: 2400 } as const;

/** New events, one a request. */
export const ADD_EVENT: Work = {
  call: 'AddEvent',
  inFlight: 1,
  batch: 1,
  repeat: false,
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

/** What a store is measured by. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: 'AddEvent',
    prepared: 0,
    loads: manyAndOne(ADD_EVENT),
    isRight: (reply) => !AddEventResponse.decode(reply).duplicate,
  },
  {
    name: 'AddEvent, duplicate',
    prepared: PAGE,
    loads: manyAndOne({ ...ADD_EVENT, repeat: true }),
    isRight: (reply) => AddEventResponse.decode(reply).duplicate,
  },
  {
    name: `BatchAddEvents of ${BATCH}`,
    prepared: 0,
    // Shorter: every event is read back.
    loads: manyAndOne(BATCH_ADD).map((load) => ({ ...load, measureMs: 1200 })),
    isRight: (reply) => {
      const { results } = BatchAddEventsResponse.decode(reply);
      return results.length === BATCH && !results.some(({ duplicate }) => duplicate);
    },
  },
  {
    name: 'IngestEvents',
    prepared: 0,
    loads: [{ ...INGEST, ...STREAM }],
    isRight: (reply) => {
      const { result } = IngestEventsResponse.decode(reply);
      return result?.$case === 'added' && !result.value.duplicate;
    },
  },
  {
    name: `GetSession, page of ${PAGE}`,
    prepared: PAGE,
    loads: manyAndOne(GET_PAGE),
    isRight: (reply) => GetSessionResponse.decode(reply).events.length === PAGE,
  },
];

/** The unit that all loads are compared in: AddEvent from one caller beside a load of one, from many beside any other. */
export function unitBeside({ inFlight }: Work): Load {
  return { ...ADD_EVENT, ...(inFlight === 1 ? ONE : MANY) };
}

function manyAndOne(work: Work): Load[] {
  return [
    { ...work, ...MANY },
    { ...work, ...ONE },
  ];
}
