import type { NewEvent } from '../../src/core/event';
import { RequestContext } from '../../src/core/request-context';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { PendingAppend } from '../../src/storage/mongo/append/pending-append';
import { planBatch } from '../../src/storage/mongo/append/plan-batch';

const NOW = 1_700_000_000_000;
const HEAD = { sequence: 7, timestamp: NOW - 1000 };
const MIB = 1024 * 1024;

function append(eventId: string, event: Partial<NewEvent> = {}): PendingAppend {
  const context = new RequestContext(Infinity);
  return new PendingAppend({ eventId, type: 'note', payload: StructBytes.EMPTY, ...event }, context);
}

function appends(count: number): PendingAppend[] {
  return Array.from({ length: count }, (_, index) => append(`event-${index}`));
}

function ofSize(eventId: string, bytes: number): PendingAppend {
  return append(eventId, { payload: new StructBytes(new Uint8Array(bytes)) });
}

function plannedIds(pending: readonly PendingAppend[], head = HEAD): string[] {
  return planBatch('session-1', pending, head, NOW).map(({ event }) => event.eventId);
}

test('without pending appends the batch is empty', () => {
  expect(planBatch('session-1', [], HEAD, NOW)).toEqual([]);
});

test('a planned event has its content, its session, and the row ID of its append', () => {
  const payload = StructBytes.of({ text: 'hello' });
  const pending = append('event-1', { type: 'transcript', payload });
  const [planned] = planBatch('session-1', [pending], HEAD, NOW);
  expect(planned?.append).toBe(pending);
  expect(planned?.event).toEqual({
    rowId: pending.rowId.id,
    eventId: 'event-1',
    sessionId: 'session-1',
    sequence: 8,
    type: 'transcript',
    payload,
    timestamp: new Date(NOW),
  });
});

test('sequences follow the head without a gap, in the order of the appends', () => {
  const batch = planBatch('session-1', appends(5), HEAD, NOW);
  expect(batch.map(({ event }) => [event.eventId, event.sequence])).toEqual([
    ['event-0', 8],
    ['event-1', 9],
    ['event-2', 10],
    ['event-3', 11],
    ['event-4', 12],
  ]);
});

test('the first event of an empty log has sequence 1', () => {
  const [planned] = planBatch('session-1', appends(1), { sequence: 0, timestamp: NOW }, NOW);
  expect(planned?.event.sequence).toBe(1);
});

test.each([
  ['now, after the head', NOW - 1, NOW],
  ["the head's, if the clock is behind", NOW + 5000, NOW + 5000],
])('the timestamp is %s', (_, headTimestamp, expected) => {
  const batch = planBatch('session-1', appends(2), { sequence: 7, timestamp: headTimestamp }, NOW);
  expect(batch.map(({ event }) => event.timestamp.getTime())).toEqual([expected, expected]);
});

test('an event ID occurs once: later appends of it are duplicates and use no sequence', () => {
  const [first, other, again, third, last] = [
    append('same', { type: 'first' }),
    append('other'),
    append('same', { type: 'again' }),
    append('same', { type: 'third' }),
    append('last'),
  ];
  const batch = planBatch('session-1', [first, other, again, third, last], HEAD, NOW);
  expect(batch.map(({ event }) => [event.eventId, event.type, event.sequence])).toEqual([
    ['same', 'first', 8],
    ['other', 'note', 9],
    ['last', 'note', 10],
  ]);
  expect(batch.map((planned) => planned.append)).toEqual([first, other, last]);
  expect(batch.map(({ duplicates }) => duplicates)).toEqual([[again, third], [], []]);
});

test('a duplicate with an expected sequence does not end the batch', () => {
  const pending = [append('same'), append('same', { expectedSequence: 3 }), append('other')];
  expect(plannedIds(pending)).toEqual(['same', 'other']);
});

test('a batch has at most 1,000 events', () => {
  const batch = planBatch('session-1', appends(3000), HEAD, NOW);
  expect(batch).toHaveLength(1000);
  expect(batch.at(-1)?.event).toMatchObject({ eventId: 'event-999', sequence: 1007 });
});

test('duplicates do not count towards the limit of events', () => {
  const pending = appends(1000);
  pending.splice(500, 0, append('event-0'), append('event-1'));
  expect(planBatch('session-1', pending, HEAD, NOW)).toHaveLength(1000);
});

test('a batch has at most 4 MiB of payloads', () => {
  expect(plannedIds([ofSize('a', 2 * MIB), ofSize('b', 2 * MIB), ofSize('c', 1)])).toEqual(['a', 'b']);
  expect(plannedIds([ofSize('a', 2 * MIB), ofSize('b', 2 * MIB + 1), ofSize('c', 1)])).toEqual(['a']);
});

test('the first event is planned whatever its size', () => {
  expect(plannedIds([ofSize('a', 5 * MIB), ofSize('b', 0), ofSize('c', 1)])).toEqual(['a']);
});

test('an append that expects the sequence right before its own is planned', () => {
  const pending = [
    append('a', { expectedSequence: 7 }),
    append('b'),
    append('c', { expectedSequence: 9 }),
    append('d', { expectedSequence: 10 }),
  ];
  expect(plannedIds(pending)).toEqual(['a', 'b', 'c', 'd']);
});

test.each([6, 8, 0])(
  'a batch is empty if its first append expects sequence %d after 7',
  (expectedSequence) => {
    expect(plannedIds([append('a', { expectedSequence }), append('b')])).toEqual([]);
  },
);

test.each([7, 9])(
  'a batch ends before a second append that expects sequence %d after 8',
  (expectedSequence) => {
    expect(plannedIds([append('a'), append('b', { expectedSequence }), append('c')])).toEqual(['a']);
  },
);

test('expected sequence 0 matches only an empty log', () => {
  const pending = [append('a', { expectedSequence: 0 })];
  expect(plannedIds(pending, { sequence: 0, timestamp: NOW })).toEqual(['a']);
  expect(plannedIds(pending, { sequence: 1, timestamp: NOW })).toEqual([]);
});

test('planning answers no append and does not change the list', () => {
  const pending = [append('a'), append('a'), append('b', { expectedSequence: 1 })];
  const before = [...pending];
  planBatch('session-1', pending, HEAD, NOW);
  expect(pending).toEqual(before);
  expect(pending.map(({ isAnswered }) => isAnswered)).toEqual([false, false, false]);
});
