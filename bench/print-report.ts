import type { FlatnessRow } from './flatness';
import { FEW } from './many-sessions';
import { PAGE, STREAM_IN_FLIGHT } from './operations';
import type { Report, Row } from './report';
import { percent, shown, textTable } from './text-table';

/** Each ratio stands after the figure that it is of. */
const HEAD = [
  ...['operation', 'store', 'callers', 'per s', 'p50 ms', 'p95 ms', 'p99 ms'],
  ...['server µs', '/echo', '/unit', 'mongod µs', '/unit', 'peak MiB', 'waited'],
];

export function reportText(report: Report): string {
  const { machine, rows, longSession, manySessions, idleMiB } = report;
  return [
    machine,
    '',
    textTable(HEAD, rows.map(cellsOf), 2),
    '',
    ...notes(report),
    '',
    `A session of ${whole(longSession.events)} events over sessions of 100 (32 callers on one session, in turn):`,
    '',
    flatnessTable(longSession.rows),
    '',
    ...(manySessions === null
      ? []
      : [
          `A store of ${whole(manySessions.sessions)} sessions over one of ${FEW} (32 callers on sessions from all over it, in turn):`,
          '',
          flatnessTable(manySessions.rows),
          '',
        ]),
    `Idle memory of a fresh server: ${Object.entries(idleMiB)
      .map(([store, mib]) => `${store} ${shown(mib, 0)} MiB`)
      .join(', ')}`,
    '',
  ].join('\n');
}

function cellsOf(row: Row): string[] {
  return [
    row.operation,
    row.store,
    String(row.callers),
    shown(row.perSecond, 0),
    shown(row.p50Ms, 2),
    shown(row.p95Ms, 2),
    shown(row.p99Ms, 2),
    shown(row.serverMicros, 1),
    shown(row.echoRatio, 2),
    shown(row.unitRatio, 2),
    shown(row.mongodMicros, 1),
    shown(row.mongodRatio, 2),
    shown(row.peakMiB, 0),
    percent(row.waited),
  ];
}

function notes({ peaksAreOfRows, echoSpread }: Report): string[] {
  return [
    `per s, µs: events; of GetSession pages of ${PAGE}. µs: CPU for each. ms: of a call; a batch is one call.`,
    `Each ratio is of the figure before it. IngestEvents: one stream, with ${STREAM_IN_FLIGHT} events unanswered.`,
    '/echo: the CPU over what a bare grpc-js server with no store spends on the same messages from as many callers.',
    '/unit: the CPU over what that server spends on one AddEvent, so that rows compare (for the stream: from 32 callers).',
    'The echo is measured in turn with each row; its own rows are all of that together. Both servers are warm: one process',
    'each for all rows, which had every load before the first row.',
    peaksAreOfRows
      ? 'peak MiB: the most that the server had during the row, with what earlier rows left in it and, of the embedded store,'
      : 'peak MiB: the most that the server had since its start (this system does not set it back) and, of the embedded store,',
    'what is mapped of its file, which the system takes back at need.',
    'All sessions were read back: what was acknowledged is what is stored, 1, 2, 3 … without a gap.',
    'waited: the share of the time for which the server had work, and another process its core: far over 5 % is a',
    `disturbed machine, and its figures are worth little. So is an echo that differs: between the rows by ${percent(echoSpread)}.`,
  ];
}

function flatnessTable(rows: readonly FlatnessRow[]): string {
  return textTable(
    ['operation', 'store', 'server CPU', 'mongod CPU', 'p50'],
    rows.map((row) => [
      row.operation,
      row.store,
      shown(row.serverRatio, 2),
      shown(row.mongodRatio, 2),
      shown(row.p50Ratio, 2),
    ]),
    2,
  );
}

function whole(figure: number): string {
  return figure.toLocaleString('en-GB');
}
