import type { FlatnessRow } from './flatness';
import { FEW } from './many-sessions';
import { PAGE, STREAM_IN_FLIGHT } from './operations';
import type { Report, Row } from './report';
import { formatPercent, formatFigure, textTable } from './text-table';

/** Each ratio follows its figure. */
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
    `Ratio of a session of ${withThousands(longSession.events)} events to sessions of 100 (32 callers on one session, measured alternately):`,
    '',
    flatnessTable(longSession.rows),
    '',
    ...(manySessions === null
      ? []
      : [
          `Ratio of a store of ${withThousands(manySessions.sessions)} sessions to one of ${FEW} (32 callers on sessions from the whole store, measured alternately):`,
          '',
          flatnessTable(manySessions.rows),
          '',
        ]),
    `Idle memory of a server after its start: ${Object.entries(idleMiB)
      .map(([store, mib]) => `${store} ${formatFigure(mib, 0)} MiB`)
      .join(', ')}`,
    '',
  ].join('\n');
}

function cellsOf(row: Row): string[] {
  return [
    row.operation,
    row.store,
    String(row.callers),
    formatFigure(row.perSecond, 0),
    formatFigure(row.p50Ms, 2),
    formatFigure(row.p95Ms, 2),
    formatFigure(row.p99Ms, 2),
    formatFigure(row.serverMicros, 1),
    formatFigure(row.echoRatio, 2),
    formatFigure(row.unitRatio, 2),
    formatFigure(row.mongodMicros, 1),
    formatFigure(row.mongodRatio, 2),
    formatFigure(row.peakMiB, 0),
    formatPercent(row.waited),
  ];
}

function notes({ peaksAreOfRows, echoSpread }: Report): string[] {
  return [
    `per s, µs: per event; for GetSession, per page of ${PAGE} events. µs: CPU. ms: latency of a call; a batch is one call.`,
    `Each ratio refers to the figure before it. IngestEvents: one stream with ${STREAM_IN_FLIGHT} events in flight.`,
    '/echo: CPU divided by that of a bare grpc-js server without a store, for the same messages from as many callers.',
    '/unit: CPU divided by that of the same server for one AddEvent, to compare rows (for the stream: from 32 callers).',
    'The echo is measured alternately with each row; its own rows summarise all of these measurements. Both servers are',
    'warm: a single process each for all rows, which ran every load before the first row.',
    peaksAreOfRows
      ? 'peak MiB: maximum resident memory of the server during the row, including what earlier rows left and, with the'
      : 'peak MiB: maximum resident memory of the server since its start (this system cannot reset it) including, with the',
    'embedded store, the mapped part of its file, which the system reclaims when it needs memory.',
    'All sessions were read back: the stored events are those acknowledged, with the sequences 1, 2, 3 … and no gap.',
    'waited: share of time in which the server was runnable but another process used its core. Far above 5 %, or with an',
    `echo that varies a lot, the machine was disturbed and the figures are unreliable. Variation of the echo: ${formatPercent(echoSpread)}.`,
  ];
}

function flatnessTable(rows: readonly FlatnessRow[]): string {
  return textTable(
    ['operation', 'store', 'server CPU', 'mongod CPU', 'p50'],
    rows.map((row) => [
      row.operation,
      row.store,
      formatFigure(row.serverRatio, 2),
      formatFigure(row.mongodRatio, 2),
      formatFigure(row.p50Ratio, 2),
    ]),
    2,
  );
}

function withThousands(figure: number): string {
  return figure.toLocaleString('en-GB');
}
