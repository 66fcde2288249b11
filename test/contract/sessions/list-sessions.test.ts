import { randomInt } from 'node:crypto';
import { type Session, SessionStatus } from '../../../generated/conversation/v1/session';
import { LIMITS } from '../../../src/core/limits';
import { invalidFieldsOf } from '../../support/call-error';
import { type ContractService, describeContract, newId } from '../support/describe-contract';
import { statusOfNumber } from '../support/status-of-number';
import { structOfSize } from '../support/struct-of-size';

const { SESSION_STATUS_ACTIVE, SESSION_STATUS_COMPLETED, SESSION_STATUS_FAILED, SESSION_STATUS_INITIATED } =
  SessionStatus;

type Filter = Omit<NonNullable<Parameters<ContractService['client']['listSessions']>[0]>, 'pageToken'>;

/** Lists all sessions, page by page, alternating between the servers. */
async function listAll(service: ContractService, filter: Filter): Promise<Session[]> {
  const sessions: Session[] = [];
  let pageToken = '';
  let [server, next] = [service.client, service.other];
  do {
    const page = await server.listSessions({ pageToken, ...filter });
    sessions.push(...page.sessions);
    pageToken = page.nextPageToken;
    [server, next] = [next, server];
  } while (pageToken !== '');
  return sessions;
}

/** Returns a language that no other test uses. */
const newLanguage = (): string => `en-x-${randomInt(1e8)}`;

const idsOf = (sessions: readonly Session[]): string[] => sessions.map(({ sessionId }) => sessionId);

/** Sorts sessions in list order: newest first, those with the same start by ID. */
function inOrder(sessions: readonly Session[]): Session[] {
  const timeOf = ({ startedAt }: Session): number => startedAt?.getTime() ?? NaN;
  return [...sessions].sort(
    (a, b) => timeOf(b) - timeOf(a) || Buffer.compare(Buffer.from(a.sessionId), Buffer.from(b.sessionId)),
  );
}

/** Creates this many sessions with a language and alternating statuses. Returns them in list order. */
async function createAll(service: ContractService, language: string, count: number): Promise<Session[]> {
  const create = async (_: unknown, index: number): Promise<Session> => {
    const sessionId = newId();
    const status = index % 2 === 0 ? SESSION_STATUS_ACTIVE : SESSION_STATUS_INITIATED;
    const { session } = await service.client.createSession({ sessionId, language, status });
    if (session === undefined) throw new Error('no session was created');
    if (index % 4 !== 3) return session;
    const ended = await service.client.completeSession({
      sessionId,
      status: index % 8 === 3 ? SESSION_STATUS_FAILED : SESSION_STATUS_COMPLETED,
    });
    return ended.session ?? session;
  };
  return inOrder(await Promise.all(Array.from({ length: count }, create)));
}

