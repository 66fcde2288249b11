import { join } from 'node:path';
import { figuresOf, ratioOf } from './figures';
import type { JobResult } from './job';
import type { LoadGenerator } from './load-generator';
import { type Load, SESSIONS, unitLoadFor, type Work } from './operations';
import { type Row, tableRow } from './report';
import { ServerProcess } from './server-process';
import { warmUp } from './warm-up';

/** Warm-up of the connection before each measurement, in milliseconds. */
const SETTLE_MS = 100;

/** All measurements of one load on the echo server. */
interface EchoedLoad {
  readonly load: Load;
  readonly measurements: JobResult[][];
  peakMiB: number | undefined;
}

/** A measurement of the echo server, in windows that alternate with those of a load. */
export interface EchoMeasurement {
  measure(measureMs: number): Promise<void>;
  /** CPU per event or page, in microseconds. */
  serverMicros(): number | null;
}

/** The bare grpc-js server and its measurements. */
export class Echo {
  private readonly echoedLoads = new Map<string, EchoedLoad>();

  private constructor(
    readonly server: ServerProcess,
    private readonly generator: LoadGenerator,
  ) {}

  static async start(serverPrefix: readonly string[], generator: LoadGenerator): Promise<Echo> {
    const command = [...serverPrefix, process.execPath, '--import', 'tsx', join(__dirname, 'echo-server.ts')];
    const echo = new Echo(await ServerProcess.start(command, {}), generator);
    await warmUp((work) => echo.run(work));
    return echo;
  }

  /** Starts a measurement with the load's messages and number of callers. */
  startMeasurement(load: Load): EchoMeasurement {
    const echoed = this.echoedLoad(load);
    const windows: JobResult[] = [];
    echoed.measurements.push(windows);
    return {
      measure: async (measureMs) => {
        const { result, peakMiB } = await this.server.withPeakMemory(() =>
          this.run({ ...load, warmUpMs: SETTLE_MS, measureMs }),
        );
        windows.push(result);
        if (peakMiB !== undefined) echoed.peakMiB = Math.max(peakMiB, echoed.peakMiB ?? 0);
      },
      serverMicros: () => figuresOf(windows).serverMicros,
    };
  }

  /** One row per load, over all its measurements. */
  rows(): Row[] {
    return [...this.echoedLoads.values()].map(({ load, measurements, peakMiB }) => {
      const figures = figuresOf(measurements.flat());
      const unit = figuresOf(this.echoedLoad(unitLoadFor(load)).measurements.flat()).serverMicros;
      const unitRatio = ratioOf(figures.serverMicros, unit);
      const measured = { ...figures, echoRatio: 1, unitRatio, mongodRatio: null };
      return tableRow(`echo of ${load.call}`, 'none', load.callers, measured, peakMiB);
    });
  }

  /** Spread of the measurements of AddEvent from many callers: the highest divided by the lowest, minus 1. */
  spread(): number | null {
    const micros = [...this.echoedLoads.values()]
      .filter(({ load }) => load.call === 'AddEvent' && load.callers > 1)
      .flatMap(({ measurements }) => measurements.map((windows) => figuresOf(windows).serverMicros))
      .filter((value) => value !== null);
    return micros.length === 0 ? null : Math.max(...micros) / Math.min(...micros) - 1;
  }

  private echoedLoad(load: Load): EchoedLoad {
    const key = `${load.call} ${load.callers}`;
    const echoedLoad = this.echoedLoads.get(key) ?? { load, measurements: [], peakMiB: undefined };
    this.echoedLoads.set(key, echoedLoad);
    return echoedLoad;
  }

  private run(work: Work): Promise<JobResult> {
    const { pid, port } = this.server;
    const sessions = Array.from({ length: SESSIONS }, (_, index) => ({
      sessionId: `echoed-call-${String(index).padStart(4, '0')}`,
      stored: 0,
    }));
    // The echo server stores no events, so there are none to resend.
    const job = { ...work, resend: false, port, sessions, serverPid: pid, mongodPid: undefined };
    return this.generator.run(job);
  }
}
