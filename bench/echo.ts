import { join } from 'node:path';
import { figuresOf, ratioOf } from './figures';
import type { Job, JobResult } from './job';
import type { LoadGenerator } from './load-generator';
import { ECHO_UNIT, SESSIONS, type Work } from './operations';
import { ServerProcess } from './server-process';

/** Callers of the unit, but for loads of one caller. */
const MANY = 32;

/** The bare grpc-js server, and what it was measured to cost. */
export class Echo {
  /** Each measurement of the unit, by its number of callers. */
  private readonly units = new Map<number, JobResult[][]>();
  /** Echoes of other messages in the unit. */
  private readonly ratios = new Map<Job['call'], number | null>([['AddEvent', 1]]);

  private constructor(
    readonly server: ServerProcess,
    private readonly generator: LoadGenerator,
  ) {}

  static async start(serverPrefix: readonly string[], generator: LoadGenerator): Promise<Echo> {
    const command = [...serverPrefix, process.execPath, '--import', 'tsx', join(__dirname, 'echo-server.ts')];
    const echo = new Echo(await ServerProcess.start(command, {}), generator);
    await echo.run({ ...ECHO_UNIT, inFlight: MANY, measureMs: 2000 });
    return echo;
  }

  run(work: Work): Promise<JobResult> {
    const { pid, port } = this.server;
    const sessions = Array.from({ length: SESSIONS }, (_, index) => ({
      sessionId: `echoed-${String(index).padStart(2, '0')}`,
      stored: 0,
    }));
    return this.generator.run({ ...work, port, sessions, serverPid: pid, mongodPid: undefined });
  }

  /** Begins a measurement of the unit: one caller beside a load of one, many beside any other. */
  unitBeside({ inFlight }: Work): UnitBeside {
    const callers = inFlight === 1 ? 1 : MANY;
    const windows: JobResult[] = [];
    this.units.set(callers, [...(this.units.get(callers) ?? []), windows]);
    return {
      measure: async (measureMs) => {
        windows.push(await this.run({ ...ECHO_UNIT, inFlight: callers, measureMs }));
      },
      micros: () => figuresOf(windows).serverMicros,
    };
  }

  /** All measurements of the unit together, by its number of callers. */
  unitRows(): { readonly callers: number; readonly windows: JobResult[] }[] {
    return [...this.units].map(([callers, measured]) => ({ callers, windows: measured.flat() }));
  }

  /** Takes down what an echo of other messages costs in the unit. */
  setRatio(call: Job['call'], ratio: number | null): void {
    this.ratios.set(call, ratio);
  }

  /** A ratio to the unit as one to the echo of this call's messages; null where it has none. */
  ratioToOwn(call: Job['call'], ratio: number | null): number | null {
    return ratioOf(ratio, this.ratios.get(call));
  }

  /** How far the measurements of the unit by many lie apart: the highest over the lowest, less 1. */
  spread(): number | null {
    const micros = (this.units.get(MANY) ?? [])
      .map((windows) => figuresOf(windows).serverMicros)
      .filter((one) => one !== null);
    return micros.length === 0 ? null : Math.max(...micros) / Math.min(...micros) - 1;
  }
}

/** The unit, measured in turn with a load. */
export interface UnitBeside {
  measure(measureMs: number): Promise<void>;
  /** CPU of one AddEvent in microseconds. */
  micros(): number | null;
}
