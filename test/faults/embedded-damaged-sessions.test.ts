import { status as Code } from '@grpc/grpc-js';
import { failureOf } from '../support/call-error';
import { disconnect } from '../support/connect';
import { EditedService, EVENTS } from '../support/edited-service';
import { Scrape } from '../support/scrape';
import { endServices } from '../support/service-process';
import { eventKey, sessionKey } from '../support/stored-rows';
import { until } from '../support/until';

const INTERNAL = { code: Code.INTERNAL, details: 'internal error', info: { reason: 'INTERNAL' } };

let service: EditedService;

const READABLE = ['session-5', 'session-3', 'session-1'];

beforeEach(async () => {
  service = await EditedService.start();
  for (const n of [1, 2, 3, 4, 5]) await service.addSession(`session-${n}`);
});

afterEach(async () => {
  disconnect();
  await endServices();
});

function damageSessions(): Promise<void> {
  return service.edit((rows) => {
    rows.damage('sessions', sessionKey('session-4'));
    rows.remove('sessions', sessionKey('session-2'));
  });
}

test('sessions that cannot be read are left out of lists, counted, and named in the log once', async () => {
  await damageSessions();
  for (const pageSize of [0, 1, 2]) {
    const listed: string[] = [];
    let pageToken = '';
    do {
      const page = await service.client.listSessions({ pageSize, pageToken });
      if (pageSize > 0) expect(page.sessions).toHaveLength(Math.min(pageSize, 3 - listed.length));
      listed.push(...page.sessions.map(({ sessionId }) => sessionId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(listed).toEqual(READABLE);
  }
  const scrape = await Scrape.of(service.url);
  for (const table of ['sessions', 'session_index'])
    expect(scrape.value('conversation_unreadable_rows_total', { table })).toBeGreaterThan(1);
  await service.expectLogged('session "session-4" in sessions', [
    'the row of session "session-4" in sessions cannot be read: its checksum does not match; lists leave it out: restore it from a backup',
  ]);
  await service.expectLogged('session "session-2" in session_index', [
    'the row of session "session-2" in session_index cannot be read: the session index names a session that does not exist; lists leave it out: restore it from a backup',
  ]);
});

test('a session that cannot be read ends its calls with INTERNAL, and the log names it', async () => {
  await damageSessions();
  const sessionId = 'session-4';
  const failures = await Promise.all([
    failureOf(service.client.getSession({ sessionId })),
    failureOf(service.client.createSession({ sessionId })),
    failureOf(service.client.deleteSession(sessionId)),
    failureOf(service.client.addEvent({ sessionId, eventId: 'new' })),
  ]);
  for (const failure of failures) expect(failure).toMatchObject(INTERNAL);
  await service.expectLogged(
    'session "session-4" in sessions',
    failures.map(() => 'call failed'),
  );
  expect(await failureOf(service.client.getSession({ sessionId: 'session-2' }))).toMatchObject({
    code: Code.NOT_FOUND,
  });
});

test('sessions that cannot be read do not stop the deletion of expired sessions', async () => {
  await service.edit((rows) => {
    rows.damage('sessions', sessionKey('session-4'));
    rows.damage('events', eventKey('session-2', EVENTS));
  });
  for (const sessionId of [...READABLE, 'session-2']) await service.client.completeSession({ sessionId });
  await service.edit(() => undefined, { RETENTION: '1s' });
  await until('the others are deleted', async () => {
    const { sessions } = await service.client.listSessions();
    return sessions.length === 1 ? true : undefined;
  });
  // The time of its last event is unknown.
  expect((await service.client.listSessions()).sessions).toMatchObject([{ sessionId: 'session-2' }]);
  expect(await failureOf(service.client.getSession({ sessionId: 'session-4' }))).toMatchObject(INTERNAL);
});
