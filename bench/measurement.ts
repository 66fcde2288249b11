import type { Job, JobResult } from './job';
import { type CpuUsage, cpuUsage, cpuMicrosBetween, waitMicrosBetween } from './process-usage';
import type { EncodedRequest } from './requests';

/** CPU usage of the server and of mongod at the start or the end of the window. */
interface CpuSnapshot {
  readonly at: number;
  readonly server: CpuUsage;
  readonly mongod: CpuUsage;
}

/** Counts the replies of a job, and measures CPU and latencies in the window after the warm-up. */
export class Measurement {
  private readonly latencies: number[] = [];
  private readonly acknowledged: number[];
  private readonly beginAt: number;
  private readonly endAt: number;
  private units = 0;
  private begin: CpuSnapshot | undefined;
  private end: CpuSnapshot | undefined;
  private reply: Uint8Array = new Uint8Array();

  constructor(private readonly job: Job) {
    this.acknowledged = job.sessions.map(() => 0);
    this.beginAt = performance.now() + job.warmUpMs;
    this.endAt = job.upTo > 0 ? Infinity : this.beginAt + job.measureMs;
    if (job.warmUpMs === 0) this.begin = this.takeSnapshot();
  }

  /** True if no more requests should be sent. */
  get isOver(): boolean {
    return this.end !== undefined;
  }

  recordReply(request: EncodedRequest, sentAt: number, reply: Uint8Array): void {
    const now = performance.now();
    this.acknowledged[request.session] = (this.acknowledged[request.session] ?? 0) + request.newEvents;
    this.reply = reply;
    if (this.begin !== undefined && this.end === undefined) {
      this.units += request.units;
      this.latencies.push(now - sentAt);
      if (now >= this.endAt) this.end = this.takeSnapshot();
    } else if (this.begin === undefined && now >= this.beginAt) {
      this.begin = this.takeSnapshot();
    }
  }

  result(): JobResult {
    const end = this.end ?? this.takeSnapshot();
    const begin = this.begin ?? end;
    return {
      windowMs: end.at - begin.at,
      units: this.units,
      latencies: Float64Array.from(this.latencies).sort(),
      serverMicros: cpuMicrosBetween(begin.server, end.server),
      mongodMicros: cpuMicrosBetween(begin.mongod, end.mongod),
      waitedMicros: waitMicrosBetween(this.job.serverPid, begin.server, end.server),
      acknowledged: this.acknowledged,
      reply: this.reply,
    };
  }

  private takeSnapshot(): CpuSnapshot {
    const { serverPid, mongodPid } = this.job;
    return {
      at: performance.now(),
      server: cpuUsage(serverPid),
      mongod: mongodPid === undefined ? undefined : cpuUsage(mongodPid),
    };
  }
}
