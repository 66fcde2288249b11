import { readFileSync } from 'node:fs';
import type { FlatnessRow } from './flatness';

/** One line of the table. Figures are null where the system does not tell them. */
export interface Row {
  readonly operation: string;
  readonly store: string;
  readonly callers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** CPU for each event. */
  readonly serverMicros: number | null;
  readonly mongodMicros: number | null;
  /** The server's CPU as a ratio to the echo of the same messages. */
  readonly echoRatio: number | null;
  /** The server's and mongod's as a ratio to the echo of one AddEvent. */
  readonly unitRatio: number | null;
  readonly mongodRatio: number | null;
  readonly peakMiB: number | null;
  /** Share of the time for which the server's event loop had work, and another process its core. */
  readonly waited: number | null;
}

export function tableRow(
  operation: string,
  store: string,
  callers: number,
  measured: Omit<Row, 'operation' | 'store' | 'callers' | 'peakMiB'>,
  peakMiB: number | undefined,
): Row {
  const { perSecond, p50Ms, p95Ms, p99Ms, serverMicros, mongodMicros, waited } = measured;
  const { echoRatio, unitRatio, mongodRatio } = measured;
  return {
    ...{ operation, store, callers, perSecond, p50Ms, p95Ms, p99Ms },
    ...{ serverMicros, echoRatio, unitRatio, mongodMicros, mongodRatio, peakMiB: peakMiB ?? null, waited },
  };
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  /** The highest CPU of the echo's measurements over the lowest, less 1: with `waited`, how much others disturbed the machine. */
  readonly echoSpread: number | null;
  readonly rows: readonly Row[];
  /** Whether `peakMiB` is of the row's own time; where the system does not let it, since the server's start. */
  readonly peaksAreOfRows: boolean;
  readonly longSession: { readonly events: number; readonly rows: readonly FlatnessRow[] };
  /** Null where it was not asked for. */
  readonly manySessions: { readonly sessions: number; readonly rows: readonly FlatnessRow[] } | null;
  /** Memory of a server that has just started, by store, in MiB. */
  readonly idleMiB: Readonly<Record<string, number | null>>;
}

/** What two runs are compared by. */
export const COMPARED = [
  'perSecond',
  'p50Ms',
  'p99Ms',
  'echoRatio',
  'unitRatio',
  'mongodRatio',
  'peakMiB',
] as const;

export type Compared = (typeof COMPARED)[number];
export type ComparedRow = Pick<Row, 'operation' | 'store' | 'callers' | Compared>;

/** The rows of a report's file. @throws where it is none */
export function readRows(path: string): ComparedRow[] {
  const report: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isObject(report) || !Array.isArray(report.rows)) throw new Error(`${path} is no report of this bench`);
  return report.rows.map((row: unknown) => {
    if (!isObject(row)) throw new Error(`${path} has a row that is no object`);
    const figure = (name: string): number => {
      const value = row[name];
      if (typeof value !== 'number') throw new Error(`${path} has a row without a figure for ${name}`);
      return value;
    };
    const figureOrNull = (name: string): number | null => (row[name] === null ? null : figure(name));
    return {
      operation: String(row.operation),
      store: String(row.store),
      callers: figure('callers'),
      perSecond: figure('perSecond'),
      p50Ms: figure('p50Ms'),
      p99Ms: figure('p99Ms'),
      echoRatio: figureOrNull('echoRatio'),
      unitRatio: figureOrNull('unitRatio'),
      mongodRatio: figureOrNull('mongodRatio'),
      peakMiB: figureOrNull('peakMiB'),
    };
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
