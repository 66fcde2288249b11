import type { JobResult } from './job';

/** Figures over one or more windows of the same load. */
export interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** CPU per event or page; null if the system does not report it. */
  readonly serverMicros: number | null;
  readonly mongodMicros: number | null;
  /** Share of time in which the server's event loop was runnable but another process used its core. */
  readonly waited: number | null;
}

export function figuresOf(windows: readonly JobResult[]): Figures {
  const windowMs = sum(windows.map((window) => window.windowMs));
  const units = sum(windows.map((window) => window.units));
  const latencies = Float64Array.from(windows.flatMap((window) => [...window.latencies])).sort();
  const percentile = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  return {
    perSecond: units / (windowMs / 1000),
    p50Ms: percentile(0.5),
    p95Ms: percentile(0.95),
    p99Ms: percentile(0.99),
    serverMicros: perUnit(
      windows.map(({ serverMicros }) => serverMicros),
      units,
    ),
    mongodMicros: perUnit(
      windows.map(({ mongodMicros }) => mongodMicros),
      units,
    ),
    waited: perUnit(
      windows.map(({ waitedMicros }) => waitedMicros),
      windowMs * 1000,
    ),
  };
}

/** Null if either value is unknown. */
export function ratioOf(figure: number | null | undefined, unit: number | null | undefined): number | null {
  return figure == null || unit == null ? null : figure / unit;
}

function perUnit(micros: readonly (number | undefined)[], units: number): number | null {
  const known = micros.filter((value) => value !== undefined);
  return known.length < micros.length ? null : sum(known) / units;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
