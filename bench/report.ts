import { readFileSync } from 'node:fs';
import type { Figures } from './figures';
import type { FlatnessRow } from './flatness';

/** One row of the table. A figure is null if the system does not report it. */
export interface Row extends Figures {
  readonly operation: string;
  readonly store: string;
  readonly callers: number;
  /** The server's CPU as a ratio to the echo of the same messages. */
  readonly echoRatio: number | null;
  /** CPU of the server and of mongod as a ratio to the echo of one AddEvent. */
  readonly unitRatio: number | null;
  readonly mongodRatio: number | null;
  readonly peakMiB: number | null;
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
  /** The echo's highest CPU divided by its lowest, minus 1. Like `waited`, it shows how much the machine was disturbed. */
  readonly echoSpread: number | null;
  readonly rows: readonly Row[];
  /** Whether `peakMiB` covers only the row; if the system cannot reset it, it covers the time since the server's start. */
  readonly peaksAreOfRows: boolean;
  readonly longSession: { readonly events: number; readonly rows: readonly FlatnessRow[] };
  /** Null if not measured. */
  readonly manySessions: { readonly sessions: number; readonly rows: readonly FlatnessRow[] } | null;
  /** Memory of a server after its start, by store, in MiB. */
  readonly idleMiB: Readonly<Record<string, number | null>>;
}

/** The figures that a comparison of two runs shows. */
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

/** Reads the rows of a report file. @throws if the file is not a report */
export function readRows(path: string): ComparedRow[] {
  const report: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isObject(report) || !Array.isArray(report.rows))
    throw new Error(`${path} is not a report of this benchmark`);
  return report.rows.map((row: unknown) => {
    if (!isObject(row)) throw new Error(`${path} has a row that is not an object`);
    const figure = (name: string): number => {
      const value = row[name];
      if (typeof value !== 'number') throw new Error(`${path} has a row without a number for ${name}`);
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
