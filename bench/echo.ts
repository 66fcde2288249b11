import { join } from 'node:path';
import { figuresOf, ratioOf } from './figures';
import type { JobResult } from './job';
import type { LoadGenerator } from './load-generator';
import { type Load, SESSIONS, unitBeside, type Work } from './operations';
import { type Row, tableRow } from './report';
import { ServerProcess } from './server-process';
import { warmUp } from './warm-up';

/** Before each measurement, for the connection, in milliseconds. */
const SETTLE_MS = 100;

/** One message from so many callers: all its measurements. */
interface Echoed {
  readonly load: Load;
  readonly measurements: JobResult[][];
  peakMiB: number | undefined;
}

/** An echo that is measured in turn with a load. */
export interface EchoBeside {
  measure(measureMs: number): Promise<void>;
  /** CPU of one event, or page, in microseconds. */
  micros(): number | null;
}

/** The bare grpc-js server, and what it was measured to cost. */
export class Echo {
  private readonly echoed = new Map<string, Echoed>();

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

  /** Begins a measurement of the echo of a load's own messages, from as many callers. */
  beside(load: Load): EchoBeside {
    const echoed = this.echoedOf(load);
    const windows: JobResult[] = [];
    echoed.measurements.push(windows);
    return {
      measure: async (measureMs) => {
        const { done, peakMiB } = await this.server.withPeak(() =>
          this.run({ ...load, warmUpMs: SETTLE_MS, measureMs }),
        );
        windows.push(done);
        if (peakMiB !== undefined) echoed.peakMiB = Math.max(peakMiB, echoed.peakMiB ?? 0);
      },
      micros: () => figuresOf(windows).serverMicros,
    };
  }

  /** Each message's measurements together. */
  rows(): Row[] {
    return [...this.echoed.values()].map(({ load, measurements, peakMiB }) => {
      const figures = figuresOf(measurements.flat());
      const unit = figuresOf(this.echoedOf(unitBeside(load)).measurements.flat()).serverMicros;
      const unitRatio = ratioOf(figures.serverMicros, unit);
      const measured = { ...figures, echoRatio: 1, unitRatio, mongodRatio: null };
      return tableRow(`echo of ${load.call}`, 'none', load.callers, measured, peakMiB);
    });
  }

  /** How far the measurements of the unit by many lie apart: the highest over the lowest, less 1. */
  spread(): number | null {
    const micros = [...this.echoed.values()]
      .filter(({ load }) => load.call === 'AddEvent' && load.callers > 1)
      .flatMap(({ measurements }) => measurements.map((windows) => figuresOf(windows).serverMicros))
      .filter((one) => one !== null);
    return micros.length === 0 ? null : Math.max(...micros) / Math.min(...micros) - 1;
  }

  private echoedOf(load: Load): Echoed {
    const name = `${load.call} ${load.callers}`;
    const echoed = this.echoed.get(name) ?? { load, measurements: [], peakMiB: undefined };
    this.echoed.set(name, echoed);
    return echoed;
  }

  private run(work: Work): Promise<JobResult> {
    const { pid, port } = this.server;
    const sessions = Array.from({ length: SESSIONS }, (_, index) => ({
      sessionId: `echoed-call-${String(index).padStart(4, '0')}`,
      stored: 0,
    }));
    // No event is stored, so none can be repeated.
    const job = { ...work, repeat: false, port, sessions, serverPid: pid, mongodPid: undefined };
    return this.generator.run(job);
  }
}
