import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-root';
import { connect, disconnect } from '../support/connect';
import { HttpClient } from '../support/http-client';
import { startReplicaSet } from '../support/mongod';
import { outcomesOf } from '../support/outcomes';
import { Scrape } from '../support/scrape';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

describe('Metrics', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  const call = (grpc_method: string, grpc_type = 'unary') => ({
    ...{ grpc_service: 'conversation.v1.SessionService', grpc_method, grpc_type },
  });

  test('calls are counted and timed by method and status, under the usual names', async () => {
    const { port, url } = await startService();
    const client = connect(port);
    await client.createSession({ sessionId: 'call-1' });
    for (let i = 0; i < 3; i += 1) await client.addEvent({ sessionId: 'call-1', eventId: `event-${i}` });
    await client.addEvent({ sessionId: 'call-1', eventId: 'event-0' });
    expect(await outcomesOf([client.getSession({ sessionId: 'nobody' })])).toEqual(['NOT_FOUND']);
    const stream = client.ingestEvents();
    stream.send({ sessionId: 'call-1', eventId: 'event-0' });
    stream.send({ sessionId: 'call-1', eventId: 'event-4' });
    await stream.finish();
    await new HttpClient(url).get('/sessions/call-1');

    const scrape = await until('the stream is counted', async () => {
      const now = await Scrape.of(url);
      return now.value('grpc_server_handled_total', call('IngestEvents', 'bidi_stream')) === 1
        ? now
        : undefined;
    });
    expect(scrape.value('grpc_server_started_total', call('AddEvent'))).toBe(4);
    expect(scrape.value('grpc_server_handled_total', { ...call('AddEvent'), grpc_code: 'OK' })).toBe(4);
    expect(scrape.value('grpc_server_handled_total', { ...call('GetSession'), grpc_code: 'NotFound' })).toBe(
      1,
    );
    expect(scrape.value('grpc_server_handling_seconds_count', call('AddEvent'))).toBe(4);
    expect(scrape.value('grpc_server_msg_received_total', call('IngestEvents', 'bidi_stream'))).toBe(2);
    expect(scrape.value('grpc_server_msg_sent_total', call('IngestEvents', 'bidi_stream'))).toBe(2);
    expect(scrape.value('conversation_events_added_total')).toBe(4);
    expect(scrape.value('conversation_event_duplicates_total')).toBe(2);
    expect(scrape.value('conversation_store_operation_seconds_count', { operation: 'addEvents' })).toBe(6);
    const page = { method: 'GET', route: '/sessions/:sessionId', status_code: '200' };
    expect(scrape.value('http_request_duration_seconds_count', page)).toBe(1);
    expect(scrape.value('conversation_in_flight_requests')).toBe(0);
    expect(scrape.value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    expect(scrape.value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
  });

  test('counters exist from the start as 0, so that Prometheus sees the first increase', async () => {
    const { url } = await startService();
    const scrape = await Scrape.of(url);
    for (const method of [call('AddEvent'), call('WatchSession', 'server_stream')]) {
      expect(scrape.value('grpc_server_started_total', method)).toBe(0);
      for (const grpc_code of ['OK', 'Internal', 'Unavailable'])
        expect(scrape.value('grpc_server_handled_total', { ...method, grpc_code })).toBe(0);
    }
  });

  test.each(['embedded', 'mongodb'])(
    '%s: the work of the store is measured',
    async (store) => {
      const mongod = store === 'mongodb' ? await startReplicaSet() : undefined;
      try {
        const { port, url } = await startService(mongod === undefined ? {} : { MONGODB_URI: mongod.uri });
        const ready = () => Scrape.of(url).then((scrape) => scrape.value('conversation_store_ready'));
        await until('the store is ready', async () => ((await ready()) === 1 ? true : undefined));
        const client = connect(port);
        await client.createSession({ sessionId: 'call-1' });
        const watch = client.watchSession({ sessionId: 'call-1' }, 60_000);
        await watch.caughtUp();
        expect((await Scrape.of(url)).value('conversation_active_watches')).toBe(1);
        const batch = Array.from({ length: 10 }, (_, i) => ({ eventId: `event-${i}` }));
        await client.batchAddEvents({ sessionId: 'call-1', events: batch });
        const scrape = await Scrape.of(url);
        expect(scrape.value('conversation_group_commit_events_count')).toBe(1);
        expect(scrape.value('conversation_group_commit_events_sum')).toBe(10);
        watch.cancel();
        await until('the watch is over', async () =>
          (await Scrape.of(url)).value('conversation_active_watches') === 0 ? true : undefined,
        );
        await mongod?.stop();
        if (mongod !== undefined)
          await until('the store is lost', async () => ((await ready()) === 0 ? true : undefined), 20_000);
      } finally {
        await mongod?.stop();
      }
    },
    60_000,
  );

  test('two servers that write to one session count append conflicts', async () => {
    const mongod = await startReplicaSet();
    try {
      const servers = [
        await startService({ MONGODB_URI: mongod.uri }),
        await startService({ MONGODB_URI: mongod.uri }),
      ];
      const clients = servers.map(({ port }) => connect(port));
      await until('they serve', async () => {
        const outcomes = await outcomesOf(
          clients.map((client) => client.createSession({ sessionId: 'call-1' })),
        );
        return outcomes.every((outcome) => outcome === 'OK') ? true : undefined;
      });
      let sent = 0;
      const hasConflict = async () => {
        const scrapes = await Promise.all(servers.map(({ url }) => Scrape.of(url)));
        return scrapes.some((scrape) => (scrape.value('conversation_append_conflicts_total') ?? 0) > 0);
      };
      await until('a conflict is counted', async () => {
        const eventIds = clients.map(() => `event-${sent++}`);
        await Promise.all(
          clients.map((client, i) => client.addEvent({ sessionId: 'call-1', eventId: eventIds[i] ?? '' })),
        );
        return (await hasConflict()) ? true : undefined;
      });
    } finally {
      await mongod.stop();
    }
  }, 60_000);

  /** It exists only with TLS, which has its own tests. */
  const TLS_METRIC = 'conversation_certificate_expiry_timestamp_seconds';

  const METRIC_NAME = /\b(?:grpc_server|http_request|conversation|process|nodejs)_[a-z0-9_]+/g;

  interface AlertRule {
    readonly alert: string;
    readonly expr: string;
    readonly labels: { readonly severity: string };
    readonly annotations: { readonly summary: string };
  }

  /** The rules in deploy/alerts.yaml. */
  function alertRules(): AlertRule[] {
    const file = parse(readFileSync(join(packageRoot(), 'deploy', 'alerts.yaml'), 'utf8')) as {
      readonly groups: readonly { readonly rules: AlertRule[] }[];
    };
    return file.groups.flatMap(({ rules }) => rules);
  }

  /** The metrics in the tables of docs/metrics.md, each with its type: a row starts with the metric's name. */
  function documentedMetrics(text: string): Map<string, string> {
    const rows = text.matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) /gm);
    return new Map(Array.from(rows, ([, name = '', type = '']) => [name, type]));
  }

  test('docs/metrics.md lists every metric and its type, and no other; the dashboard and alerts use only these', async () => {
    const { port, url } = await startService();
    await connect(port).createSession({ sessionId: 'call-1' });
    await new HttpClient(url).get('/livez');
    const { names, text } = await Scrape.of(url);
    const types = Array.from(text.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, name = '', type = '']) => [
      name,
      type,
    ]);
    const documentation = readFileSync(join(packageRoot(), 'docs', 'metrics.md'), 'utf8');
    const documented = documentedMetrics(documentation);
    expect(names.size).toBeGreaterThan(40);
    expect(Object.fromEntries(documented)).toEqual({ ...Object.fromEntries(types), [TLS_METRIC]: 'gauge' });

    const dashboard = readFileSync(join(packageRoot(), 'deploy', 'grafana', 'dashboard.json'), 'utf8');
    const shown = dashboard.match(METRIC_NAME) ?? [];
    expect(shown.length).toBeGreaterThan(20);
    const watched = alertRules().flatMap(({ expr }) => expr.match(METRIC_NAME) ?? []);
    expect(watched.length).toBeGreaterThan(10);
    const used = new Set([...shown, ...watched, ...(documentation.match(METRIC_NAME) ?? [])]);
    const unknown = [...used].filter((name) => !documented.has(name.replace(/_(bucket|sum|count)$/, '')));
    expect(unknown).toEqual([]);
    expect(text).not.toContain('call-1');
  });

  test('docs/metrics.md explains every alert of deploy/alerts.yaml, by severity, and no other', () => {
    const documentation = readFileSync(join(packageRoot(), 'docs', 'metrics.md'), 'utf8');
    const [, page = '', ticket = ''] =
      /^### Page on$(.*?)^### Review during working hours$(.*?)^## /ms.exec(documentation) ?? [];
    const explained = (section: string) => Array.from(section.matchAll(/^\| `(\w+)` /gm), ([, name]) => name);
    const rules = alertRules();
    const named = (severity: string) =>
      rules.filter(({ labels }) => labels.severity === severity).map(({ alert }) => alert);
    expect(rules.length).toBeGreaterThan(0);
    expect(explained(page)).toEqual(named('page'));
    expect(explained(ticket)).toEqual(named('ticket'));
    for (const { annotations } of rules) expect(annotations.summary).toMatch(/\.$/);
  });
});
