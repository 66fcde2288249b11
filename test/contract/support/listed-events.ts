import type { Event } from '../../../generated/conversation/v1/event';
import { type ContractService, newSession } from './describe-contract';

type Filter = Omit<Parameters<ContractService['client']['listEvents']>[0], 'sessionId' | 'pageToken'>;

/** Lists all events, page by page, alternating between the servers. */
export async function listAll(
  service: ContractService,
  sessionId: string,
  filter: Filter = {},
): Promise<Event[]> {
  const events: Event[] = [];
  let pageToken = '';
  let [server, next] = [service.client, service.other];
  do {
    const page = await server.listEvents({ sessionId, pageToken, ...filter });
    events.push(...page.events);
    pageToken = page.nextPageToken;
    [server, next] = [next, server];
  } while (pageToken !== '');
  return events;
}

export const sequencesOf = (events: readonly Event[]): number[] => events.map(({ sequence }) => sequence);

export const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

export const TYPES = ['speech', 'dtmf', 'metric'];

/** Creates a session with this many events, with alternating types. */
export async function newSessionWithEvents(service: ContractService, count: number): Promise<string> {
  const sessionId = await newSession(service);
  for (let first = 1; first <= count; first += 1000) {
    const events = range(first, Math.min(first + 999, count)).map((n) => ({
      eventId: `e${n}`,
      type: TYPES[n % TYPES.length] ?? '',
      payload: { n },
    }));
    await service.client.batchAddEvents({ sessionId, events });
  }
  return sessionId;
}
