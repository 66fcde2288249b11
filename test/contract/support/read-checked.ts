import type { Event } from '../../../generated/conversation/v1/event';
import { readLog } from '../../support/connect';
import type { RpcClient } from '../../support/rpc-client';

/** Reads a session's whole log, and expects it to be dense from 1, without duplicates, and in order of time. */
export async function readChecked(client: RpcClient, sessionId: string): Promise<Event[]> {
  const events = await readLog(client, sessionId);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
  const times = events.map(({ timestamp }) => timestamp?.getTime() ?? NaN);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  return events;
}