describeContract('ListSessions', (service) => {
  test('all sessions are listed, newest first, with any page size, through both servers', async () => {
    const language = newLanguage();
    const created = await createAll(service, language, 60);
    for (const pageSize of [0, 1, 7, 59, 60, 1000]) {
      expect(await listAll(service, { language, pageSize })).toEqual(created);
    }
    expect((await service.client.listSessions({ language })).sessions).toHaveLength(50);
    expect(await service.client.listSessions({ language, pageSize: 60 })).toMatchObject({
      nextPageToken: '',
    });
  });

  test('all sessions are listed without a filter', async () => {
    const created = await createAll(service, newLanguage(), 20);
    const listed = await listAll(service, { pageSize: 1000 });
    expect(idsOf(listed)).toEqual(idsOf(inOrder(listed)));
    expect(idsOf(listed)).toEqual(expect.arrayContaining(idsOf(created)));
    expect(new Set(idsOf(listed)).size).toBe(listed.length);
  });

  test('each session has its event count', async () => {
    const language = newLanguage();
    const [first, second] = await createAll(service, language, 2);
    const sessionId = first?.sessionId ?? '';
    await service.client.batchAddEvents({ sessionId, events: [{ eventId: 'a' }, { eventId: 'b' }] });
    const listed = await listAll(service, { language });
    expect(listed).toEqual([{ ...first, eventCount: 2 }, second]);
  });

  test('status returns only sessions with that status', async () => {
    const language = newLanguage();
    const created = await createAll(service, language, 24);
    for (const status of [
      SESSION_STATUS_ACTIVE,
      SESSION_STATUS_INITIATED,
      SESSION_STATUS_COMPLETED,
      SESSION_STATUS_FAILED,
    ]) {
      const expected = created.filter((session) => session.status === status);
      expect(expected.length).toBeGreaterThan(0);
      expect(await listAll(service, { language, status, pageSize: 2 })).toEqual(expected);
      const ofAny = await listAll(service, { status, pageSize: 1000 });
      expect(ofAny.every((session) => session.status === status)).toBe(true);
      expect(idsOf(ofAny)).toEqual(expect.arrayContaining(idsOf(expected)));
    }
  });

  test('language matches exactly', async () => {
    const language = newLanguage();
    const [session] = await createAll(service, language, 1);
    await createAll(service, `${language}-1`, 1);
    await createAll(service, language.replace('en', 'EN'), 1);
    expect(await listAll(service, { language })).toEqual([session]);
  });

  test('filters apply to the current values of a session', async () => {
    const [before, after] = [newLanguage(), newLanguage()];
    const [session] = await createAll(service, before, 1);
    await service.client.updateSession({ sessionId: session?.sessionId ?? '', language: after });
    expect(await listAll(service, { language: before })).toEqual([]);
    expect(await listAll(service, { language: after })).toEqual([{ ...session, language: after }]);
  });

  test('a range of start times includes its start and excludes its end', async () => {
    const language = newLanguage();
    const created: Session[] = [];
    for (let wave = 0; wave < 6; wave += 1) {
      created.unshift(...(await createAll(service, language, 4)));
      const last = Math.max(...created.map(({ startedAt }) => startedAt?.getTime() ?? 0));
      while (Date.now() <= last) await new Promise(setImmediate);
    }
    const timeAt = (index: number): Date => created.at(index)?.startedAt ?? new Date(NaN);
    for (const [startedAfter, startedBefore] of [
      [timeAt(16), undefined],
      [undefined, timeAt(5)],
      [timeAt(16), timeAt(5)],
      [timeAt(5), timeAt(5)],
      [new Date(0), timeAt(-1)],
    ]) {
      const expected = created.filter(
        ({ startedAt = new Date(NaN) }) =>
          startedAt >= (startedAfter ?? new Date(0)) && startedAt < (startedBefore ?? new Date(8.64e15)),
      );
      for (const pageSize of [3, 0])
        expect(await listAll(service, { language, startedAfter, startedBefore, pageSize })).toEqual(expected);
    }
  });

  test('new sessions do not disturb later pages: each older session is listed once', async () => {
    const language = newLanguage();
    const created = await createAll(service, language, 30);
    const { sessions, nextPageToken } = await service.client.listSessions({ language, pageSize: 10 });
    await createAll(service, language, 10);
    const rest: Session[] = [];
    for (let pageToken = nextPageToken; pageToken !== '';) {
      const page = await service.other.listSessions({ language, pageSize: 10, pageToken });
      rest.push(...page.sessions);
      pageToken = page.nextPageToken;
    }
    expect([...sessions, ...rest]).toEqual(created);
  });

  test('a page ends before it exceeds 3 MiB', async () => {
    const language = newLanguage();
    const metadata = structOfSize(LIMITS.metadataBytes);
    const ids = Array.from({ length: 30 }, newId);
    await Promise.all(
      ids.map((sessionId) => service.client.createSession({ sessionId, language, metadata })),
    );
    const page = await service.client.listSessions({ language, pageSize: 1000 });
    expect(page.sessions).toHaveLength(11);
    expect(idsOf(await listAll(service, { language, pageSize: 1000 })).sort()).toEqual([...ids].sort());
  });

  test('a token is valid only for the request that returned it', async () => {
    const language = newLanguage();
    await createAll(service, language, 4);
    const { nextPageToken: pageToken } = await service.client.listSessions({ language, pageSize: 2 });
    const list = (change: object): Promise<unknown> =>
      service.client.listSessions({ language, pageToken, ...change });
    await list({ pageSize: 1 });
    for (const change of [
      { language: '' },
      { language: newLanguage() },
      { status: SESSION_STATUS_ACTIVE },
      { startedAfter: new Date(0) },
      { startedBefore: new Date() },
      { pageToken: `${pageToken}A` },
      { pageToken: 'nonsense' },
    ]) {
      expect(await invalidFieldsOf(list(change))).toEqual(['page_token']);
    }
  });

  test('all violations are reported at once', async () => {
    const request = {
      pageSize: -1,
      status: statusOfNumber(9),
      language: 'not a language',
      startedAfter: new Date(2000),
      startedBefore: new Date(1000),
    };
    expect((await invalidFieldsOf(service.client.listSessions(request))).sort()).toEqual(
      ['page_size', 'status', 'language', 'started_before'].sort(),
    );
  });
});
