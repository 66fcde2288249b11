import { SwappedFiles } from '../support/certificates';
import { disconnect } from '../support/connect';
import { endServices, runService } from '../support/service-process';
import {
  hash,
  READER,
  READER_LINE,
  reasonOf,
  startWithTokens,
  WRITER,
  WRITER_LINE,
} from '../support/service-with-tokens';
import { until } from '../support/until';

describe('The token file', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  const LATER = 'later-0ddba11';

  const id = { sessionId: 'call-1' };
  const event = { ...id, eventId: 'event-1' };

  describe('a change of the file', () => {
    it('accepts new tokens and rejects removed ones', async () => {
      const { as, rewrite } = await startWithTokens();
      const [reader, later] = [as(READER), as(LATER)];
      await as(WRITER).createSession(id);
      expect(await reasonOf(later.getSession(id))).toBe('UNAUTHENTICATED');
      await rewrite(WRITER_LINE, `${hash(LATER)} read-only`);
      expect(await reasonOf(later.getSession(id))).toBe('OK');
      expect(await reasonOf(reader.getSession(id))).toBe('UNAUTHENTICATED');
      await rewrite(WRITER_LINE, `${hash(LATER)} read-write`);
      expect(await reasonOf(later.addEvent(event))).toBe('OK');
    });

    it('ends only the streams of the revoked token, and finishes their requests in progress first', async () => {
      const { as, rewrite } = await startWithTokens();
      const writer = as(WRITER);
      await writer.createSession(id);
      const revoked = { watch: as(READER).watchSession(id), ingest: as(LATER).ingestEvents() };
      expect((await revoked.ingest.end)?.info?.reason).toBe('UNAUTHENTICATED');
      await revoked.watch.caughtUp();
      await rewrite(READER_LINE, WRITER_LINE, `${hash(LATER)} read-write`);
      const ending = as(LATER).ingestEvents();
      const kept = { watch: writer.watchSession(id), ingest: writer.ingestEvents() };
      await kept.watch.caughtUp();
      kept.ingest.send(event);
      await kept.ingest.received(1);
      ending.send({ ...event, eventId: 'event-2' });
      await ending.received(1);

      await rewrite(WRITER_LINE);
      expect(await revoked.watch.end).toMatchObject({ code: 16, info: { reason: 'UNAUTHENTICATED' } });
      expect(await ending.end).toMatchObject({ code: 16, info: { reason: 'UNAUTHENTICATED' } });
      expect(revoked.watch.events.map(({ eventId }) => eventId)).toEqual(['event-1', 'event-2']);

      kept.ingest.send({ ...event, eventId: 'event-3' });
      expect(await kept.ingest.finish()).toHaveLength(2);
      await kept.watch.reached(3);
      kept.watch.cancel();
    });

    it.each([
      ['a malformed line', `${READER_LINE}\nwriter-5ca1ab1e read-write\n`, /line 2: must be the SHA-256/],
      ['no token', '# nobody\n', /contains no token/],
    ])('with %s is logged, and the previous tokens stay valid', async (_, content, pattern) => {
      const { service, as, files } = await startWithTokens();
      const client = as(WRITER);
      await client.createSession(id);
      files.replace({ tokens: content });
      const line = await until('the problem is logged', () =>
        service.log.find(({ msg }) => pattern.test(String(msg))),
      );
      expect(line).toMatchObject({
        level: 50,
        msg: expect.stringMatching(/the previous content stays in use$/) as string,
      });
      expect(await reasonOf(client.getSession(id))).toBe('OK');
      expect(JSON.stringify(service.log)).not.toContain(WRITER);
    });
  });

  it.each([
    [
      'tokens',
      /^TOKENS_FILE \S+, line 1: must be the SHA-256 of a token as 64 hex digits, then read-only or read-write/,
    ],
    [`${hash('x')} read-write a name\n`, /^TOKENS_FILE \S+, line 1: must be/],
    [`${READER_LINE}\n\n${hash(READER)} read-write\n`, /^TOKENS_FILE \S+, line 3: line 1 has the same token/],
    ['', /^TOKENS_FILE \S+ contains no token, so every call would be rejected/],
  ])('the service does not start with the token file %j', async (tokens, pattern) => {
    const files = new SwappedFiles({ tokens });
    const { code, stderr } = await runService({
      environment: { GRPC_PORT: '0', TOKENS_FILE: files.path('tokens') },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(pattern);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('the service does not start if the token file is missing', async () => {
    const { code, stderr } = await runService({
      environment: { GRPC_PORT: '0', TOKENS_FILE: '/nowhere/tokens' },
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'TOKENS_FILE /nowhere/tokens cannot be read (ENOENT): use a file that this user can read\n',
    });
  });
});
