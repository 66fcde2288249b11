import type { Report } from './report';
import { shown, textTable } from './text-table';

const HEAD = [
  ...['operation', 'store', 'callers', 'per second', 'p50 ms', 'p95 ms', 'p99 ms'],
  ...['server µs', 'mongod µs', 'peak MiB', 'server/echo', 'mongod/echo', 'own echo', 'waited'],
];

const NOTES = [
  'per second, µs: events; of GetSession pages of 50. µs: CPU for each. ms: of a call; a batch is one call.',
  '/echo: that CPU over what a bare grpc-js server with no store spends on one AddEvent of the same bytes, measured in',
  'turn with it and with as many callers (for the stream with 32). The other echoes are in that unit too.',
  'own echo: the same over an echo of the very messages of the line.',
  'peak MiB: the most that the server had in the line, embedded with the pages of its file that the system has mapped;',
  'one server, warm, for all lines of a store.',
  'After each operation the sessions were read back: what was acknowledged is what is stored, 1, 2, 3 … without a gap.',
];

export function reportText(report: Report): string {
  const { machine, echoSpread, rows, longSessionEvents, flatness, idleMiB } = report;
  return [
    machine,
    '',
    textTable(
      HEAD,
      rows.map((row) => [
        row.operation,
        row.store,
        String(row.callers),
        shown(row.perSecond, 0),
        shown(row.p50Ms, 2),
        shown(row.p95Ms, 2),
        shown(row.p99Ms, 2),
        shown(row.serverMicros, 1),
        shown(row.mongodMicros, 1),
        shown(row.peakMiB, 0),
        shown(row.serverRatio, 2),
        shown(row.mongodRatio, 2),
        shown(row.ownRatio, 2),
        percent(row.waited),
      ]),
      2,
    ),
    '',
    ...NOTES,
    'waited: the share of the time for which the server had work, and another process its core: far over 5 % is a',
    `disturbed machine, and its figures are worth little. So is an echo that differs: between the lines by ${percent(echoSpread)}.`,
    '',
    `A session of ${longSessionEvents.toLocaleString('en-GB')} events against sessions of 100 (32 callers on one session, in turn):`,
    '',
    textTable(
      ['operation', 'store', 'server CPU', 'mongod CPU', 'p50'],
      flatness.map((row) => [
        row.operation,
        row.store,
        shown(row.serverRatio, 2),
        shown(row.mongodRatio, 2),
        shown(row.p50Ratio, 2),
      ]),
      2,
    ),
    '',
    `Idle memory of a fresh server: ${Object.entries(idleMiB)
      .map(([store, mib]) => `${store} ${shown(mib, 0)} MiB`)
      .join(', ')}`,
    '',
  ].join('\n');
}

function percent(share: number | null): string {
  return share === null ? '-' : `${shown(share * 100, 0)} %`;
}
