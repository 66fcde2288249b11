import type { Job, JobResult } from './job';
import { type CpuUse, cpuUse, ranBetween, waitedBetween } from './process-usage';
import type { EncodedRequest } from './requests';

/** CPU of a server and its mongod at one end of the window. */
interface Cpu {
  readonly at: number;
  readonly server: CpuUse;
  readonly mongod: CpuUse;
}

/** Counts the replies of a job, and measures between the warm-up and the end. */
export class Measurement {
  private readonly latencies: number[] = [];
  private readonly acknowledged: number[];
  private readonly beginAt: number;
  private readonly endAt: number;
  private units = 0;
  private begin: Cpu | undefined;
  private end: Cpu | undefined;
  private reply: Uint8Array = new Uint8Array();

  constructor(private readonly job: Job) {
    this.acknowledged = job.sessions.map(() => 0);
    this.beginAt = performance.now() + job.warmUpMs;
    this.endAt = job.upTo > 0 ? Infinity : this.beginAt + job.measureMs;
    if (job.warmUpMs === 0) this.begin = this.cpu();
  }

  /** Whether no more is to be sent. */
  get isOver(): boolean {
    return this.end !== undefined;
  }

  answered(request: EncodedRequest, sentAt: number, reply: Uint8Array): void {
    const now = performance.now();
    this.acknowledged[request.session] = (this.acknowledged[request.session] ?? 0) + request.newEvents;
    this.reply = reply;
    if (this.begin !== undefined && this.end === undefined) {
      this.units += request.units;
      this.latencies.push(now - sentAt);
      if (now >= this.endAt) this.end = this.cpu();
    } else if (this.begin === undefined && now >= this.beginAt) {
      this.begin = this.cpu();
    }
  }

  result(): JobResult {
    const end = this.end ?? this.cpu();
    const begin = this.begin ?? end;
    return {
      windowMs: end.at - begin.at,
      units: this.units,
      latencies: Float64Array.from(this.latencies).sort(),
      serverMicros: ranBetween(begin.server, end.server),
      mongodMicros: ranBetween(begin.mongod, end.mongod),
      waitedMicros: waitedBetween(this.job.serverPid, begin.server, end.server),
      acknowledged: this.acknowledged,
      reply: this.reply,
    };
  }

  private cpu(): Cpu {
    const { serverPid, mongodPid } = this.job;
    return {
      at: performance.now(),
      server: cpuUse(serverPid),
      mongod: mongodPid === undefined ? undefined : cpuUse(mongodPid),
    };
  }
}
